"""Multi-head relation scoring: a score for every pair of tokens and relation.

Shapes: B batch, L tokens, D features, R relations, K parameter sets (R, or 1 where
shared), E intermediate size d~, P pairs.
"""

from __future__ import annotations

import math

import tensorflow as tf


class RelationScorer(tf.keras.layers.Layer):
    """s(x_i, x_j, c_k) = V_k tanh(U_k x_i + W_k x_j + b_k), IJCAI equation 9, TNNLS 16.

    w_i is the last token of the relation's head, w_j that of its tail; the
    probability is sigmoid(s), IJCAI equation 10, TNNLS equation 17.

    Args:
      relations: R.
      size: d~.
      shared: one U, W and b for all relations, as in Bekoulis et al.; else each has
        its own.
      xla: compile the sum over d~ with XLA, so that its tanh is never stored.
      prior: the probability that every relation has before training, set by the
        initial values alone: hidden unit 0 starts at tanh(3), and V_k at it at
        logit(prior) / tanh(3). 0.5 leaves all of V random. Almost no pair of tokens
        is related; started at 0.5, the sum over all pairs swamps both tasks.

    Call args:
      features: float32 [B, L, D].

    Returns:
      float32 [B, L, L, R], heads in rows, tails in columns.
    """

    def __init__(
        self, relations: int, size: int, shared: bool = False, xla: bool = True, prior: float = 0.5, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.relations, self.size, self.prior = relations, size, prior
        self.sets = 1 if shared else relations
        self.pair_scores = _pair_scores_xla if xla else _pair_scores

    def build(self, shape: tf.TensorShape) -> None:
        width = shape[-1]
        # The K matrices U_k stand side by side in one, and the W_k likewise.
        kernel = _GlorotPerRelation(self.size)
        self.u = self.add_weight("u", [width, self.sets * self.size], initializer=kernel)
        self.w = self.add_weight("w", [width, self.sets * self.size], initializer=kernel)
        self.b = self.add_weight("b", [self.sets * self.size], initializer="zeros")
        self.v = self.add_weight("v", [self.relations, self.size], initializer="glorot_uniform")
        if self.prior != 0.5:
            first = tf.range(self.sets) * self.size  # unit 0 of each set
            for kernel in (self.u, self.w):
                kernel.assign(
                    tf.tensor_scatter_nd_update(kernel, _columns(width, first), tf.zeros([width * self.sets]))
                )
            self.b.assign(tf.tensor_scatter_nd_update(self.b, first[:, None], tf.fill([self.sets], 3.0)))
            logit = math.log(self.prior / (1.0 - self.prior))
            self.v.assign(tf.concat([tf.fill([self.relations, 1], logit / math.tanh(3.0)), self.v[:, 1:]], 1))

    def project(self, features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """U_k x + b_k and W_k x: float32 [..., D] to two of [..., K, d~]."""
        shape = tf.concat([tf.shape(features)[:-1], [self.sets, self.size]], 0)
        head = tf.tensordot(features, self.u, 1) + self.b
        return tf.reshape(head, shape), tf.reshape(tf.tensordot(features, self.w, 1), shape)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        return self.pair_scores(*self.project(features), self.v)

    def score_pairs(self, features: tf.Tensor, pairs: tf.Tensor) -> tf.Tensor:
        """Scores of some pairs only, equal to those that `call` gives.

        Args:
          features: float32 [B, L, D].
          pairs: int32 [P, 3], sentence, head token, tail token.

        Returns:
          float32 [P, R].
        """
        head, tail = self.project(features)
        heads = tf.gather_nd(head, pairs[:, :2])  # [P, K, d~]
        tails = tf.gather_nd(tail, tf.gather(pairs, [0, 2], axis=1))
        return tf.reduce_sum(tf.tanh(heads + tails) * self.v, -1)


def _columns(rows: int, columns: tf.Tensor) -> tf.Tensor:
    """Indices of whole columns of a matrix, int32 [rows * columns, 2]."""
    grid = tf.meshgrid(tf.range(rows), columns, indexing="ij")
    return tf.reshape(tf.stack(grid, -1), [-1, 2])


class _GlorotPerRelation(tf.keras.initializers.Initializer):
    """Glorot uniform of one D x d~ matrix, for several of them side by side."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, shape, dtype=None, **kwargs) -> tf.Tensor:
        limit = (6.0 / (shape[0] + self.size)) ** 0.5
        return tf.random.uniform(shape, -limit, limit, dtype or tf.float32)


# tanh(u + w) = 1 - 2 r with r = 1 / (1 + e^2u e^2w): the exponentials are taken once a
# token, not once a pair, and a pair costs a product and a division. Beyond this bound of
# |u| or |w| float32's exponent ends, and r is computed from u + w directly.
_BOUND = 40.0


def _prepare(x: tf.Tensor, direct: bool) -> tf.Tensor:
    return x if direct else tf.exp(2.0 * x)


def _reciprocal(one: tf.Tensor, other: tf.Tensor, direct: bool) -> tf.Tensor:
    return tf.sigmoid(-2.0 * (one + other)) if direct else 1.0 / (1.0 + one * other)


@tf.function(jit_compile=True)
def _forward(head: tf.Tensor, tail: tf.Tensor, v: tf.Tensor, direct: bool) -> tf.Tensor:
    """V (1 - 2 r) for all pairs: XLA fuses the sum over d~, so r is never stored."""
    r = _reciprocal(_prepare(head, direct)[:, :, None], _prepare(tail, direct)[:, None], direct)
    if head.shape[2] == 1:
        summed = tf.tensordot(r[:, :, :, 0], v, [[3], [1]])
    else:
        summed = tf.reduce_sum(r * v, -1)
    return tf.reduce_sum(v, -1) - 2.0 * summed


@tf.function(jit_compile=True)
def _backward(
    head: tf.Tensor, tail: tf.Tensor, v: tf.Tensor, upstream: tf.Tensor, direct: bool
) -> tuple[tf.Tensor, ...]:
    """Gradients for head, tail and v: 1 - tanh^2 = 4 (r - r^2)."""
    u, w = _prepare(head, direct), _prepare(tail, direct)
    head_gradient, v_gradient = _accumulate(u, w, v, tf.transpose(upstream, [2, 0, 1, 3]), direct)
    tail_gradient, _ = _accumulate(w, u, v, tf.transpose(upstream, [1, 0, 2, 3]), direct)
    v_gradient = tf.reduce_sum(upstream, [0, 1, 2])[:, None] - 2.0 * v_gradient
    return head_gradient, tail_gradient, v_gradient


def _accumulate(
    one: tf.Tensor, other: tf.Tensor, v: tf.Tensor, upstream: tf.Tensor, direct: bool
) -> tuple[tf.Tensor, tf.Tensor]:
    """Sums over the tokens of one side, a token a step: [B, L, K, d~] at a time.

    Args:
      one: the side whose gradient it is, prepared, [B, L, K, d~].
      other: the side summed over, prepared, [B, L, K, d~].
      v: [R, d~].
      upstream: [L of other, B, L of one, R].
      direct: how both are prepared.

    Returns:
      one's gradient [B, L, K, d~] and the sum of upstream times r, [R, d~].
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
def _pair_scores_xla(head: tf.Tensor, tail: tf.Tensor, v: tf.Tensor):
    """Equation 9 for all pairs: [B, L, K, d~] twice and [R, d~] to [B, L, L, R].

    Nothing of size L x L x d~ is kept for the backward pass: it is computed again,
    the batch in two halves that run side by side.
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


def _pair_scores(head: tf.Tensor, tail: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
    """The same as the equation is written."""
    return tf.reduce_sum(tf.tanh(head[:, :, None] + tail[:, None]) * v, -1)
