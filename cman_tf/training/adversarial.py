"""The adversarial perturbation of IJCAI equation 14 and TNNLS equation 22.

Shapes: B batch, L tokens, D features.
"""

from __future__ import annotations

import tensorflow as tf


def compute_perturbation(gradient: tf.Tensor, alpha: float) -> tf.Tensor:
    """Compute eta_adv = alpha * sqrt(D) * g / ||g||, with the norm over each whole sentence.

    g is the gradient of L_joint with respect to the token representation before dropout. This is the fast gradient
    method as in Bekoulis et al. No gradient flows through eta. A zero gradient gives a zero perturbation, so that
    padding stays zero.

    Args:
      gradient: g, float32 [B, L, D].
      alpha: the size of the perturbation.

    Returns:
      eta_adv, float32 [B, L, D].
    """
    width = float(gradient.shape[-1])
    norm = tf.norm(gradient, axis=[1, 2], keepdims=True)
    return tf.stop_gradient(alpha * width**0.5 * gradient / tf.maximum(norm, 1e-12))
