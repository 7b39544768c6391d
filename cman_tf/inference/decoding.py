"""Turning a model's output into entities and relations, without TensorFlow.

Shapes: L tokens, P pairs of tokens, R relation types.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from cman_tf.config import RELATION_THRESHOLD
from cman_tf.data.bio import entities_from_tags
from cman_tf.data.types import Relation, Sentence, index_tokens


@dataclasses.dataclass(frozen=True)
class Prediction:
    """A sentence with predicted entities and relations, and a score for each.

    Attributes:
      sentence: the tokens with the predicted entities and relations.
      entity_scores: for each entity the lowest CRF marginal of its tokens; empty if the decoder gave no marginals.
      relation_scores: for each relation its probability (equation 10 / 17).
    """

    sentence: Sentence
    entity_scores: tuple[float, ...]
    relation_scores: tuple[float, ...]


def decode_sentence(
    tokens: Sequence[str],
    tags: Sequence[str],
    marginals: np.ndarray | None,
    pairs: np.ndarray,
    scores: np.ndarray,
    relation_types: Sequence[str],
    id: str = "",
) -> Prediction:
    """Assemble the prediction for one sentence.

    A relation is predicted if its probability is above `RELATION_THRESHOLD`. It becomes a relation between the entities
    that contain its two tokens. If they are not in two entities, it is kept apart (`Sentence.unattached_relations`).

    Args:
      tokens: the L tokens.
      tags: the L predicted BIO tags.
      marginals: the probabilities of these tags, float [L], or None for no entity scores.
      pairs: a token of the head and a token of the tail, int [P, 2].
      scores: the probabilities of relations, float [P, R].
      relation_types: the R relation types.
      id: the name of the sentence.
    """
    entities, _ = entities_from_tags(tags)
    owner = index_tokens(entities)
    relations: dict[Relation, float] = {}
    unattached_relations = []
    for (head, tail), row in zip(pairs.tolist(), scores.tolist()):
        first, second = owner.get(head), owner.get(tail)
        for kind, score in zip(relation_types, row):
            if score <= RELATION_THRESHOLD:
                continue
            if first is None or second is None or first == second:
                unattached_relations.append((kind, head, tail))
            else:
                relation = Relation(kind, first, second)
                relations[relation] = max(score, relations.get(relation, 0.0))
    return Prediction(
        Sentence(tuple(tokens), tuple(entities), tuple(relations), id, tuple(unattached_relations)),
        () if marginals is None else tuple(float(marginals[e.start : e.end].min()) for e in entities),
        tuple(relations.values()),
    )
