"""Random draws that depend only on the run's seed and the training step.

Therefore a run that was interrupted and resumed draws the same masks as a run that was not interrupted.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import tensorflow as tf

_DRAWS_PER_STEP = 4096  # more than the number of draws in any step
_REPLICA = 1 << 40  # more than any run's seed


class _Draws(threading.local):
    """The run's seed, the step that is being traced, and the number of draws in it so far."""

    seed: tf.Tensor | None = None
    step: tf.Tensor | None = None
    made = 0


_current = _Draws()


@contextlib.contextmanager
def draws_of_step(seed: int | tf.Tensor, step: tf.Tensor, replica: int | tf.Tensor = 0) -> Iterator[None]:
    """Within this context, make `next_seed` depend on the seed, the step and the number of earlier draws in the step.

    Args:
      seed: the run's seed.
      step: the number of the step, int64 scalar, such as the optimizer's iterations.
      replica: the number of the replica. Replicas with different numbers draw different masks.
    """
    before = _current.seed, _current.step, _current.made
    seed = tf.cast(seed, tf.int64) + tf.cast(replica, tf.int64) * _REPLICA
    _current.seed, _current.step, _current.made = seed, tf.cast(step, tf.int64), 0
    try:
        yield
    finally:
        _current.seed, _current.step, _current.made = before


def next_seed() -> tf.Tensor:
    """Return the seed of the next draw, for TensorFlow's stateless random operations.

    Returns:
      int64 [2]. Outside of `draws_of_step` it comes from TensorFlow's global generator.
    """
    if _current.seed is None or _current.step is None:
        return tf.random.uniform([2], maxval=tf.int64.max, dtype=tf.int64)
    _current.made += 1
    return tf.stack([_current.seed, _current.step * _DRAWS_PER_STEP + _current.made])


class Dropout(tf.keras.layers.Layer):
    """Dropout whose mask is drawn with `next_seed`. Kept values are divided by 1 - rate.

    Args:
      rate: share of the values that become zero in training.

    Call args:
      inputs: float32 of any shape.
      training: whether dropout is on.

    Returns:
      float32 of the same shape.
    """

    def __init__(self, rate: float, **kwargs) -> None:
        super().__init__(**kwargs)
        self.rate = rate

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training or not self.rate:
            return inputs
        return tf.nn.experimental.stateless_dropout(inputs, self.rate, next_seed(), rng_alg="philox")


def use_step_draws(layer: tf.keras.layers.Layer) -> None:
    """Make all Keras dropouts within a layer draw with `next_seed`.

    The layer may come from another library, whose Keras may be `tf_keras` in place of `tf.keras`. The classes of both
    have the same names.
    """

    def dropout(inputs: tf.Tensor, rate: float, noise_shape: tf.TensorShape | None = None) -> tf.Tensor:
        return tf.nn.experimental.stateless_dropout(inputs, rate, next_seed(), "philox", noise_shape)

    for part in layer.submodules:
        if any(kind.__name__ == "Dropout" for kind in type(part).__mro__):
            part._random_generator.dropout = dropout
