"""From a transformer's word pieces to words.

Shapes: W windows, P word pieces, Q pieces of all sentences, N layers, H their width, B
sentences, L tokens of the longest.
"""

from __future__ import annotations

import tensorflow as tf


def pool(hidden: tf.Tensor, places: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """A word's vector is the mean of its pieces'; zero where a sentence is padded.

    Args:
      hidden: float32 [W, P, N, H].
      places: int32 [Q, 4], as in `cman_tf.encoders.wordpieces.Wordpieces`.
      shape: int32 [2], B and L.

    Returns:
      float32 [B, L, N, H].
    """
    vectors = tf.gather_nd(hidden, places[:, :2])
    words = places[:, 2] * shape[1] + places[:, 3]
    means = tf.math.unsorted_segment_mean(vectors, words, shape[0] * shape[1])
    return tf.reshape(means, [shape[0], shape[1], *hidden.shape[2:]])
