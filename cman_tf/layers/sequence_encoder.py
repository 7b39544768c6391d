"""The encoder inside every unit: BiLSTM, or what the ablations put in its place.

Shapes: B batch, L tokens, D input features, d units a direction.
"""

from __future__ import annotations

import tensorflow as tf

from cman_tf.layers.lstm import GRU, LSTM, run_both
from cman_tf.layers.random_draws import Dropout

CELLS = ("bilstm", "lstm", "gru", "bigru", "mlp")


class SequenceEncoder(tf.keras.layers.Layer):
    """H = BiLSTM(X), IJCAI equation 1, TNNLS equations 1-3: h_t = [forward; backward].

    The backward direction starts at each sentence's own last token.
    `lstm`, `gru` and `mlp` keep the width 2d, so that only the encoder differs.

    Args:
      units: d; the output is 2d wide.
      cell: one of `CELLS`.
      dropout: rate on the output while training.
      xla: whether LSTMs may be compiled by XLA.

    Call args:
      inputs: float32 [B, L, D], right-padded.
      lengths: int32 [B].

    Returns:
      float32 [B, L, 2d]; padded positions hold values to be masked by the caller.
    """

    def __init__(self, units: int, cell: str = "bilstm", dropout: float = 0.0, xla: bool = True, **kwargs) -> None:
        super().__init__(**kwargs)
        if cell not in CELLS:
            raise ValueError(f"cell {cell!r}, expected one of {', '.join(CELLS)}")
        self.cell = cell
        self.backward = None
        if cell == "mlp":
            self.forward = tf.keras.layers.Dense(2 * units, activation="tanh", name="mlp")
        else:
            both = cell.startswith("bi")
            width = units if both else 2 * units
            self.forward = self._layer(width, xla, name="forward")
            if both:
                self.backward = self._layer(width, xla, backward=True, name="backward")
        self.dropout = Dropout(dropout)

    def _layer(self, units: int, xla: bool, **kwargs) -> tf.keras.layers.Layer:
        return LSTM(units, xla=xla, **kwargs) if self.cell.endswith("lstm") else GRU(units, **kwargs)

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.dropout(self.run(inputs, lengths, training), training=training)

    def run(self, inputs: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
        """As `call`, without the dropout."""
        if self.cell == "mlp":
            return self.forward(inputs)
        if self.cell == "bilstm":
            return run_both(self.forward, self.backward, inputs, lengths, training)
        layers = [layer for layer in (self.forward, self.backward) if layer is not None]
        return tf.concat([layer(inputs, lengths=lengths, training=training) for layer in layers], -1)
