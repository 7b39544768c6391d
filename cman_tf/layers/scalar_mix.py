"""One contextual vector of an encoder's layers.

Shapes: B batch, L tokens, N layers, C their width, Q word pieces of all sentences.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


class ScalarMix(tf.keras.layers.Layer):
    """gamma * sum_k softmax(w)_k h_k, the mix that ELMo's users train (Peters et al. 2018).

    w is 0 at first: the mean.

    Args:
      chosen: numbers of the layers that are mixed, or None for all.
      scale: gamma before training.

    Call args:
      layers: float32 [B, L, N, C].

    Returns:
      float32 [B, L, C].
    """

    def __init__(self, chosen: Sequence[int] | None = None, scale: float = 1.0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.chosen, self.scale = chosen, scale

    def build(self, shape: tf.TensorShape) -> None:
        self.chosen = tuple(self.chosen or range(shape[-2]))
        self.gamma = self.add_weight("gamma", [], initializer=tf.keras.initializers.Constant(self.scale))
        self.w = self.add_weight("w", [len(self.chosen)], initializer="zeros")

    def call(self, layers: tf.Tensor) -> tf.Tensor:
        shape = tf.shape(layers)
        places = tf.constant(self.chosen)[:, None]  # layers that are not mixed have a weight of zero
        weights = tf.scatter_nd(places, self.gamma * tf.nn.softmax(self.w), [layers.shape[2]])
        flat = tf.reshape(layers, [-1, *layers.shape[2:]])
        mixed = tf.matmul(weights[None, None], flat)  # einsum would move the layers in memory first
        return tf.reshape(mixed, [shape[0], shape[1], layers.shape[3]])


def average_wordpieces(hidden: tf.Tensor, places: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Average the vectors of each word's pieces; zero where a sentence is padded.

    Args:
      hidden: float32 [W, P, N, C], the vectors of W windows of P word pieces.
      places: int32 [Q, 4], as in `cman_tf.encoders.wordpieces.Wordpieces`.
      shape: int32 [2], B and L.

    Returns:
      float32 [B, L, N, C].
    """
    vectors = tf.gather_nd(hidden, places[:, :2])
    words = places[:, 2] * shape[1] + places[:, 3]
    means = tf.math.unsorted_segment_mean(vectors, words, shape[0] * shape[1])
    return tf.reshape(means, [shape[0], shape[1], *hidden.shape[2:]])
