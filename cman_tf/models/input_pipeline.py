"""The input pipeline: batches as tensors, prepared while the model computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cman_tf.data.batches import Example, make_batch
from cman_tf.data.bucketing import LENGTH_STEP
from cman_tf.models.base import BatchLayout


def make_dataset(
    examples: Sequence[Example],
    order: Sequence[Sequence[int] | NDArray[Any]],
    layout: BatchLayout,
    step: int = LENGTH_STEP,
) -> tf.data.Dataset:
    """Make a `tf.data.Dataset` that pads and prefetches batches.

    Args:
      examples: the sentences of a corpus.
      order: for each batch the positions of its sentences in `examples`.
      layout: the batch layout of the model.
      step: the length of a batch is rounded up to a multiple of this.
    """

    def generate() -> Iterator[dict[str, np.ndarray]]:
        for rows in order:
            yield make_batch([examples[row] for row in rows], layout.features, step)

    return prefetch(generate, layout.signature())


def prefetch(generate: Callable[[], Iterator[Any]], signature: Any) -> tf.data.Dataset:
    """Make a dataset of what a generator yields, with four elements made ahead.

    Args:
      generate: starts the generator.
      signature: the `tf.TensorSpec` of each tensor of an element.
    """
    options = tf.data.Options()
    # The autotuner sleeps 10 ms, 20 ms, 40 ms, ..., and the end of an epoch waits until it wakes, which can take as
    # long as the epoch did. There is nothing to tune here.
    options.autotune.enabled = False
    dataset = tf.data.Dataset.from_generator(generate, output_signature=signature)
    return dataset.prefetch(4).with_options(options)
