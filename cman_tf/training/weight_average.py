"""A moving average of the weights, which is evaluated and kept in their stead."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import tensorflow as tf


class WeightAverage(tf.Module):
    """avg = decay * avg + (1 - decay) * weight after every step (Polyak and Juditsky 1992).

    At a constant learning rate the weights go on wandering around a good place, and so do
    their scores from epoch to epoch; their average is nearer to it.

    Args:
      weights: those that are trained.
      decay: of the average, smaller in the first steps: min(decay, n / (n + 9)) in the nth,
        which is 0.1 in the first.
    """

    def __init__(self, weights: Sequence[tf.Variable], decay: float) -> None:
        super().__init__(name="average")
        self.weights, self.decay = list(weights), decay
        self.steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.averages = [tf.Variable(weight, trainable=False) for weight in weights]

    def update(self) -> None:
        """To be called after each step, inside of it."""
        count = tf.cast(self.steps.assign_add(1), tf.float32)
        share = 1.0 - tf.minimum(self.decay, count / (count + 9.0))
        for weight, average in zip(self.weights, self.averages):
            average.assign_add(share * (weight - average))

    def swap(self) -> None:
        """The averages become the model's weights, and these are kept where the averages were."""
        for weight, average in zip(self.weights, self.averages):
            was = tf.identity(weight)
            weight.assign(average)
            average.assign(was)

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """The model has the averages meanwhile."""
        self.swap()
        try:
            yield
        finally:
            self.swap()
