"""The gates of a mixture of experts: how much each expert counts for a token, and for a pair of tokens.

Shapes: E experts, D width of all experts' features together, N rows.
"""

from __future__ import annotations

import tensorflow as tf


class MixtureGate(tf.keras.layers.Layer):
    """softmax(W h + b), the weights of the experts, where h is the concatenation of all experts' features.

    W and b start at zero, so that all experts count alike: the uniform average.

    Args:
      experts: E.
      parts: number of feature vectors that a row has: 1 for a token, 2 for a pair, of head and tail. Their logits are
        added, so that a pair's need not be computed from both vectors side by side.

    Call args:
      *features: float32 [..., D], one for each part.

    Returns:
      The weights, float32 [..., E]; their sum is 1.
    """

    def __init__(self, experts: int, parts: int = 1, **kwargs) -> None:
        super().__init__(**kwargs)
        self.experts, self.parts = experts, parts

    def build(self, shape: tf.TensorShape) -> None:
        self.kernels = [
            self.add_weight(f"kernel_{number}", [shape[-1], self.experts], initializer="zeros")
            for number in range(self.parts)
        ]
        self.bias = self.add_weight("bias", [self.experts], initializer="zeros")
        super().build(shape)  # or the first call would make them again

    def project(self, features: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Compute each part's logits of the same rows, float32 [N, E], from features, float32 [N, D]."""
        return tuple(tf.matmul(features, kernel) for kernel in self.kernels)

    def call(self, *features: tf.Tensor) -> tf.Tensor:
        logits = [tf.linalg.matmul(part, kernel) for part, kernel in zip(features, self.kernels)]
        return tf.nn.softmax(tf.add_n(logits) + self.bias)


def mix(weights: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """Compute sum over e of w_e p_e: weights, float32 [..., E], and probabilities, float32 [..., E, K], to [..., K]."""
    return tf.reduce_sum(weights[..., None] * probabilities, -2)
