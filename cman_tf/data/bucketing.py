"""Which sentences make up each batch, without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LENGTH_STEP = 4  # lengths are rounded up to this, so that few shapes are compiled
BATCH_TOKENS = 2048  # of a batch in decoding: enough for large products, little padding, little memory


def batch_order(
    lengths: Sequence[int], batch_size: int, seed: int, epoch: int, kind: str = "length"
) -> list[np.ndarray]:
    """The batches of an epoch of training, by seed and epoch alone.

    `length`: sentences are sorted by length with some noise, cut into batches, and the
    batches are shuffled, the smaller last one with them. `file`: the file's order.
    """
    random = np.random.default_rng([seed, epoch])
    noisy = np.asarray(lengths) + random.uniform(0.0, LENGTH_STEP / 2, len(lengths))
    order = np.arange(len(lengths)) if kind == "file" else np.argsort(noisy, kind="stable")
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    return batches if kind == "file" else [batches[number] for number in random.permutation(len(batches))]


def order_by_length(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Batches in order of length, each of at most `tokens` tokens, padding included, or
    of one longer sentence: for decoding."""
    batches: list[list[int]] = []
    for row in np.argsort(lengths, kind="stable").tolist():
        if not batches or (len(batches[-1]) + 1) * lengths[row] > tokens:
            batches.append([])
        batches[-1].append(row)
    return batches
