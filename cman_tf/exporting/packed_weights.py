"""Many weights in one variable.

Each variable of a SavedModel takes some ten operations, in the functions that save, restore and pass it on.
Weights are no constants of the graph, because TensorFlow's oneDNN kernels compute something else with constant weights
(TensorFlow 2.15.1; scores differ in the fourth digit).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

_ROW = 16  # numbers, 64 bytes: the parts of a tensor that begin at such a place share its memory


class PackedWeights:
    """The values of float32 variables, one after another in one variable.

    Args:
      weights: the variables.

    Attributes:
      variables: the new variable in a list, which is empty if there are no weights.

    >>> one, two = tf.Variable([1.0, 2.0]), tf.Variable([[3.0]])
    >>> packed = PackedWeights([one, two])
    >>> [value.numpy().tolist() for value in packed.unpack().values()]
    [[1.0, 2.0], [[3.0]]]
    """

    def __init__(self, weights: Sequence[tf.Variable]) -> None:
        self._weights = weights
        sizes = [int(np.prod(weight.shape)) for weight in weights]
        self._rows = [-(-size // _ROW) for size in sizes]
        rows = [
            np.pad(weight.numpy().reshape(-1), (0, count * _ROW - size)).reshape(-1, _ROW)
            for weight, size, count in zip(weights, sizes, self._rows)
        ]
        self.variables = [tf.Variable(np.concatenate(rows), trainable=False)] if rows else []

    def unpack(self) -> dict[int, tf.Tensor]:
        """Return the values of the weights by the identity of their variables."""
        parts = tf.split(self.variables[0], self._rows)
        values: dict[int, tf.Tensor] = {}
        shapes = {tuple(weight.shape): tf.constant([*weight.shape], tf.int32) for weight in self._weights}
        for weight, part in zip(self._weights, parts):
            size = int(np.prod(weight.shape))
            if size % _ROW:
                part = tf.reshape(part, [-1])[:size]
            values[id(weight)] = tf.reshape(part, shapes[tuple(weight.shape)])
        return values
