"""The encoder inside every unit: BiLSTM, or what the ablations put in its place.

Shapes: B batch, L tokens, D input features, d units a direction.
"""

from __future__ import annotations

import tensorflow as tf

CELLS = ("bilstm", "lstm", "gru", "bigru", "mlp")


class Encoder(tf.keras.layers.Layer):
    """H = BiLSTM(X), IJCAI equation 1, TNNLS equations 1-3: h_t = [forward; backward].

    The backward direction runs over each sentence reversed within its own length,
    so with right padding no mask is needed and cuDNN's kernel is used on a GPU.
    `lstm`, `gru` and `mlp` keep the width 2d, so that only the encoder differs.

    Args:
      units: d; the output is 2d wide.
      cell: one of `CELLS`.
      dropout: rate on the output while training.

    Call args:
      inputs: float32 [B, L, D], right-padded.
      lengths: int32 [B].

    Returns:
      float32 [B, L, 2d]; padded positions hold values to be masked by the caller.
    """

    def __init__(self, units: int, cell: str = "bilstm", dropout: float = 0.0, **kwargs) -> None:
        super().__init__(**kwargs)
        if cell not in CELLS:
            raise ValueError(f"cell {cell!r}, expected one of {', '.join(CELLS)}")
        self.cell = cell
        self.backward = None
        if cell == "mlp":
            self.forward = tf.keras.layers.Dense(2 * units, activation="tanh", name="mlp")
        else:
            layer = tf.keras.layers.LSTM if cell.endswith("lstm") else tf.keras.layers.GRU
            both = cell.startswith("bi")
            self.forward = layer(units if both else 2 * units, return_sequences=True, name="forward")
            if both:
                self.backward = layer(units, return_sequences=True, name="backward")
        self.dropout = tf.keras.layers.Dropout(dropout)

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.dropout(self.encode(inputs, lengths), training=training)

    def encode(self, inputs: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """As `call`, without the dropout."""
        hidden = self.forward(inputs)  # [B, L, d] of a bidirectional cell, else [B, L, 2d]
        if self.backward is None:
            return hidden
        reversed_inputs = tf.reverse_sequence(inputs, lengths, seq_axis=1, batch_axis=0)
        reversed_hidden = self.backward(reversed_inputs)  # [B, L, d]
        return tf.concat([hidden, tf.reverse_sequence(reversed_hidden, lengths, seq_axis=1, batch_axis=0)], -1)
