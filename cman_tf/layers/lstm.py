"""LSTM and GRU layers for either direction. The LSTM is also fast on a CPU.

Shapes: B batch, L tokens, D input features, u units. The four gates are concatenated in Keras' order: input i, forget
f, cell g, output o.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from cman_tf.layers import packed_lstm
from cman_tf.layers.linear import linear
from cman_tf.layers.lstm_kernels import recur, recur_both, recur_compiled, recur_only


class LSTM(tf.keras.layers.LSTM):
    """h_t = LSTM(x_t, h_{t-1}) for all t, TNNLS equations 1 and 2.

    The weights, their initial values and the results are those of Keras. On a CPU, the input projection of all steps is
    one matrix product, and so is the gradient of each weight. On a GPU, Keras' own code runs with cuDNN's kernel.

    Args:
      units: u.
      backward: whether to read each sentence from its end.
      xla: whether XLA compiles the recurrence in training on a CPU. In training the same few shapes come in every
        epoch; at inference a shape may come only once, so nothing is compiled.

    Call args:
      inputs: float32 [B, L, D], right-padded.
      lengths: int32 [B].
      training: whether the model is being trained.

    Returns:
      float32 [B, L, u]. Padded positions hold values that the caller must mask.
    """

    def __init__(self, units: int, backward: bool = False, xla: bool = True, **kwargs) -> None:
        super().__init__(units, return_sequences=True, **kwargs)
        self.backward, self.xla = backward, xla
        self.keras = bool(tf.config.list_physical_devices("GPU"))
        self.joined = False  # whether both directions of a BiLSTM run in one loop at inference

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
        if self.keras:
            return _directed(super().call, inputs, lengths, self.backward)
        return self.recur(self.project(inputs), lengths, training)

    def project(self, inputs: tf.Tensor) -> tf.Tensor:
        """Compute W x + b for all four gates: from float32 [..., D] to [..., 4u]."""
        return linear(inputs, self.cell.kernel, self.cell.bias)

    def recur(self, projected: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Compute h of all steps from the projected inputs.

        Args:
          projected: W x + b, float32 [B, L, 4u].
          lengths: int32 [B].
          training: whether a gradient is needed.

        Returns:
          h, float32 [B, L, u].
        """
        mask = tf.sequence_mask(lengths, tf.shape(projected)[1], tf.float32)
        # Passed as a tensor, because the compiled functions would be traced again for each variable.
        kernel = tf.convert_to_tensor(self.cell.recurrent_kernel)
        run = recur_only if not training else recur_compiled if self.xla else recur
        return run(projected, kernel, mask, self.backward)

    def last_states(self, table: tf.Tensor, ids: tf.Tensor, lengths: tf.Tensor, training: bool = True) -> tf.Tensor:
        """Compute h after the last step of each sequence. A sequence consists of rows of a table.

        The table is projected before rows are looked up, so that each row is projected once.

        Args:
          table: x of every row, float32 [rows, D].
          ids: the rows of each sequence, int32 [N, W], right-padded.
          lengths: int32 [N], in descending order, at least 1.
          training: whether a gradient is needed.

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
        return packed_lstm.last_states(self.project(table), kernel, ids, lengths, training)


class GRU(tf.keras.layers.GRU):
    """Keras' GRU in either direction, for TNNLS table VI. It has the arguments of `LSTM`, except `xla`."""

    def __init__(self, units: int, backward: bool = False, **kwargs) -> None:
        super().__init__(units, return_sequences=True, **kwargs)
        self.backward = backward

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
        return _directed(super().call, inputs, lengths, self.backward)


def run_both(forward: LSTM, backward: LSTM, inputs: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
    """Compute [forward; backward], TNNLS equation 3, with one product that projects the inputs for both directions.

    Args:
      forward: the LSTM that reads from the beginning.
      backward: the LSTM that reads from the end.
      inputs: float32 [B, L, D], right-padded.
      lengths: int32 [B].
      training: whether the model is being trained.

    Returns:
      float32 [B, L, 2u].
    """
    layers = forward, backward
    if forward.keras or not forward.built:  # the first call builds both layers
        return tf.concat([layer(inputs, lengths=lengths, training=training) for layer in layers], -1)
    kernel = tf.concat([forward.cell.kernel, backward.cell.kernel], 1)
    bias = tf.concat([forward.cell.bias, backward.cell.bias], 0)
    joint = linear(inputs, kernel, bias)
    if not training:
        mask = tf.sequence_mask(lengths, tf.shape(inputs)[1], tf.float32)
        kernels = [tf.convert_to_tensor(layer.cell.recurrent_kernel) for layer in layers]
        if forward.joined:
            return recur_both(tf.stack(tf.split(joint, 2, -1)), tf.stack(kernels), mask)
        # Each direction reads its columns where they are. Two tensors would have to be copied.
        hidden = [recur_only(joint, kernels[n], mask, bool(n), n * kernels[n].shape[1]) for n in range(2)]
        return tf.concat(hidden, -1)
    projected = tf.split(joint, 2, -1)
    return tf.concat([layer.recur(x, lengths, training) for layer, x in zip(layers, projected)], -1)


def last_states_both(
    forward: LSTM, backward: LSTM, table: tf.Tensor, ids: tf.Tensor, lengths: tf.Tensor, training: bool = False
) -> tf.Tensor:
    """Compute [forward; backward] after the last step of each sequence. The arguments are those of `last_states`.

    Returns:
      float32 [N, 2u].
    """
    layers = forward, backward
    if forward.joined and not training:
        tables = tf.stack([layer.project(table) for layer in layers])
        kernels = tf.stack([layer.cell.recurrent_kernel for layer in layers])
        return packed_lstm.last_states_both(tables, kernels, ids, lengths)
    return tf.concat([layer.last_states(table, ids, lengths, training) for layer in layers], -1)


def _directed(run: Callable[[tf.Tensor], tf.Tensor], inputs: tf.Tensor, lengths: tf.Tensor, backward: bool):
    """Run a layer on sentences in reading direction, without a mask, which cuDNN's kernel does not support.

    Args:
      run: the layer's function from float32 [B, L, D] to [B, L, u].
      inputs: float32 [B, L, D], right-padded.
      lengths: int32 [B].
      backward: whether to reverse each sentence, within its own length, before and after.

    Returns:
      float32 [B, L, u].
    """
    if not backward:
        return run(inputs)
    hidden = run(tf.reverse_sequence(inputs, lengths, seq_axis=1, batch_axis=0))
    return tf.reverse_sequence(hidden, lengths, seq_axis=1, batch_axis=0)
