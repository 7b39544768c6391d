"""The moving average of the weights, which is what is scored and kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import tensorflow as tf


class WeightAverage(tf.Module):
    """a := b a + (1 - b) w after every step, b = min(decay, (1 + t) / (10 + t)) at step t.

    The smaller b of the first steps keeps the initial values from weighing long.

    Args:
      variables: w, the trainable ones.
      decay: of the average; 0: the weights themselves, nothing is kept.
    """

    def __init__(self, variables: Sequence[tf.Variable], decay: float) -> None:
        super().__init__(name="weight_average")
        self.decay = decay
        self._weights = tuple(variables) if decay else ()
        self.averages = [tf.Variable(w, trainable=False) for w in self._weights]

    def update(self, step: tf.Tensor) -> None:
        """Take in the weights after step number `step`, an integer scalar."""
        t = tf.cast(step, tf.float32)
        keep = tf.minimum(self.decay, (1.0 + t) / (10.0 + t))
        for average, weight in zip(self.averages, self._weights):
            average.assign_add((1.0 - keep) * (weight - average))

    def swap(self) -> None:
        """Exchange the weights and their averages."""
        for average, weight in zip(self.averages, self._weights):
            kept = tf.identity(weight)
            weight.assign(average)
            average.assign(kept)

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Within it the model has the averages as its weights."""
        self.swap()
        yield
        self.swap()
