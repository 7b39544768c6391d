"""The relation scores of equation 9 / 16 for all pairs of tokens, computed as written and in a fast way.

Shapes: B batch, L tokens, R relations, K parameter sets (R, or 1 if shared), d~ intermediate size.
"""

from __future__ import annotations

import tensorflow as tf


def pair_scores(head: tf.Tensor, tail: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
    """Compute equation 9 / 16 for all pairs as it is written.

    Args:
      head: U_k x_i + b_k, float32 [B, L, K, d~].
      tail: W_k x_j, float32 [B, L, K, d~].
      v: V_k, float32 [R, d~].

    Returns:
      float32 [B, L, L, R].
    """
    hidden = tf.tanh(head[:, :, None] + tail[:, None])
    if head.shape[2] == 1:
        return tf.tensordot(hidden[:, :, :, 0], v, [[3], [1]])
    return tf.reduce_sum(hidden * v, -1)


# tanh(u + w) = 1 - 2 r with r = 1 / (1 + e^2u e^2w). In this form the exponentials are computed once for each token
# instead of each pair, and a pair costs one product and one division. If |u| or |w| is above this bound, e^2u or e^2w
# overflows in float32, and r is computed directly from u + w.
_BOUND = 40.0


def _prepare(x: tf.Tensor, direct: bool) -> tf.Tensor:
    """Compute e^2x, the part of r that depends on one token; with `direct` return x."""
    return x if direct else tf.exp(2.0 * x)


def _reciprocal(one: tf.Tensor, other: tf.Tensor, direct: bool) -> tf.Tensor:
    """Compute r from the prepared values of two tokens."""
    return tf.sigmoid(-2.0 * (one + other)) if direct else 1.0 / (1.0 + one * other)


@tf.function(jit_compile=True, autograph=False)
def _forward(head: tf.Tensor, tail: tf.Tensor, v: tf.Tensor, direct: bool) -> tf.Tensor:
    """Compute V (1 - 2 r) for all pairs. XLA fuses the sum over d~, so r is never stored.

    Args:
      head: as for `pair_scores`.
      tail: as for `pair_scores`.
      v: as for `pair_scores`.
      direct: whether to compute r directly from u + w.

    Returns:
      float32 [B, L, L, R].
    """
    r = _reciprocal(_prepare(head, direct)[:, :, None], _prepare(tail, direct)[:, None], direct)
    if head.shape[2] == 1:
        summed = tf.tensordot(r[:, :, :, 0], v, [[3], [1]])
    else:
        summed = tf.reduce_sum(r * v, -1)
    return tf.reduce_sum(v, -1) - 2.0 * summed


@tf.function(jit_compile=True, autograph=False)
def _backward(
    head: tf.Tensor, tail: tf.Tensor, v: tf.Tensor, upstream: tf.Tensor, direct: bool
) -> tuple[tf.Tensor, ...]:
    """Compute the gradients for head, tail and v, with 1 - tanh^2 = 4 (r - r^2).

    Args:
      head: as for `pair_scores`.
      tail: as for `pair_scores`.
      v: as for `pair_scores`.
      upstream: the gradient for the scores, float32 [B, L, L, R].
      direct: whether to compute r directly from u + w.
    """
    u, w = _prepare(head, direct), _prepare(tail, direct)
    head_gradient, v_gradient = _accumulate(u, w, v, tf.transpose(upstream, [2, 0, 1, 3]), direct)
    tail_gradient, _ = _accumulate(w, u, v, tf.transpose(upstream, [1, 0, 2, 3]), direct)
    v_gradient = tf.reduce_sum(upstream, [0, 1, 2])[:, None] - 2.0 * v_gradient
    return head_gradient, tail_gradient, v_gradient


def _accumulate(
    one: tf.Tensor, other: tf.Tensor, v: tf.Tensor, upstream: tf.Tensor, direct: bool
) -> tuple[tf.Tensor, tf.Tensor]:
    """Sum over the tokens of one side in a loop, so that only [B, L, K, d~] is held at a time.

    Args:
      one: the side whose gradient is computed, prepared, float32 [B, L, K, d~].
      other: the side that is summed over, prepared, float32 [B, L, K, d~].
      v: V_k, float32 [R, d~].
      upstream: the gradient for the scores, float32 [L of other, B, L of one, R].
      direct: the argument with which both sides were prepared.

    Returns:
      The gradient for `one`, float32 [B, L, K, d~], and the sum of upstream times r, float32 [R, d~].
    """
    shared = one.shape[2] == 1
    other = tf.transpose(other, [1, 0, 2, 3])[:, :, None]  # [L, B, 1, K, d~]

    def step(j: tf.Tensor, slopes: tf.Tensor, products: tf.Tensor) -> tuple[tf.Tensor, ...]:
        r = _reciprocal(one, other[j], direct)
        if shared:
            weights = tf.tensordot(upstream[j], v, 1)[:, :, None]  # [B, L, 1, d~]
            slopes += weights * (r - r * r)
            products += tf.tensordot(upstream[j], r[:, :, 0], [[0, 1], [0, 1]])  # [R, d~]
        else:
            weighted = upstream[j][..., None] * r
            slopes += weighted * (1.0 - r)
            products += weighted
        return j + 1, slopes, products

    start = (0, tf.zeros_like(one), tf.zeros_like(v if shared else one))
    _, slopes, products = tf.while_loop(lambda j, *_: j < tf.shape(other)[0], step, start)
    if shared:
        return 4.0 * slopes, products
    return 4.0 * v * slopes, tf.reduce_sum(products, [0, 1])


@tf.custom_gradient
def pair_scores_compiled(head: tf.Tensor, tail: tf.Tensor, v: tf.Tensor):
    """Compute the same as `pair_scores`, compiled by XLA.

    Nothing of size L x L x d~ is kept for the backward pass, which computes it again. It does so for two halves of the
    batch that run at the same time.

    Args:
      head: U_k x_i + b_k, float32 [B, L, K, d~].
      tail: W_k x_j, float32 [B, L, K, d~].
      v: V_k, float32 [R, d~].

    Returns:
      float32 [B, L, L, R].
    """

    small = tf.reduce_max(tf.abs(tf.stack([head, tail]))) <= _BOUND

    def gradient(upstream: tf.Tensor) -> list[tf.Tensor]:
        half = tf.shape(head)[0] // 2

        def part(rows: slice) -> tuple[tf.Tensor, ...]:
            arguments = head[rows], tail[rows], v, upstream[rows]
            return tf.cond(small, lambda: _backward(*arguments, False), lambda: _backward(*arguments, True))

        first, second = part(slice(None, half)), part(slice(half, None))
        return [tf.concat([first[0], second[0]], 0), tf.concat([first[1], second[1]], 0), first[2] + second[2]]

    return tf.cond(small, lambda: _forward(head, tail, v, False), lambda: _forward(head, tail, v, True)), gradient
