"""The label gate of dynamic CMAN: how much of a token's label the relation side reads.

Shapes: B batch, L tokens, d hidden size.
"""

from __future__ import annotations

import tensorflow as tf

from cman_tf.layers.linear import linear


class LabelGate(tf.keras.layers.Layer):
    """L~' = k * L~, k = sigmoid(W_x X^m + W_l L~ + b_l), TNNLS equations 10-11.

    k is a vector of 2d for each token, multiplied element by element.

    Call args:
      self_aware: X^m, float32 [B, L, 2d].
      labels: L~, float32 [B, L, 2d].

    Returns:
      L~' and k, both float32 [B, L, 2d].
    """

    def build(self, shape: tf.TensorShape) -> None:
        width = shape[-1]
        self.w_x = self.add_weight("w_x", [width, width], initializer="glorot_uniform")
        self.w_l = self.add_weight("w_l", [width, width], initializer="glorot_uniform")
        self.b_l = self.add_weight("b_l", [width], initializer="zeros")

    def call(self, self_aware: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        gate = tf.sigmoid(linear(self_aware, self.w_x) + linear(labels, self.w_l, self.b_l))
        return gate * labels, gate
