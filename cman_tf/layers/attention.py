"""Multi-head scaled dot-product attention with residual and layer normalisation.

Shapes: B batch, L tokens, z heads, D = 2d model width, h = D / z head width.
"""

from __future__ import annotations

import tensorflow as tf

from cman_tf.layers.linear import linear
from cman_tf.layers.random_draws import Dropout


class MultiHeadAttention(tf.keras.layers.Layer):
    """O = LayerNorm(T + Q), T = Concat(head_1, ..., head_z) W^o.

    head_i = softmax((Q W_i^Q)(K W_i^K)^T / sqrt(2d / z)) (V W_i^V).
    IJCAI equations 2-3; TNNLS equations 4-7. There are no biases, as in the equations.

    Args:
      heads: z, a divisor of the width.
      dropout: dropout rate on T in training.

    Call args:
      query: Q, float32 [B, L, D], also the residual.
      memory: K and V, float32 [B, L, D].
      mask: bool [B, L], true where `memory` is a token.
      training: whether dropout is on.
      return_weights: whether to return the attention weights, too.

    Returns:
      O, float32 [B, L, D]; with `return_weights` also the weights, float32 [B, z, L, L], with queries in rows.
    """

    def __init__(self, heads: int, dropout: float = 0.0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.heads = heads
        self.dropout = Dropout(dropout)
        self.norm = tf.keras.layers.LayerNormalization(epsilon=1e-6, name="norm")

    def build(self, shape: tf.TensorShape) -> None:
        width = shape[-1]
        if width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide the width {width}")
        for name in ("w_query", "w_key", "w_value", "w_output"):
            # The z matrices W_i, each 2d x 2d/z, are concatenated to one matrix, 2d x 2d.
            setattr(self, name, self.add_weight(name, [width, width], initializer="glorot_uniform"))

    def call(
        self,
        query: tf.Tensor,
        memory: tf.Tensor,
        mask: tf.Tensor,
        training: bool = False,
        return_weights: bool = False,
    ) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor]:
        heads, weights = self.attend(query, memory, mask)
        attended = linear(heads, self.w_output)
        output = self.norm(query + self.dropout(attended, training=training))
        return (output, weights) if return_weights else output

    def attend(self, query: tf.Tensor, memory: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Compute Concat(head_1, ..., head_z) and the attention weights.

        Args:
          query: Q, float32 [B, L, D].
          memory: K and V, float32 [B, L, D].
          mask: bool [B, L], true where `memory` is a token.

        Returns:
          The heads, float32 [B, L, D], and each head's softmax, float32 [B, z, L, L].
        """
        shape = tf.shape(query)
        width = query.shape[-1]
        weights = self.w_query, self.w_key, self.w_value

        def heads(x: tf.Tensor, count: int) -> list[tf.Tensor]:  # [B, L, count * D] to each [B, z, L, h]
            x = tf.reshape(x, [shape[0], shape[1], count, self.heads, width // self.heads])
            return tf.unstack(tf.transpose(x, [2, 0, 3, 1, 4]))

        if query is memory:  # one matrix product is faster than three
            q, k, v = heads(linear(query, tf.concat(weights, 1)), 3)
        else:
            (q,) = heads(linear(query, self.w_query), 1)
            k, v = heads(linear(memory, tf.concat(weights[1:], 1)), 2)
        scores = tf.matmul(q, k, transpose_b=True) * (width // self.heads) ** -0.5  # [B, z, L, L]
        scores += tf.where(mask, 0.0, -1e9)[:, None, None, :]
        softmax = tf.nn.softmax(scores)
        attended = tf.matmul(softmax, v)  # [B, z, L, h]
        return tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [shape[0], shape[1], width]), softmax
