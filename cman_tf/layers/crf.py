"""A CRF for tags, on the functions of tensorflow-addons.

Shapes: B batch, L tokens, D features, T tags.
"""

from __future__ import annotations

import tensorflow as tf

from cman_tf.layers.crf_loops import decode_in_a_loop, marginals_in_a_loop
from cman_tf.layers.tfa_text import text


class CRF(tf.keras.layers.Layer):
    """Pr(Y | X) of IJCAI equation 8, TNNLS equations 9 and 15.

    The log potential of (y_{i-1}, y_i) is W X_i + b at y_i plus a transition weight for the pair. There are no weights
    for the first and the last tag, as in the baseline.

    Args:
      tags: T.

    Call args:
      features: float32 [B, L, D].

    Returns:
      The tags' potentials W X + b, float32 [B, L, T].
    """

    def __init__(self, tags: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.small = False  # whether the graph of decode is small, as in exported models
        self.unary = tf.keras.layers.Dense(tags, name="unary")
        self.transitions = self.add_weight("transitions", [tags, tags], initializer="glorot_uniform")

    def call(self, features: tf.Tensor) -> tf.Tensor:
        return self.unary(features)

    def negative_log_likelihood(self, potentials: tf.Tensor, tags: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Compute -log Pr(Y | X), IJCAI equation 11, TNNLS equations 18 and 19.

        Args:
          potentials: the potentials that `call` returns, float32 [B, L, T].
          tags: Y, int32 [B, L].
          lengths: int32 [B].

        Returns:
          The loss of each sentence, float32 [B].
        """
        return -text.crf_log_likelihood(potentials, tags, lengths, self.transitions)[0]

    def decode(self, potentials: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Find the best tag sequence (Viterbi): from potentials, float32 [B, L, T], to int32 [B, L], 0 where padded."""
        if self.small:
            return decode_in_a_loop(potentials, lengths, self.transitions)
        return text.crf_decode(potentials, self.transitions, lengths)[0]

    def marginals(self, potentials: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Compute Pr(y_i = t | X) for every token, float32 [B, L, T], 0 where padded.

        The gradient of tensorflow-addons' log Z is the same, but loses digits in long sentences.
        """
        return marginals_in_a_loop(potentials, lengths, self.transitions)
