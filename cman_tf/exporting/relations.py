"""Relations from the scores of pairs of tokens, within a graph: `cman_tf.inference.decoding` and `constraints`.

Shapes: P pairs of tokens, R relation types, T entity types, C relations of all sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from cman_tf.exporting.entities import FoundEntities
from cman_tf.inference.constraints import DecodingOptions


class FoundRelations(NamedTuple):
    """The relations of a batch, one sentence after another.

    Attributes:
      rows: the number of each relation's sentence, int32 [C].
      types: its type, as a position in the model's list, int32 [C].
      heads: its first argument, as a number among the entities of the batch, int32 [C].
      tails: its second argument, int32 [C].
      scores: its probability, float32 [C].
    """

    rows: tf.Tensor
    types: tf.Tensor
    heads: tf.Tensor
    tails: tf.Tensor
    scores: tf.Tensor


class RelationRules:
    """Which relations are found.

    Args:
      relation_types: the R relation types.
      entity_types: the T entity types.
      options: the threshold, the signatures and the symmetric types.
    """

    def __init__(self, relation_types: Sequence[str], entity_types: Sequence[str], options: DecodingOptions) -> None:
        self._threshold = options.relation_threshold
        self._allowed = _list_allowed(relation_types, entity_types, options)
        self._is_symmetric = np.array([name in options.symmetric for name in relation_types], np.bool_)

    def find_relations(self, entities: FoundEntities, pairs: tf.Tensor, scores: tf.Tensor) -> FoundRelations:
        """Turn pairs of tokens into relations of entities.

        Args:
          entities: the entities of the batch.
          pairs: sentence, head token and tail token, int32 [P, 3], in the order of the sentences.
          scores: the probabilities of relations, float32 [P, R].

        Returns:
          The relations that are above the threshold and allowed. Pairs whose tokens are not in two entities have
          none. Of several pairs between the same two entities, the highest probability counts.
        """
        heads, tails = (tf.gather_nd(entities.owners, tf.gather(pairs, [0, side], axis=1)) for side in (1, 2))
        is_attached = (heads >= 0) & (tails >= 0) & (heads != tails)
        found = (tf.cast(scores, tf.float64) > self._threshold) & is_attached[:, None]
        if self._allowed is not None:
            padded = tf.concat([entities.types, [0]], 0)  # a place for -1, too
            last = tf.shape(padded)[0] - 1
            ends = [tf.gather(padded, tf.where(end < 0, last, end)) for end in (heads, tails)]
            found &= tf.gather_nd(self._allowed, tf.stack(ends, 1))
        places = tf.where(found)
        pair, types = tf.cast(places[:, 0], tf.int32), tf.cast(places[:, 1], tf.int32)
        relations = FoundRelations(
            tf.gather(pairs[:, 0], pair),
            types,
            tf.gather(heads, pair),
            tf.gather(tails, pair),
            tf.gather_nd(scores, places),
        )
        relations = self._merge(relations)
        return self._choose_direction(relations) if self._is_symmetric.any() else relations

    def _merge(self, relations: FoundRelations) -> FoundRelations:
        """Keep each relation once, where it came first, with its highest score."""
        _, numbers = tf.unique(self._number(relations.heads, relations.tails, relations.types))
        count = tf.reduce_max(tf.concat([numbers, [-1]], 0)) + 1
        first = tf.math.unsorted_segment_min(tf.range(tf.size(numbers)), numbers, count)
        rows, types, heads, tails = (tf.gather(values, first) for values in relations[:4])
        scores = tf.math.unsorted_segment_max(relations.scores, numbers, count)
        return FoundRelations(rows, types, heads, tails, scores)

    def _choose_direction(self, relations: FoundRelations) -> FoundRelations:
        """Keep the direction of symmetric relations that has the higher score; of equal ones, the first."""
        one, other = relations.heads, relations.tails
        is_free = tf.gather(self._is_symmetric, relations.types)
        low, high = tf.where(is_free, tf.minimum(one, other), one), tf.where(is_free, tf.maximum(one, other), other)
        _, groups = tf.unique(self._number(low, high, relations.types))
        count, places = tf.size(groups), tf.range(tf.size(groups))
        best = tf.gather(tf.math.unsorted_segment_max(relations.scores, groups, count), groups)
        candidates = tf.where(relations.scores >= best, places, count)
        chosen = tf.gather(tf.math.unsorted_segment_min(candidates, groups, count), groups) == places
        return FoundRelations(*(tf.boolean_mask(values, chosen) for values in relations))

    def _number(self, heads: tf.Tensor, tails: tf.Tensor, types: tf.Tensor) -> tf.Tensor:
        """Give each combination of two entities and a type a number: int64 [C]."""
        heads, tails, types = (tf.cast(values, tf.int64) for values in (heads, tails, types))
        most = tf.reduce_max(tf.concat([heads, tails, [0]], 0)) + 1
        return (heads * most + tails) * len(self._is_symmetric) + types


def _list_allowed(
    relation_types: Sequence[str], entity_types: Sequence[str], options: DecodingOptions
) -> np.ndarray | None:
    """Return which types of arguments each relation may have, bool [T, T, R], or None if there are no signatures."""
    signatures: Mapping | None = options.signatures
    if signatures is None:
        return None
    allowed = np.ones((len(entity_types), len(entity_types), len(relation_types)), np.bool_)
    for number, name in enumerate(relation_types):
        if name in signatures:
            pairs = {*signatures[name]}
            if name in options.symmetric:
                pairs |= {pair[::-1] for pair in pairs}
            allowed[..., number] = [[(one, other) in pairs for other in entity_types] for one in entity_types]
    return allowed
