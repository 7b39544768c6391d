"""The LSTM's recurrence over padded sequences, with a gradient of its own.

Shapes: B batch, L tokens, u units. The four gates stand side by side in Keras' order:
input i, forget f, cell g, output o.
"""

from __future__ import annotations

import tensorflow as tf


def cell(projected: tf.Tensor, h: tf.Tensor, c: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """One step: the gates [B, 4u] and the new c [B, u], before any mask."""
    i, f, g, o = tf.split(projected + tf.matmul(h, kernel), 4, -1)
    i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
    return tf.concat([i, f, g, o], -1), f * c + i * g


def cell_gradient(
    gates: tf.Tensor, c: tf.Tensor, before: tf.Tensor, dh: tf.Tensor, dc: tf.Tensor, mask: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """One step back.

    Args:
      gates: [B, 4u].
      c: [B, u], of this step.
      before: [B, u], c of the step before.
      dh: gradient for h, [B, u].
      dc: gradient for c from the steps after, [B, u].
      mask: [B, 1], what c was multiplied by, or None.

    Returns:
      The gradients for the projected input, [B, 4u], and for `before`, [B, u].
    """
    i, f, g, o = tf.split(gates, 4, -1)
    c = tf.tanh(c)
    dc += dh * o * (1.0 - c * c)
    if mask is not None:
        dc *= mask
    parts = dc * g * i * (1.0 - i), dc * before * f * (1.0 - f), dc * i * (1.0 - g * g), dh * c * o * (1.0 - o)
    return tf.concat(parts, -1), dc * f


def _time_major(x: tf.Tensor, reverse: bool) -> tf.Tensor:
    """[B, L, ...] to [L, B, ...] in the order of reading, and back."""
    x = tf.transpose(x, [1, 0, *range(2, x.shape.rank)])
    return tf.reverse(x, [0]) if reverse else x


def _batch_major(x: tf.Tensor, reverse: bool) -> tf.Tensor:
    return tf.transpose(tf.reverse(x, [0]) if reverse else x, [1, 0, 2])


def _forward(
    projected: tf.Tensor, kernel: tf.Tensor, mask: tf.Tensor, reverse: bool, keep: bool = True
) -> tuple[tf.Tensor, ...]:
    """The recurrence.

    Args:
      projected: W x + b, float32 [B, L, 4u].
      kernel: U, float32 [u, 4u].
      mask: float32 [B, L]; read from the end, the state stays zero until a token comes.
      reverse: read from the end.
      keep: also return what the gradient needs.

    Returns:
      h, float32 [B, L, u]; if kept, the h before it, [B, L, u], and the gates and c in
      the order of reading, [L, B, 4u] and [L, B, u].
    """
    projected, mask = _time_major(projected, reverse), _time_major(mask, reverse)[..., None]
    zeros = tf.zeros([tf.shape(projected)[1], kernel.shape[0]])

    def step(t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, outputs: tuple[tf.TensorArray, ...]) -> tuple:
        gates, c = cell(projected[t], h, c, kernel)
        c = c * mask[t] if reverse else c
        h = gates[:, -kernel.shape[0] :] * tf.tanh(c)
        values = (h, gates, c) if keep else (h,)
        return t + 1, h, c, tuple(array.write(t, value) for array, value in zip(outputs, values))

    length = tf.shape(projected)[0]
    outputs = tuple(tf.TensorArray(tf.float32, length) for _ in range(3 if keep else 1))
    *_, outputs = tf.while_loop(lambda t, *_: t < length, step, (0, zeros, zeros, outputs))
    hidden, *rest = (array.stack() for array in outputs)
    if not keep:
        return (_batch_major(hidden, reverse),)
    before = tf.concat([zeros[None], hidden[:-1]], 0)
    return (_batch_major(hidden, reverse), _batch_major(before, reverse), *rest)


def _backward(
    upstream: tf.Tensor, gates: tf.Tensor, cells: tf.Tensor, kernel: tf.Tensor, mask: tf.Tensor, reverse: bool
) -> tf.Tensor:
    """The gradient for the projected inputs, [B, L, 4u], from that for h, [B, L, u]."""
    upstream, mask = _time_major(upstream, reverse), _time_major(mask, reverse)[..., None]
    transposed = tf.transpose(kernel)  # once: inside the loop XLA's product is three times slower
    zeros = tf.zeros_like(cells[0])
    before = tf.concat([zeros[None], cells[:-1]], 0)

    def step(t: tf.Tensor, dh: tf.Tensor, dc: tf.Tensor, slopes: tf.TensorArray) -> tuple:
        dh += upstream[t]
        slope, dc = cell_gradient(gates[t], cells[t], before[t], dh, dc, mask[t] if reverse else None)
        return t - 1, tf.matmul(slope, transposed), dc, slopes.write(t, slope)

    length = tf.shape(cells)[0]
    start = (length - 1, zeros, zeros, tf.TensorArray(tf.float32, length))
    slopes = tf.while_loop(lambda t, *_: t >= 0, step, start)[3].stack()
    return _batch_major(slopes, reverse)


def _custom_gradient(forward, backward):
    """The function from `_forward`'s arguments to h of all steps, [B, L, u], whose gradient is `backward`."""

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


def recur_only(projected: tf.Tensor, kernel: tf.Tensor, mask: tf.Tensor, reverse: bool) -> tf.Tensor:
    """As `recur`, keeping nothing for a gradient: for inference."""
    return _forward(projected, kernel, mask, reverse, keep=False)[0]


_forward_compiled = tf.function(_forward, jit_compile=True, autograph=False)
recur = _custom_gradient(_forward, _backward)
recur_compiled = _custom_gradient(_forward_compiled, tf.function(_backward, jit_compile=True, autograph=False))
