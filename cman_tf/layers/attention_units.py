"""The two basic units of both papers: BSA and BLA.

Shapes: B batch, L tokens, d hidden size, d_l label size.
"""

from __future__ import annotations

import tensorflow as tf

from cman_tf.layers.attention import MultiHeadAttention
from cman_tf.layers.label_gate import LabelGate
from cman_tf.layers.random_draws import Dropout
from cman_tf.layers.sequence_encoder import SequenceEncoder


class SelfAttentionUnit(tf.keras.layers.Layer):
    """X^ = BSA(X), IJCAI figure 3a and equation 4, TNNLS figure 3 and equation 8.

    H = BiLSTM(X), then H attends to itself. Without self-attention (the ablation of table 4/VII) the unit is only its
    BiLSTM.

    Args:
      encoder: the BiLSTM, 2d wide.
      attention: the attention, or None for the ablation.

    Call args:
      inputs: X, float32 [B, L, D].
      lengths: int32 [B].
      mask: bool [B, L], true where there is a token.
      training: whether dropout is on.
      return_weights: whether to return the attention weights, too.

    Returns:
      X^, float32 [B, L, 2d]; with `return_weights` also the weights, float32 [B, z, L, L], or None without
      self-attention.
    """

    def __init__(self, encoder: SequenceEncoder, attention: MultiHeadAttention | None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        self.attention = attention

    def call(
        self,
        inputs: tf.Tensor,
        lengths: tf.Tensor,
        mask: tf.Tensor,
        training: bool = False,
        return_weights: bool = False,
    ) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor | None]:
        hidden = self.encoder(inputs, lengths, training=training)
        if self.attention is None:
            return (hidden, None) if return_weights else hidden
        return self.attention(hidden, hidden, mask, training=training, return_weights=return_weights)


class LabelAttentionUnit(tf.keras.layers.Layer):
    """X~ = BLA(X, L), IJCAI figure 3b, TNNLS figure 4: the token features attend to the labels.

    The token features are the queries. L~ = BiLSTM(L) are keys and values; dynamic CMAN gates them first (TNNLS
    equation 11). `encode_labels` is separate from `call` because L~ does not depend on the token features: the clean
    and the adversarial pass share it.

    Args:
      encoder: the BiLSTM of the labels, 2d wide.
      attention: the attention.
      gate: the label gate, or None (IJCAI, and the ablation of TNNLS table IV).
      dropout: dropout rate on L~ in training. Each pass draws its own mask.

    Call args:
      inputs: X, float32 [B, L, 2d].
      labels: L~ from `encode_labels`, float32 [B, L, 2d].
      self_aware: X^m, float32 [B, L, 2d], for the gate.
      mask: bool [B, L], true where there is a token.
      training: whether dropout is on.
      return_weights: whether to return the attention weights and the gate, too.

    Returns:
      X~, float32 [B, L, 2d], and the gate's mean over tokens (1 without a gate). With `return_weights` also the
      weights, float32 [B, z, L, L], and the gate k, float32 [B, L, 2d], or None without a gate.
    """

    def __init__(
        self, encoder: SequenceEncoder, attention: MultiHeadAttention, gate: LabelGate | None, dropout: float, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        self.attention = attention
        self.gate = gate
        self.dropout = Dropout(dropout)

    def encode_labels(self, labels: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Compute L~ = BiLSTM(L), without dropout on it.

        Args:
          labels: L, the label embeddings, float32 [B, L, d_l].
          lengths: int32 [B].
          training: whether the model is being trained.

        Returns:
          L~, float32 [B, L, 2d].
        """
        return self.encoder.run(labels, lengths, training)

    def call(
        self,
        inputs: tf.Tensor,
        labels: tf.Tensor,
        self_aware: tf.Tensor,
        mask: tf.Tensor,
        training: bool = False,
        return_weights: bool = False,
    ) -> tuple[tf.Tensor | None, ...]:
        labels = self.dropout(labels, training=training)
        mean_gate, gate = tf.constant(1.0), None
        if self.gate is not None:
            labels, gate = self.gate(self_aware, labels)
            mean_gate = tf.reduce_mean(tf.boolean_mask(gate, mask))
        output, weights = self.attention(inputs, labels, mask, training=training, return_weights=True)
        return (output, mean_gate, weights, gate) if return_weights else (output, mean_gate)
