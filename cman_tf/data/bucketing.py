"""Which sentences make up each batch, without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LENGTH_STEP = 4  # batch lengths are rounded up to a multiple of this, so that few shapes are compiled
BATCH_TOKENS = 2048  # tokens in a decoding batch: the matrix products are large, padding and memory stay small


def batch_order(
    lengths: Sequence[int], batch_size: int, seed: int, epoch: int, kind: str = "length"
) -> list[NDArray[Any]]:
    """Choose the batches of one epoch of training.

    The result depends on the arguments only, so that a resumed run sees the batches that it would have seen.

    Args:
      lengths: number of tokens of each sentence.
      batch_size: sentences in a batch; the last batch may be smaller.
      seed: the run's seed.
      epoch: the epoch, counted from 1.
      kind: `length` sorts the sentences by length with some noise, cuts them into batches and shuffles the batches;
        `file` keeps the order of the file.

    Returns:
      For each batch the positions of its sentences, int64 [sentences].
    """
    random = np.random.default_rng([seed, epoch])
    noisy = np.asarray(lengths) + random.uniform(0.0, LENGTH_STEP / 2, len(lengths))
    order = np.arange(len(lengths)) if kind == "file" else np.argsort(noisy, kind="stable")
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    return batches if kind == "file" else [batches[number] for number in random.permutation(len(batches))]


def order_by_length(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Group sentences into batches for decoding, in order of length.

    Args:
      lengths: number of tokens of each sentence.
      tokens: the most tokens in a batch, padding included. A longer sentence is a batch of its own.

    Returns:
      For each batch the positions of its sentences.
    """
    batches: list[list[int]] = []
    for row in np.argsort(lengths, kind="stable").tolist():
        if not batches or (len(batches[-1]) + 1) * lengths[row] > tokens:
            batches.append([])
        batches[-1].append(row)
    return batches
