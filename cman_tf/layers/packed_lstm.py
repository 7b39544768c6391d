"""Last states of an LSTM over sequences of very different lengths, without computing on padding.

The sequences are in descending order of length, so that at step t the first n_t of them continue and the others have
ended. The rows of all steps are packed one after another, n_0 + n_1 + ... rows. This pays off for a batch's words,
which have 5 characters on average and 15 at most.

Shapes: N sequences, W steps of the longest sequence, u units, S the sum of all lengths.
"""

from __future__ import annotations

import tensorflow as tf

from cman_tf.layers.lstm_kernels import cell, cell_gradient, open_cell


def last_states(
    table: tf.Tensor, kernel: tf.Tensor, ids: tf.Tensor, lengths: tf.Tensor, training: bool = True
) -> tf.Tensor:
    """Compute h after the last step of each sequence.

    Args:
      table: W x + b of all possible inputs, float32 [rows, 4u].
      kernel: U, float32 [u, 4u].
      ids: the table's rows that each sequence consists of, int32 [N, W], right-padded.
      lengths: int32 [N], in descending order, at least 1.
      training: whether to keep values for a gradient.

    Returns:
      float32 [N, u].
    """
    active = tf.transpose(tf.sequence_mask(lengths, tf.shape(ids)[1]))  # [W, N]
    counts = tf.reduce_sum(tf.cast(active, tf.int32), 1)  # n_t, int32 [W]
    projected = tf.gather(table, tf.boolean_mask(tf.transpose(ids), active))  # [S, 4u]
    if not training:
        return _forward(projected, kernel, counts, keep=False)[0]

    @tf.custom_gradient
    def run(projected: tf.Tensor, kernel: tf.Tensor):
        # In eager mode, TensorFlow would otherwise record these operations for its own gradient.
        projected, kernel = tf.stop_gradient(projected), tf.stop_gradient(kernel)
        last, *kept = _forward(projected, kernel, counts)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            slopes = _backward(tf.convert_to_tensor(upstream), kernel, counts, *kept[1:])
            return slopes, tf.matmul(kept[0], slopes, transpose_a=True)

        return last, gradient

    return run(projected, tf.convert_to_tensor(kernel))


def last_states_both(tables: tf.Tensor, kernels: tf.Tensor, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Compute h after the last step of each sequence in both directions, in one loop, for inference.

    Args:
      tables: W x + b of all possible inputs, of both directions, float32 [2, rows, 4u].
      kernels: U of both directions, float32 [2, u, 4u].
      ids: the tables' rows that each sequence consists of, int32 [N, W], right-padded.
      lengths: int32 [N], in descending order, at least 1.

    Returns:
      [forward; backward], float32 [N, 2u].
    """
    units = kernels.shape[1]
    active = tf.transpose(tf.sequence_mask(lengths, tf.shape(ids)[1]))
    counts = tf.reduce_sum(tf.cast(active, tf.int32), 1)
    ends, there = tf.cumsum(counts), tf.where(active)
    both = ids, tf.reverse_sequence(ids, lengths, seq_axis=1, batch_axis=0)
    rows = tf.stack([tf.gather_nd(tf.transpose(one), there) for one in both])  # [2, S]
    projected = tf.gather(tables, rows, batch_dims=1)
    zeros = tf.zeros([2, counts[0], units])

    def step(t: tf.Tensor, h: tf.Tensor, c: tf.Tensor) -> tuple:
        n = counts[t]
        o, after = open_cell(projected[:, ends[t] - n : ends[t]], h[:, :n], c[:, :n], kernels)
        h = tf.concat([o * tf.tanh(after), h[:, n:]], 1)
        c = tf.concat([after, c[:, n:]], 1)
        return t + 1, tf.ensure_shape(h, zeros.shape), tf.ensure_shape(c, zeros.shape)

    _, h, _ = tf.while_loop(lambda t, *_: t < tf.shape(counts)[0], step, (0, zeros, zeros))
    return tf.concat(tf.unstack(h), -1)


def _array(steps: tf.Tensor, width: int) -> tf.TensorArray:
    return tf.TensorArray(tf.float32, steps, infer_shape=False, element_shape=[None, width])


def _replace(state: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
    """Return the state with its first rows replaced."""
    return tf.ensure_shape(tf.concat([first, state[tf.shape(first)[0] :]], 0), state.shape)


def _forward(projected: tf.Tensor, kernel: tf.Tensor, counts: tf.Tensor, keep: bool = True) -> tuple[tf.Tensor, ...]:
    """Compute all steps.

    Args:
      projected: W x + b, packed, float32 [S, 4u].
      kernel: U, float32 [u, 4u].
      counts: n_t of each step, int32 [W].
      keep: whether to return the values that the gradient needs, too.

    Returns:
      The last states, float32 [N, u]; with `keep` also, packed, h before each step, [S, u], the gates, [S, 4u], c
      before each step, [S, u], and c after it, [S, u].
    """
    units, steps = kernel.shape[0], tf.shape(counts)[0]
    ends = tf.cumsum(counts)
    zeros = tf.zeros([counts[0], units])

    def step(t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, kept: tuple[tf.TensorArray, ...]) -> tuple:
        n = counts[t]
        going, before = h[:n], c[:n]
        gates, after = cell(projected[ends[t] - n : ends[t]], going, before, kernel)
        values = (going, gates, before, after) if keep else ()
        h, c = _replace(h, gates[:, -units:] * tf.tanh(after)), _replace(c, after)
        return t + 1, h, c, tuple(array.write(t, value) for array, value in zip(kept, values))

    kept = tuple(_array(steps, width) for width in (units, 4 * units, units, units) if keep)
    _, h, _, kept = tf.while_loop(lambda t, *_: t < steps, step, (0, zeros, zeros, kept))
    return (h, *(array.concat() for array in kept))


def _backward(
    upstream: tf.Tensor,
    kernel: tf.Tensor,
    counts: tf.Tensor,
    gates: tf.Tensor,
    before: tf.Tensor,
    after: tf.Tensor,
) -> tf.Tensor:
    """Compute the gradient for the packed projected inputs.

    Args:
      upstream: the gradient for the last states, float32 [N, u].
      kernel: U, float32 [u, 4u].
      counts: n_t of each step, int32 [W].
      gates: the gates, packed, float32 [S, 4u].
      before: c before each step, packed, float32 [S, u].
      after: c after each step, packed, float32 [S, u].

    Returns:
      float32 [S, 4u].
    """
    ends, transposed = tf.cumsum(counts), tf.transpose(kernel)

    def step(t: tf.Tensor, dh: tf.Tensor, dc: tf.Tensor, slopes: tf.TensorArray) -> tuple:
        n = counts[t]
        rows = slice(ends[t] - n, ends[t])
        slope, going = cell_gradient(gates[rows], after[rows], before[rows], dh[:n], dc[:n])
        return t - 1, _replace(dh, tf.matmul(slope, transposed)), _replace(dc, going), slopes.write(t, slope)

    steps = tf.shape(counts)[0]
    start = (steps - 1, upstream, tf.zeros_like(upstream), _array(steps, 4 * kernel.shape[0]))
    return tf.while_loop(lambda t, *_: t >= 0, step, start)[3].concat()
