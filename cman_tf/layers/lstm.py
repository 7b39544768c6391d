"""LSTM and GRU in either direction; an LSTM that is fast on a CPU too.

Shapes: B batch, L tokens, D input features, u units. The four gates stand side by side
in Keras' order: input i, forget f, cell g, output o.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from cman_tf.layers import packed_lstm
from cman_tf.layers.linear import linear
from cman_tf.layers.lstm_kernels import recur, recur_compiled, recur_only


class LSTM(tf.keras.layers.LSTM):
    """h_t = LSTM(x_t, h_{t-1}) for all t, TNNLS equations 1 and 2.

    Weights, their initial values and the results are those of Keras. On a CPU the
    input projection of all steps is one product, and the weights' gradients are one
    product each; on a GPU Keras' own code runs, there cuDNN's kernel.

    Args:
      units: u.
      backward: read each sentence from its end.
      xla: have XLA compile the recurrence on a CPU while training, where the same few
        shapes come again in every epoch; at inference each may come once.

    Call args:
      inputs: float32 [B, L, D], right-padded.
      lengths: int32 [B].

    Returns:
      float32 [B, L, u]; padded positions hold values to be masked by the caller.
    """

    def __init__(self, units: int, backward: bool = False, xla: bool = True, **kwargs) -> None:
        super().__init__(units, return_sequences=True, **kwargs)
        self.backward, self.xla = backward, xla
        self.keras = bool(tf.config.list_physical_devices("GPU"))

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
        if self.keras:
            return _directed(super().call, inputs, lengths, self.backward)
        return self.recur(self.project(inputs), lengths, training)

    def project(self, inputs: tf.Tensor) -> tf.Tensor:
        """W x + b for all four gates: float32 [..., D] to [..., 4u]."""
        return linear(inputs, self.cell.kernel, self.cell.bias)

    def recur(self, projected: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
        """h of all steps from the projected inputs: float32 [B, L, 4u] to [B, L, u]."""
        mask = tf.sequence_mask(lengths, tf.shape(projected)[1], tf.float32)
        # As a tensor: for each variable the compiled functions would be traced anew.
        kernel = tf.convert_to_tensor(self.cell.recurrent_kernel)
        run = recur_only if not training else recur_compiled if self.xla else recur
        return run(projected, kernel, mask, self.backward)

    def last_states(self, table: tf.Tensor, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """h after the last step of each sequence of rows of a table.

        Args:
          table: float32 [rows, D], projected before it is looked up in.
          ids: int32 [N, W], right-padded.
          lengths: int32 [N], falling, 1 at least.

        Returns:
          float32 [N, u].
        """
        if self.keras or not self.built:
            hidden = self(tf.gather(table, ids), lengths=lengths)
            last = tf.zeros_like(lengths) if self.backward else lengths - 1
            return tf.gather(hidden, last, batch_dims=1)
        if self.backward:
            ids = tf.reverse_sequence(ids, lengths, seq_axis=1, batch_axis=0)
        kernel = tf.convert_to_tensor(self.cell.recurrent_kernel)
        return packed_lstm.last_states(self.project(table), kernel, ids, lengths)


class GRU(tf.keras.layers.GRU):
    """Keras' GRU in either direction, for TNNLS table VI; arguments as for `LSTM`, without xla."""

    def __init__(self, units: int, backward: bool = False, **kwargs) -> None:
        super().__init__(units, return_sequences=True, **kwargs)
        self.backward = backward

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
        return _directed(super().call, inputs, lengths, self.backward)


def run_both(forward: LSTM, backward: LSTM, inputs: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
    """[forward; backward], TNNLS equation 3, one product projecting for both: [B, L, 2u]."""
    layers = forward, backward
    if forward.keras or not forward.built:  # the first call builds both
        return tf.concat([layer(inputs, lengths=lengths, training=training) for layer in layers], -1)
    kernel = tf.concat([forward.cell.kernel, backward.cell.kernel], 1)
    bias = tf.concat([forward.cell.bias, backward.cell.bias], 0)
    projected = tf.split(linear(inputs, kernel, bias), 2, -1)
    return tf.concat([layer.recur(x, lengths, training) for layer, x in zip(layers, projected)], -1)


def _directed(run: Callable[[tf.Tensor], tf.Tensor], inputs: tf.Tensor, lengths: tf.Tensor, backward: bool):
    """Each sentence reversed within its own length where `backward`, so that no mask,
    which would keep cuDNN's kernel away, is needed."""
    if not backward:
        return run(inputs)
    hidden = run(tf.reverse_sequence(inputs, lengths, seq_axis=1, batch_axis=0))
    return tf.reverse_sequence(hidden, lengths, seq_axis=1, batch_axis=0)
