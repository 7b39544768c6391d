"""LSTM and GRU in either direction; an LSTM that is fast on a CPU too.

Shapes: B batch, L tokens, D input features, u units. The four gates stand side by side
in Keras' order: input i, forget f, cell g, output o.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf


class LSTM(tf.keras.layers.LSTM):
    """h_t = LSTM(x_t, h_{t-1}) for all t, TNNLS equations 1 and 2.

    Weights, their initial values and the results are those of Keras. On a CPU the
    input projection of all steps is one product, and the weights' gradients are one
    product each; on a GPU Keras' own code runs, there cuDNN's kernel.

    Args:
      units: u.
      backward: read each sentence from its end.
      xla: have XLA compile the recurrence on a CPU: faster where few shapes occur.

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

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        if self.keras:
            return _directed(super().call, inputs, lengths, self.backward)
        return self.recur(self.project(inputs), lengths)

    def embed(self, table: tf.Tensor, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """The layer on rows of a table, which is projected before it is looked up in.

        Args:
          table: float32 [rows, D].
          ids: int32 [B, L].
          lengths: int32 [B].

        Returns:
          float32 [B, L, u].
        """
        if self.keras or not self.built:
            return self(tf.gather(table, ids), lengths=lengths)
        return self.recur(tf.gather(self.project(table), ids), lengths)

    def project(self, inputs: tf.Tensor) -> tf.Tensor:
        """W x + b for all four gates: float32 [..., D] to [..., 4u]."""
        return tf.tensordot(inputs, self.cell.kernel, 1) + self.cell.bias

    def recur(self, projected: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """h of all steps from the projected inputs: float32 [B, L, 4u] to [B, L, u]."""
        mask = tf.sequence_mask(lengths, tf.shape(projected)[1], tf.float32)
        # As a tensor: for each variable the compiled functions would be traced anew.
        kernel = tf.convert_to_tensor(self.cell.recurrent_kernel)
        run = _recur_compiled if self.xla else _recur
        return run(projected, kernel, mask, self.backward)


class GRU(tf.keras.layers.GRU):
    """Keras' GRU in either direction, for TNNLS table VI; arguments as for `LSTM`, without xla."""

    def __init__(self, units: int, backward: bool = False, **kwargs) -> None:
        super().__init__(units, return_sequences=True, **kwargs)
        self.backward = backward

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        return _directed(super().call, inputs, lengths, self.backward)


def run_both(forward: LSTM, backward: LSTM, inputs: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """[forward; backward], TNNLS equation 3, one product projecting for both: [B, L, 2u]."""
    if forward.keras or not forward.built:  # the first call builds both
        return tf.concat([layer(inputs, lengths=lengths) for layer in (forward, backward)], -1)
    kernel = tf.concat([forward.cell.kernel, backward.cell.kernel], 1)
    bias = tf.concat([forward.cell.bias, backward.cell.bias], 0)
    projected = tf.split(tf.tensordot(inputs, kernel, 1) + bias, 2, -1)
    return tf.concat([layer.recur(x, lengths) for layer, x in zip((forward, backward), projected)], -1)


def _directed(run: Callable[[tf.Tensor], tf.Tensor], inputs: tf.Tensor, lengths: tf.Tensor, backward: bool):
    """Each sentence reversed within its own length where `backward`, so that no mask,
    which would keep cuDNN's kernel away, is needed."""
    if not backward:
        return run(inputs)
    hidden = run(tf.reverse_sequence(inputs, lengths, seq_axis=1, batch_axis=0))
    return tf.reverse_sequence(hidden, lengths, seq_axis=1, batch_axis=0)


def _custom_gradient(forward, backward):
    """h = LSTM(W x + b) with a gradient of its own; see `_forward` for the arguments."""

    def recur(projected: tf.Tensor, kernel: tf.Tensor, mask: tf.Tensor, reverse: bool) -> tf.Tensor:
        @tf.custom_gradient
        def call(projected: tf.Tensor, kernel: tf.Tensor):
            # Run eagerly, TensorFlow would prepare a gradient of its own for what it sees.
            projected, kernel = tf.stop_gradient(projected), tf.stop_gradient(kernel)
            hidden, before, gates, cells = forward(projected, kernel, mask, reverse)

            def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                slopes = backward(upstream, gates, cells, kernel, mask, reverse)  # [B, L, 4u]
                units = kernel.shape[0]
                flat = tf.reshape(before, [-1, units]), tf.reshape(slopes, [-1, 4 * units])
                return slopes, tf.matmul(*flat, transpose_a=True)

            return hidden, gradient

        return call(projected, kernel)

    return recur


def _time_major(x: tf.Tensor, reverse: bool) -> tf.Tensor:
    """[B, L, ...] to [L, B, ...] in the order of reading, and back."""
    x = tf.transpose(x, [1, 0, *range(2, x.shape.rank)])
    return tf.reverse(x, [0]) if reverse else x


def _batch_major(x: tf.Tensor, reverse: bool) -> tf.Tensor:
    return tf.transpose(tf.reverse(x, [0]) if reverse else x, [1, 0, 2])


def _forward(projected: tf.Tensor, kernel: tf.Tensor, mask: tf.Tensor, reverse: bool) -> tuple[tf.Tensor, ...]:
    """The recurrence.

    Args:
      projected: W x + b, float32 [B, L, 4u].
      kernel: U, float32 [u, 4u].
      mask: float32 [B, L]; read from the end, the state stays zero until a token comes.
      reverse: read from the end.

    Returns:
      h and the h before it, float32 [B, L, u]; the gates and c in the order of
      reading, [L, B, 4u] and [L, B, u].
    """
    projected, mask = _time_major(projected, reverse), _time_major(mask, reverse)[..., None]
    zeros = tf.zeros([tf.shape(projected)[1], kernel.shape[0]])

    def step(t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, outputs: tuple[tf.TensorArray, ...]) -> tuple:
        i, f, g, o = tf.split(projected[t] + tf.matmul(h, kernel), 4, -1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        c = (f * c + i * g) * mask[t] if reverse else f * c + i * g
        h = o * tf.tanh(c)
        values = h, tf.concat([i, f, g, o], -1), c
        return t + 1, h, c, tuple(array.write(t, value) for array, value in zip(outputs, values))

    length = tf.shape(projected)[0]
    outputs = tuple(tf.TensorArray(tf.float32, length) for _ in range(3))
    *_, outputs = tf.while_loop(lambda t, *_: t < length, step, (0, zeros, zeros, outputs))
    hidden, gates, cells = (array.stack() for array in outputs)
    before = tf.concat([zeros[None], hidden[:-1]], 0)
    return _batch_major(hidden, reverse), _batch_major(before, reverse), gates, cells


def _backward(
    upstream: tf.Tensor, gates: tf.Tensor, cells: tf.Tensor, kernel: tf.Tensor, mask: tf.Tensor, reverse: bool
) -> tf.Tensor:
    """The gradient for the projected inputs, [B, L, 4u], from that for h, [B, L, u]."""
    upstream, mask = _time_major(upstream, reverse), _time_major(mask, reverse)[..., None]
    transposed = tf.transpose(kernel)  # once: inside the loop XLA's product is three times slower
    zeros = tf.zeros_like(cells[0])
    before = tf.concat([zeros[None], cells[:-1]], 0)

    def step(t: tf.Tensor, dh: tf.Tensor, dc: tf.Tensor, slopes: tf.TensorArray) -> tuple:
        i, f, g, o = tf.split(gates[t], 4, -1)
        c = tf.tanh(cells[t])
        dh += upstream[t]
        dc += dh * o * (1.0 - c * c)
        if reverse:
            dc *= mask[t]
        parts = dc * g * i * (1.0 - i), dc * before[t] * f * (1.0 - f), dc * i * (1.0 - g * g), dh * c * o * (1.0 - o)
        slope = tf.concat(parts, -1)
        return t - 1, tf.matmul(slope, transposed), dc * f, slopes.write(t, slope)

    length = tf.shape(cells)[0]
    start = (length - 1, zeros, zeros, tf.TensorArray(tf.float32, length))
    slopes = tf.while_loop(lambda t, *_: t >= 0, step, start)[3].stack()
    return _batch_major(slopes, reverse)


_forward_compiled = tf.function(_forward, jit_compile=True, autograph=False)
_recur = _custom_gradient(_forward, _backward)
_recur_compiled = _custom_gradient(_forward_compiled, tf.function(_backward, jit_compile=True, autograph=False))
