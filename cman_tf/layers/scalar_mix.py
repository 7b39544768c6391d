"""One contextual vector of an encoder's layers.

Shapes: B batch, L tokens, N layers, C their width.
"""

from __future__ import annotations

import tensorflow as tf


class ScalarMix(tf.keras.layers.Layer):
    """gamma * sum_k softmax(w)_k h_k, the mix that ELMo's users train (Peters et al. 2018).

    gamma is 1 at first, w is 0: the mean.

    Call args:
      layers: float32 [B, L, N, C].

    Returns:
      float32 [B, L, C].
    """

    def build(self, shape: tf.TensorShape) -> None:
        self.gamma = self.add_weight("gamma", [], initializer="ones")
        self.w = self.add_weight("w", [shape[-2]], initializer="zeros")

    def call(self, layers: tf.Tensor) -> tf.Tensor:
        shape, weights = tf.shape(layers), self.gamma * tf.nn.softmax(self.w)
        flat = tf.reshape(layers, [-1, *layers.shape[2:]])
        mixed = tf.matmul(weights[None, None], flat)  # einsum would move the layers in memory first
        return tf.reshape(mixed, [shape[0], shape[1], layers.shape[3]])
