"""Entities from tags, within a graph: `cman_tf.data.bio.entities_from_tags` and `inference.decoding.score_entities`.

Shapes: B sentences, L tokens of the longest one, T tags, E entities of all sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from cman_tf.data.bio import OUTSIDE


class FoundEntities(NamedTuple):
    """The entities of a batch, in the order of the text.

    Attributes:
      rows: the number of each entity's sentence, int32 [E].
      types: its type, as a position in `TagTable.types`, int32 [E].
      starts: its first token, int32 [E].
      ends: the token after its last, int32 [E].
      scores: its score, float32 [E].
      owners: for each token the number of the entity that it belongs to, or -1, int32 [B, L].
    """

    rows: tf.Tensor
    types: tf.Tensor
    starts: tf.Tensor
    ends: tf.Tensor
    scores: tf.Tensor
    owners: tf.Tensor


class TagTable:
    """What the tags of a model mean.

    Args:
      tags: the T tags, in the order of their ids.

    Attributes:
      types: the entity types.
    """

    def __init__(self, tags: Sequence[str]) -> None:
        self.types = sorted({tag[2:] for tag in tags if tag != OUTSIDE})
        self._is_inside = np.array([tag.startswith("I-") for tag in tags])
        self._type = np.array([-1 if tag == OUTSIDE else self.types.index(tag[2:]) for tag in tags], np.int32)

    def find_entities(self, tags: tf.Tensor, lengths: tf.Tensor, marginals: tf.Tensor) -> FoundEntities:
        """Read the entities from the tags of a batch.

        Args:
          tags: tag ids, int32 [B, L].
          lengths: int32 [B].
          marginals: the probabilities of these tags, float32 [B, L]. An entity's score is the lowest of its tokens'.

        Returns:
          The entities. An inside tag after `O` or after another type opens an entity.
        """
        mask = tf.sequence_mask(lengths, tf.shape(tags)[1])
        kind = tf.where(mask, tf.gather(self._type, tags), -1)
        is_inside = tf.gather(self._is_inside, tags)
        goes_on = (kind[:, 1:] >= 0) & is_inside[:, 1:] & (kind[:, 1:] == kind[:, :-1])  # [B, L - 1]
        is_in = kind >= 0
        is_start = is_in & tf.logical_not(tf.pad(goes_on, [[0, 0], [1, 0]]))
        is_last = is_in & tf.logical_not(tf.pad(goes_on, [[0, 0], [0, 1]]))
        starts, lasts = (tf.cast(tf.where(places), tf.int32) for places in (is_start, is_last))
        numbers = tf.reshape(tf.cumsum(tf.cast(tf.reshape(is_start, [-1]), tf.int32)), tf.shape(tags)) - 1
        inside = tf.where(is_in)
        scores = tf.math.segment_min(tf.gather_nd(marginals, inside), tf.gather_nd(numbers, inside))
        owners = tf.where(is_in, numbers, -1)
        return FoundEntities(starts[:, 0], tf.gather_nd(kind, starts), starts[:, 1], lasts[:, 1] + 1, scores, owners)


def keep_entities(entities: FoundEntities, threshold: float) -> FoundEntities:
    """Leave out the entities whose score is below a threshold."""
    if threshold <= 0.0:
        return entities
    kept = tf.cast(entities.scores, tf.float64) >= threshold
    new = tf.where(kept, tf.cumsum(tf.cast(kept, tf.int32)) - 1, -1)
    owners = tf.gather(tf.concat([[-1], new], 0), entities.owners + 1)
    rows, types, starts, ends, scores = (tf.boolean_mask(values, kept) for values in entities[:5])
    return FoundEntities(rows, types, starts, ends, scores, owners)
