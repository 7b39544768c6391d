"""A matrix product over the last axis.

Shapes: D input features, E output features.
"""

from __future__ import annotations

import tensorflow as tf


def linear(inputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor | None = None) -> tf.Tensor:
    """Compute W x + b for all tokens in one product.

    The bias is added before the product is reshaped, so that TensorFlow runs both as one kernel. Keras' Dense does not
    do so.

    Args:
      inputs: x, float32 [..., D].
      kernel: W, float32 [D, E].
      bias: b, float32 [E], or None.

    Returns:
      float32 [..., E].
    """
    shape = tf.concat([tf.shape(inputs)[:-1], [kernel.shape[1]]], 0)
    product = tf.matmul(tf.reshape(inputs, [-1, kernel.shape[0]]), kernel)
    if bias is not None:
        product = tf.nn.bias_add(product, bias)
    product = tf.reshape(product, shape)
    product.set_shape([*inputs.shape[:-1], kernel.shape[1]])
    return product
