"""Mixing the experts' probabilities of relations.

Shapes: B batch, L tokens, N tokens of pairs, P pairs, E experts, D width of all experts' features, R relations.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from cman_tf.layers.mixture_gate import MixtureGate, mix
from cman_tf.layers.relation_scorer import RelationScorer


class MixedScorer(tf.keras.layers.Layer):
    """The weighted mean of several relation scorers' probabilities.

    Args:
      scorers: the scorers of the experts. Relations beyond the first R are left out: the baseline's "none".
      relations: R.
    """

    def __init__(self, scorers: Sequence[RelationScorer], relations: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.scorers, self.relations = list(scorers), relations
        self.gate = MixtureGate(len(scorers), parts=2, name="pair_gate")

    def project(self, features: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], tuple[tf.Tensor, ...]]:
        """Project tokens as heads and as tails, once for each expert and once for the gate.

        Args:
          features: the experts' features side by side, float32 [N, D].
        """
        widths = [int(scorer.u.shape[0]) for scorer in self.scorers]
        parts = tf.split(features, widths, -1)
        ends = [scorer.project(part) for scorer, part in zip(self.scorers, parts)]
        heads, tails = zip(*ends, self.gate.project(features))
        return heads, tails

    def score_experts(
        self, heads: tuple[tf.Tensor, ...], tails: tuple[tf.Tensor, ...], places: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Compute each expert's probabilities of some pairs, and the gate's weights.

        Args:
          heads: the first result of `project`.
          tails: the second one.
          places: the rows of head and tail of each pair, int32 [P, 2].

        Returns:
          float32 [P, E, R] and float32 [P, E].
        """
        scores = [
            tf.sigmoid(scorer.score_rows(head, tail, places))[:, : self.relations]
            for scorer, head, tail in zip(self.scorers, heads, tails)
        ]
        logits = tf.gather(heads[-1], places[:, 0]) + tf.gather(tails[-1], places[:, 1])
        return tf.stack(scores, 1), tf.nn.softmax(tf.reshape(logits + self.gate.bias, [-1, self.gate.experts]))

    def find_probabilities(
        self, heads: tuple[tf.Tensor, ...], tails: tuple[tf.Tensor, ...], places: tf.Tensor
    ) -> tf.Tensor:
        """Compute the mixed probabilities of some pairs, float32 [P, R]; see `score_experts`."""
        probabilities, weights = self.score_experts(heads, tails, places)
        return mix(weights, probabilities)

    def score_pairs(self, features: tf.Tensor, pairs: tf.Tensor) -> tf.Tensor:
        """Compute the mixed probabilities of pairs.

        Args:
          features: the experts' features side by side, float32 [B, L, D].
          pairs: int32 [P, 3], with sentence, head token and tail token.

        Returns:
          float32 [P, R].
        """
        rows = pairs[:, :1] * tf.shape(features)[1] + pairs[:, 1:]
        rows, places = tf.unique(tf.reshape(rows, [-1]))
        used = tf.gather(tf.reshape(features, [-1, features.shape[-1]]), rows)
        return self.find_probabilities(*self.project(used), tf.reshape(places, [-1, 2]))
