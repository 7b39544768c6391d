"""A moving average of the weights, which is evaluated and saved instead of the weights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import tensorflow as tf


class WeightAverage(tf.Module):
    """avg = decay * avg + (1 - decay) * weight after every step (Polyak and Juditsky 1992).

    At a constant learning rate, the weights keep moving around a good point, and the scores change from epoch to epoch.
    The average is closer to that point.

    Args:
      weights: the weights that are trained.
      decay: the decay of the average. It is smaller in the first steps: min(decay, n / (n + 9)) in the nth step, which
        is 0.1 in the first.
    """

    def __init__(self, weights: Sequence[tf.Variable], decay: float) -> None:
        super().__init__(name="average")
        self.weights, self.decay = list(weights), decay
        self.steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.averages = [tf.Variable(weight, trainable=False) for weight in weights]

    def update(self) -> None:
        """Update the average. The training step calls this after it has changed the weights."""
        count = tf.cast(self.steps.assign_add(1), tf.float32)
        share = 1.0 - tf.minimum(self.decay, count / (count + 9.0))
        for weight, average in zip(self.weights, self.averages):
            average.assign_add(share * (weight - average))

    def swap(self) -> None:
        """Exchange the model's weights and their averages."""
        for weight, average in zip(self.weights, self.averages):
            was = tf.identity(weight)
            weight.assign(average)
            average.assign(was)

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Give the model the averages within this context, and its own weights afterwards."""
        self.swap()
        try:
            yield
        finally:
            self.swap()
