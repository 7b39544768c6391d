"""The adversarial perturbation of IJCAI equation 14 and TNNLS equation 22.

Shapes: B batch, L tokens, D features.
"""

from __future__ import annotations

import tensorflow as tf


def compute_perturbation(gradient: tf.Tensor, alpha: float) -> tf.Tensor:
    """eta_adv = alpha * sqrt(D) * g / ||g||, the norm over each whole sentence.

    g is the gradient of L_joint for the token representation before dropout (the
    fast gradient method, as Bekoulis et al. use it). No gradient flows through
    eta; a zero gradient gives a zero perturbation, so padding stays zero.

    Args:
      gradient: g, float32 [B, L, D].
      alpha: the size.

    Returns:
      float32 [B, L, D].
    """
    width = float(gradient.shape[-1])
    norm = tf.norm(gradient, axis=[1, 2], keepdims=True)
    return tf.stop_gradient(alpha * width**0.5 * gradient / tf.maximum(norm, 1e-12))
