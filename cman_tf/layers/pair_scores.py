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
    shared = head.shape[2] == 1
    sentences, length = tf.shape(u)[0], tf.shape(u)[1]

    def sentence(number: tf.Tensor, sums: tf.Tensor, *slopes: tf.TensorArray) -> tuple:
        """Add what a sentence gives. Its values stay in the cache of the processor."""
        one, other, of_pairs = u[number], w[number], tf.transpose(upstream[number], [1, 0, 2])  # [tail, head, R]

        def token(j: tf.Tensor, of_heads: tf.Tensor, products: tf.Tensor, of_tails: tf.TensorArray) -> tuple:
            """Add what the pairs with one tail give."""
            r = _reciprocal(one, other[j], direct)  # [L, K, d~]
            if shared:
                slope = tf.tensordot(of_pairs[j], v, 1)[:, None] * (r - r * r)
                products += tf.tensordot(of_pairs[j], r[:, 0], [[0], [0]])  # [R, d~]
            else:
                weighted = of_pairs[j][..., None] * r
                slope = weighted * (1.0 - r)
                products += weighted
            return j + 1, of_heads + slope, products, of_tails.write(j, tf.reduce_sum(slope, 0))

        zeros = tf.zeros_like(one)
        start = (0, zeros, tf.zeros_like(v) if shared else zeros, tf.TensorArray(tf.float32, length))
        _, of_heads, products, of_tails = tf.while_loop(lambda j, *_: j < length, token, start)
        sums += products if shared else tf.reduce_sum(products, 0)
        return number + 1, sums, slopes[0].write(number, of_heads), slopes[1].write(number, of_tails.stack())

    arrays = [tf.TensorArray(tf.float32, sentences) for _ in range(2)]
    start = (0, tf.zeros_like(v), *arrays)
    _, sums, of_heads, of_tails = tf.while_loop(lambda number, *_: number < sentences, sentence, start)
    factor = 4.0 if shared else 4.0 * v
    v_gradient = tf.reduce_sum(upstream, [0, 1, 2])[:, None] - 2.0 * sums
    return factor * of_heads.stack(), factor * of_tails.stack(), v_gradient


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

            def compute() -> tuple[tf.Tensor, ...]:
                return tf.cond(small, lambda: _backward(*arguments, False), lambda: _backward(*arguments, True))

            nothing = tuple(tf.zeros_like(argument) for argument in arguments[:3])
            return tf.cond(tf.shape(arguments[0])[0] > 0, compute, lambda: nothing)  # one sentence has no first half

        first, second = part(slice(None, half)), part(slice(half, None))
        return [tf.concat([first[0], second[0]], 0), tf.concat([first[1], second[1]], 0), first[2] + second[2]]

    return tf.cond(small, lambda: _forward(head, tail, v, False), lambda: _forward(head, tail, v, True)), gradient
