"""The LSTM's recurrence over padded sequences, with its own gradient.

Shapes: B batch, L tokens, u units. The four gates are concatenated in Keras' order: input i, forget f, cell g, output
o.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import tensorflow as tf


def open_cell(projected: tf.Tensor, h: tf.Tensor, c: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Compute one step as `cell` does, and return only the output gate, float32 [B, u], and the new c."""
    i, f, g, o = tf.split(projected + tf.matmul(h, kernel), 4, -1)
    return tf.sigmoid(o), tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)


def cell(projected: tf.Tensor, h: tf.Tensor, c: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Compute one step.

    Args:
      projected: W x + b of this step, float32 [B, 4u].
      h: h of the step before, float32 [B, u].
      c: c of the step before, float32 [B, u].
      kernel: U, float32 [u, 4u].

    Returns:
      The gates, float32 [B, 4u], and the new c, float32 [B, u], which is not masked yet.
    """
    i, f, g, o = tf.split(projected + tf.matmul(h, kernel), 4, -1)
    i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
    return tf.concat([i, f, g, o], -1), f * c + i * g


def cell_gradient(
    gates: tf.Tensor, c: tf.Tensor, before: tf.Tensor, dh: tf.Tensor, dc: tf.Tensor, mask: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Compute the gradient of one step.

    Args:
      gates: the gates of this step, float32 [B, 4u].
      c: c of this step, float32 [B, u].
      before: c of the step before, float32 [B, u].
      dh: the gradient for h of this step, float32 [B, u].
      dc: the gradient for c of this step from the later steps, float32 [B, u].
      mask: the mask by which c was multiplied, float32 [B, 1], or None.

    Returns:
      The gradients for the projected input, float32 [B, 4u], and for `before`, float32 [B, u].
    """
    i, f, g, o = tf.split(gates, 4, -1)
    c = tf.tanh(c)
    dc += dh * o * (1.0 - c * c)
    if mask is not None:
        dc *= mask
    parts = dc * g * i * (1.0 - i), dc * before * f * (1.0 - f), dc * i * (1.0 - g * g), dh * c * o * (1.0 - o)
    return tf.concat(parts, -1), dc * f


def _time_major(x: tf.Tensor) -> tf.Tensor:
    """Turn [B, L, ...] into [L, B, ...], and back."""
    return tf.transpose(x, [1, 0, *range(2, x.shape.rank)])


def _forward(projected: tf.Tensor, kernel: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Compute all steps of the recurrence, from the first to the last.

    Args:
      projected: W x + b, float32 [B, L, 4u].
      kernel: U, float32 [u, 4u].
      mask: float32 [B, L], 0 where the state is set to zero.

    Returns:
      h, float32 [B, L, u]; h of the step before, [B, L, u]; the gates, [L, B, 4u]; and c, [L, B, u].
    """
    projected = _time_major(projected)
    steps = _time_major(mask)[..., None]
    zeros = tf.zeros([tf.shape(projected)[1], kernel.shape[0]])

    def step(t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, outputs: tuple[tf.TensorArray, ...]) -> tuple:
        gates, c = cell(projected[t], h, c, kernel)
        c *= steps[t]
        h = gates[:, -kernel.shape[0] :] * tf.tanh(c)
        return t + 1, h, c, tuple(array.write(t, value) for array, value in zip(outputs, (h, gates, c)))

    length = tf.shape(projected)[0]
    outputs = tuple(tf.TensorArray(tf.float32, length) for _ in range(3))
    *_, outputs = tf.while_loop(lambda t, *_: t < length, step, (0, zeros, zeros, outputs))
    hidden, *rest = (array.stack() for array in outputs)
    before = tf.concat([zeros[None], hidden[:-1]], 0)
    return (_time_major(hidden), _time_major(before), *rest)


def _backward(upstream: tf.Tensor, gates: tf.Tensor, cells: tf.Tensor, kernel: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Compute the gradient for the projected inputs.

    Args:
      upstream: the gradient for h, float32 [B, L, u].
      gates: the gates, float32 [L, B, 4u].
      cells: c, float32 [L, B, u].
      kernel: U, float32 [u, 4u].
      mask: float32 [B, L], as for `_forward`.

    Returns:
      float32 [B, L, 4u].
    """
    upstream, mask = _time_major(upstream), _time_major(mask)[..., None]
    transposed = tf.transpose(kernel)  # outside of the loop: inside, XLA's product is three times slower
    zeros = tf.zeros_like(cells[0])
    before = tf.concat([zeros[None], cells[:-1]], 0)

    def step(t: tf.Tensor, dh: tf.Tensor, dc: tf.Tensor, slopes: tf.TensorArray) -> tuple:
        dh += upstream[t]
        slope, dc = cell_gradient(gates[t], cells[t], before[t], dh, dc, mask[t])
        return t - 1, tf.matmul(slope, transposed), dc, slopes.write(t, slope)

    length = tf.shape(cells)[0]
    start = (length - 1, zeros, zeros, tf.TensorArray(tf.float32, length))
    slopes = tf.while_loop(lambda t, *_: t >= 0, step, start)[3].stack()
    return _time_major(slopes)


def _in_direction(run: Callable, projected: tf.Tensor, kernel: tf.Tensor, mask: tf.Tensor, reverse: bool) -> tf.Tensor:
    """Run a recurrence from the first or from the last step.

    Both directions run the same function, so that XLA compiles one program for each shape instead of two.

    Args:
      run: a function from the projected inputs, the kernel and the mask to h.
      projected: W x + b, float32 [B, L, 4u].
      kernel: U, float32 [u, 4u].
      mask: float32 [B, L], 1 where there is a token. Read from the end, it keeps the state at zero before the last
        token.
      reverse: whether to read from the end.

    Returns:
      h, float32 [B, L, u].
    """
    if not reverse:
        return run(projected, kernel, tf.ones_like(mask))
    return tf.reverse(run(tf.reverse(projected, [1]), kernel, tf.reverse(mask, [1])), [1])


def _custom_gradient(forward: Callable, backward: Callable) -> Callable:
    """Make a differentiable function from `_in_direction`'s arguments to h of all steps, float32 [B, L, u].

    Args:
      forward: `_forward`, or a compiled version of it.
      backward: `_backward`, or a compiled version of it.
    """

    def one_way(projected: tf.Tensor, kernel: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        @tf.custom_gradient
        def call(projected: tf.Tensor, kernel: tf.Tensor):
            # In eager mode, TensorFlow would otherwise record these operations for its own gradient.
            projected, kernel = tf.stop_gradient(projected), tf.stop_gradient(kernel)
            hidden, before, gates, cells = forward(projected, kernel, mask)

            def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                slopes = backward(upstream, gates, cells, kernel, mask)  # [B, L, 4u]
                units = kernel.shape[0]
                flat = tf.reshape(before, [-1, units]), tf.reshape(slopes, [-1, 4 * units])
                return slopes, tf.matmul(*flat, transpose_a=True)

            return hidden, gradient

        return call(projected, kernel)

    return functools.partial(_in_direction, one_way)


def recur_only(projected: tf.Tensor, kernel: tf.Tensor, mask: tf.Tensor, reverse: bool, first: int = 0) -> tf.Tensor:
    """Compute h of all steps for inference, without keeping values for a gradient, and without moving the inputs.

    Args:
      projected: W x + b, float32 [B, L, 4u] or more columns.
      kernel: U, float32 [u, 4u].
      mask: float32 [B, L], 1 where there is a token.
      reverse: whether to read from the end.
      first: the first of the 4u columns to read.

    Returns:
      h, float32 [B, L, u].
    """
    length, gates = tf.shape(projected)[1], slice(first, first + kernel.shape[1])
    zeros = tf.zeros([tf.shape(projected)[0], kernel.shape[0]])

    def step(number: tf.Tensor, h: tf.Tensor, c: tf.Tensor, hidden: tf.TensorArray) -> tuple:
        t = length - 1 - number if reverse else number
        o, c = open_cell(projected[:, t, gates], h, c, kernel)
        if reverse:  # the other direction comes to the padding last; a mask would take time and change nothing
            c *= mask[:, t, None]
        h = o * tf.tanh(c)
        return number + 1, h, c, hidden.write(t, h)

    start = (0, zeros, zeros, tf.TensorArray(tf.float32, length))
    return _time_major(tf.while_loop(lambda number, *_: number < length, step, start)[3].stack())


def recur_both(projected: tf.Tensor, kernels: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Compute h of all steps in both directions, in one loop, for inference.

    The graph is half as large as that of two calls of `recur_only`.

    Args:
      projected: W x + b of both directions, float32 [2, B, L, 4u].
      kernels: U of both directions, float32 [2, u, 4u].
      mask: float32 [B, L], 1 where there is a token.

    Returns:
      [forward; backward], float32 [B, L, 2u].
    """
    units = kernels.shape[1]
    steps = tf.transpose(tf.stack([projected[0], tf.reverse(projected[1], [1])]), [2, 0, 1, 3])  # [L, 2, B, 4u]
    masks = tf.transpose(tf.stack([tf.ones_like(mask), tf.reverse(mask, [1])]), [2, 0, 1])[..., None]
    zeros = tf.zeros_like(steps[0, ..., :units])

    def step(t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, hidden: tf.TensorArray) -> tuple:
        o, c = open_cell(steps[t], h, c, kernels)
        c *= masks[t]
        h = o * tf.tanh(c)
        return t + 1, h, c, hidden.write(t, h)

    length = tf.shape(steps)[0]
    start = (0, zeros, zeros, tf.TensorArray(tf.float32, length))
    hidden = tf.while_loop(lambda t, *_: t < length, step, start)[3].stack()
    forward, backward = tf.unstack(tf.transpose(hidden, [1, 2, 0, 3]))
    return tf.concat([forward, tf.reverse(backward, [1])], -1)


_forward_compiled = tf.function(_forward, jit_compile=True, autograph=False)
recur = _custom_gradient(_forward, _backward)
recur_compiled = _custom_gradient(_forward_compiled, tf.function(_backward, jit_compile=True, autograph=False))
