"""Scoring the pairs of long sentences block by block, so that memory does not grow with the square of their length.

Shapes: B batch, L tokens, P pairs, R relations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import tensorflow as tf

_PAIRS = 1 << 18  # pairs of tokens in a block; batches of ordinary sentences have fewer and are one block
Block = Callable[[tf.Tensor, tf.Tensor], "tuple[tf.Tensor, tf.Tensor]"]


def collect_blocks(shape: tf.Tensor, relations: int, score: Block) -> tuple[tf.Tensor, tf.Tensor]:
    """Score all pairs of tokens, the heads of a block at a time.

    Args:
      shape: B and L, int32 [2].
      relations: R.
      score: a function that scores the pairs whose heads are the tokens from a first one up to, but not including, a
        last one. It returns those to keep, int32 [P, 3] with sentence, head and tail, and their scores, float32 [P, R].

    Returns:
      The pairs of all blocks in order of sentences, heads and tails, int32 [P, 3], and their scores, float32 [P, R].
    """
    length = shape[1]
    step = tf.maximum(1, _PAIRS // tf.maximum(1, shape[0] * length))
    blocks = tf.maximum(1, -(-length // step))

    def add(number: tf.Tensor, pairs: tf.TensorArray, scores: tf.TensorArray) -> tuple[tf.Tensor, ...]:
        found, values = score(number * step, tf.minimum((number + 1) * step, length))
        return number + 1, pairs.write(number, found), scores.write(number, values)

    empty = (
        tf.TensorArray(tf.int32, blocks, infer_shape=False, element_shape=[None, 3]),
        tf.TensorArray(tf.float32, blocks, infer_shape=False, element_shape=[None, relations]),
    )
    _, *found = tf.while_loop(lambda number, *_: number < blocks, add, (0, *empty), parallel_iterations=1)
    pairs, scores = (array.concat() for array in found)

    def sort() -> tuple[tf.Tensor, tf.Tensor]:
        order = tf.argsort(pairs[:, 0], stable=True)  # each block has pairs of all sentences
        return tf.gather(pairs, order), tf.gather(scores, order)

    return tf.cond((blocks > 1) & (shape[0] > 1), sort, lambda: (pairs, scores))


class PairScorer(Protocol):
    """What `score_token_pairs` needs of a scorer."""

    relations: int

    def project(self, features: tf.Tensor) -> tuple[Any, Any]:
        """Turn tokens' features, float32 [N, D], into what is needed of them as heads and as tails."""
        ...

    def find_probabilities(self, heads: Any, tails: Any, places: tf.Tensor) -> tf.Tensor:
        """Return Pr(relation) of pairs, given by rows of heads and tails, int32 [P, 2]: float32 [P, R]."""
        ...


def score_token_pairs(
    scorer: PairScorer, features: tf.Tensor, chosen: tf.Tensor, threshold: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Score all ordered pairs of two different tokens of a sentence among those that are chosen.

    Args:
      scorer: the scorer.
      features: float32 [B, L, D].
      chosen: bool [B, L].
      threshold: pairs with a relation above this probability are returned; below 0: all.

    Returns:
      The pairs, int32 [P, 3], with sentence, head token and tail token, and Pr(relation) of each, float32 [P, R].
    """
    tokens = tf.cast(tf.where(chosen), tf.int32)
    head, tail = scorer.project(tf.gather_nd(features, tokens))  # each token once
    rows = tf.reshape(tf.cumsum(tf.cast(tf.reshape(chosen, [-1]), tf.int32)) - 1, tf.shape(chosen))

    def score(first: tf.Tensor, last: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        found = tf.cast(tf.where(chosen[:, first:last, None] & chosen[:, None, :]), tf.int32) + [0, first, 0]
        pairs = tf.boolean_mask(found, found[:, 1] != found[:, 2])
        ends = tf.stack([tf.gather_nd(rows, pairs[:, :2]), tf.gather_nd(rows, pairs[:, ::2])], 1)
        scores = scorer.find_probabilities(head, tail, ends)
        above = tf.reduce_any(scores > threshold, -1)
        return tf.boolean_mask(pairs, above), tf.boolean_mask(scores, above)

    return collect_blocks(tf.shape(chosen), scorer.relations, score)
