"""Batches as tensors, made while the model computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from cman_tf.data.batches import Example, make_batch
from cman_tf.data.bucketing import LENGTH_STEP
from cman_tf.models.base import BatchLayout


def make_dataset(
    examples: Sequence[Example],
    order: Sequence[Sequence[int]],
    layout: BatchLayout,
    step: int = LENGTH_STEP,
) -> tf.data.Dataset:
    """Give the batches of an order as a prefetching `tf.data.Dataset`.

    Args:
      examples: of a corpus.
      order: the rows of each batch.
      layout: of the model.
      step: lengths are rounded up to a multiple of it.
    """

    def generate() -> Iterator[dict[str, np.ndarray]]:
        for rows in order:
            yield make_batch([examples[row] for row in rows], layout.features, step)

    options = tf.data.Options()
    # The autotuner sleeps 10 ms, 20 ms, 40 ms, ... and the end of an epoch would wait
    # for it to wake: up to as long as the epoch took. There is nothing to tune here.
    options.autotune.enabled = False
    dataset = tf.data.Dataset.from_generator(generate, output_signature=layout.signature())
    return dataset.prefetch(4).with_options(options)
