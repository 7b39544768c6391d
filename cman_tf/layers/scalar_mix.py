"""Mixing the vectors of an encoder's layers into one contextual vector.

Shapes: B batch, L tokens, N layers, C their width, Q word pieces of all sentences.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


class ScalarMix(tf.keras.layers.Layer):
    """gamma * sum_k softmax(w)_k h_k, the trainable mix of ELMo's layers (Peters et al. 2018).

    w is initially 0, so that the mix is the mean.

    Args:
      chosen: the numbers of the layers that are mixed, or None for all.
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
        places = tf.constant(self.chosen)[:, None]  # all other layers get the weight 0
        weights = tf.scatter_nd(places, self.gamma * tf.nn.softmax(self.w), [layers.shape[2]])
        flat = tf.reshape(layers, [-1, *layers.shape[2:]])
        mixed = tf.matmul(weights[None, None], flat)  # einsum would first copy the layers to another layout
        return tf.reshape(mixed, [shape[0], shape[1], layers.shape[3]])


def average_wordpieces(hidden: tf.Tensor, places: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Average the vectors of each word's pieces.

    Args:
      hidden: the vectors of W windows of P word pieces, float32 [W, P, N, C].
      places: the place of each word piece, int32 [Q, 4], as in `cman_tf.data.contextual_encoder.Wordpieces`.
      shape: B and L, int32 [2].

    Returns:
      float32 [B, L, N, C], zero where a sentence is padded.
    """
    vectors = tf.gather_nd(hidden, places[:, :2])
    words = places[:, 2] * shape[1] + places[:, 3]
    means = tf.math.unsorted_segment_mean(vectors, words, shape[0] * shape[1])
    return tf.reshape(means, [shape[0], shape[1], *hidden.shape[2:]])
