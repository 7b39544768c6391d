"""Multi-head relation scoring: a score for every pair of tokens and every relation.

Shapes: B batch, L tokens, D features, R relations, K parameter sets (R, or 1 if shared), d~ intermediate size, P pairs.
"""

from __future__ import annotations

import math

import tensorflow as tf

from cman_tf.layers.linear import linear
from cman_tf.layers.pair_scores import pair_scores, pair_scores_compiled

_PAIRS = 8192  # pairs that are scored at a time, which limits the memory if many entities are predicted


class RelationScorer(tf.keras.layers.Layer):
    """s(x_i, x_j, c_k) = V_k tanh(U_k x_i + W_k x_j + b_k), IJCAI equation 9, TNNLS equation 16.

    w_i is the last token of the relation's head, and w_j is the last token of its tail. The relation's probability is
    sigmoid(s), IJCAI equation 10, TNNLS equation 17.

    Args:
      relations: R.
      size: d~.
      shared: whether all relations share one U, W and b, as in Bekoulis et al. Otherwise each has its own.
      xla: whether XLA compiles the sum over d~, so that its tanh is never stored.
      prior: the probability of every relation before training. It only sets initial values: hidden unit 0 starts at
        tanh(3), and its weight in V_k at logit(prior) / tanh(3). With 0.5, all of V is random. Almost no pair of tokens
        is related, so with an initial probability of 0.5 the sum over all pairs dominates the losses of both tasks.

    Call args:
      features: float32 [B, L, D].

    Returns:
      float32 [B, L, L, R], with heads in rows and tails in columns.
    """

    def __init__(
        self, relations: int, size: int, shared: bool = False, xla: bool = True, prior: float = 0.5, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.relations, self.size, self.prior, self.xla = relations, size, prior, xla
        self.sets = 1 if shared else relations

    def build(self, shape: tf.TensorShape) -> None:
        width = shape[-1]
        # The K matrices U_k are concatenated to one matrix, and so are the W_k.
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
        """Compute U_k x + b_k and W_k x, each float32 [..., K, d~], from float32 [..., D]."""
        shape = tf.concat([tf.shape(features)[:-1], [2, self.sets, self.size]], 0)
        both = tf.reshape(linear(features, tf.concat([self.u, self.w], 1)), shape)
        head, tail = tf.unstack(both, axis=-3)
        return head + tf.reshape(self.b, [self.sets, self.size]), tail

    def call(self, features: tf.Tensor) -> tf.Tensor:
        return (pair_scores_compiled if self.xla else pair_scores)(*self.project(features), self.v)

    def score_pairs(self, features: tf.Tensor, pairs: tf.Tensor) -> tf.Tensor:
        """Compute the scores of some pairs only. They equal those that `call` returns.

        Args:
          features: float32 [B, L, D].
          pairs: int32 [P, 3], with sentence, head token and tail token.

        Returns:
          float32 [P, R].
        """
        # Only tokens that are in a pair are projected, and each of them once.
        rows = pairs[:, :1] * tf.shape(features)[1] + pairs[:, 1:]
        rows, places = tf.unique(tf.reshape(rows, [-1]))
        places = tf.reshape(places, [-1, 2])
        return self.score_rows(*self.project(tf.gather(tf.reshape(features, [-1, features.shape[-1]]), rows)), places)

    def find_probabilities(self, head: tf.Tensor, tail: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
        """Compute Pr(relation) of some pairs of projected tokens; see `score_rows`."""
        return tf.sigmoid(self.score_rows(head, tail, places))

    def score_rows(self, head: tf.Tensor, tail: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
        """Compute the scores of some pairs of projected tokens, a part of them at a time.

        Args:
          head: U_k x + b_k of N tokens, float32 [N, K, d~].
          tail: W_k x of the same tokens, float32 [N, K, d~].
          places: the rows of head and tail of each pair, int32 [P, 2].

        Returns:
          float32 [P, R].
        """

        def some(number: tf.Tensor, scores: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            part = places[number * _PAIRS : (number + 1) * _PAIRS]
            hidden = tf.gather(head, part[:, 0]) + tf.gather(tail, part[:, 1])
            return number + 1, scores.write(number, tf.reduce_sum(tf.tanh(hidden) * self.v, -1))

        parts = tf.maximum(1, -(-tf.shape(places)[0] // _PAIRS))
        scores = tf.TensorArray(tf.float32, parts, infer_shape=False, element_shape=[None, self.relations])
        return tf.while_loop(lambda number, _: number < parts, some, (0, scores))[1].concat()


def _columns(rows: int, columns: tf.Tensor) -> tf.Tensor:
    """Return the indices of all cells in some columns of a matrix, int32 [rows * columns, 2]."""
    grid = tf.meshgrid(tf.range(rows), columns, indexing="ij")
    return tf.reshape(tf.stack(grid, -1), [-1, 2])


class _GlorotPerRelation(tf.keras.initializers.Initializer):
    """Glorot uniform for several D x d~ matrices in one, with the limit of a single matrix."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, shape, dtype=None, **kwargs) -> tf.Tensor:
        limit = (6.0 / (shape[0] + self.size)) ** 0.5
        return tf.random.uniform(shape, -limit, limit, dtype or tf.float32)
