"""The sequence encoder inside every unit: a BiLSTM, or the encoder that an ablation uses instead.

Shapes: B batch, L tokens, D input features, d units a direction.
"""

from __future__ import annotations

import tensorflow as tf

from cman_tf.layers.lstm import GRU, LSTM, run_both
from cman_tf.layers.random_draws import Dropout

CELLS = ("bilstm", "lstm", "gru", "bigru", "mlp")


class SequenceEncoder(tf.keras.layers.Layer):
    """H = BiLSTM(X), IJCAI equation 1, TNNLS equations 1-3: h_t = [forward; backward].

    The backward direction starts at the last token of each sentence. `lstm`, `gru` and `mlp` have the width 2d, too, so
    that an ablation changes nothing but the encoder.

    Args:
      units: d; the output is 2d wide.
      cell: one of `CELLS`.
      dropout: dropout rate on the output in training.
      xla: whether XLA may compile the LSTMs.
      mlp_layers: the number of layers of `mlp`, each of them tanh(W x + b) of width 2d.

    Call args:
      inputs: X, float32 [B, L, D], right-padded.
      lengths: int32 [B].
      training: whether dropout is on.

    Returns:
      H, float32 [B, L, 2d]. Padded positions hold values that the caller must mask.
    """

    def __init__(
        self,
        units: int,
        cell: str = "bilstm",
        dropout: float = 0.0,
        xla: bool = True,
        mlp_layers: int = 1,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        if cell not in CELLS:
            raise ValueError(f"cell {cell!r}, expected one of {', '.join(CELLS)}")
        self.cell = cell
        self.backward = None
        if cell == "mlp":
            self.forward = tf.keras.layers.Dense(2 * units, activation="tanh", name="mlp")
            self.further = [tf.keras.layers.Dense(2 * units, activation="tanh") for _ in range(mlp_layers - 1)]
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
        """Compute H as `call` does, but without dropout on it.

        Args:
          inputs: X, float32 [B, L, D], right-padded.
          lengths: int32 [B].
          training: whether a gradient is needed.

        Returns:
          H, float32 [B, L, 2d].
        """
        if self.cell == "mlp":
            hidden = self.forward(inputs)
            for layer in self.further:
                hidden = layer(hidden)
            return hidden
        if self.cell == "bilstm" and self.backward is not None:
            return run_both(self.forward, self.backward, inputs, lengths, training)
        layers = [layer for layer in (self.forward, self.backward) if layer is not None]
        return tf.concat([layer(inputs, lengths=lengths, training=training) for layer in layers], -1)
