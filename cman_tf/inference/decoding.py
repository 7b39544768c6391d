"""Turning a model's output into entities and relations, without TensorFlow.

Shapes: L tokens, P pairs of tokens, R relation types, C pairs of entities.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from cman_tf.data.bio import entities_from_tags
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.inference.constraints import DecodingOptions, constrain
from cman_tf.scoring.calibration import scale_scores

DEFAULTS = DecodingOptions()


class Output(NamedTuple):
    """What the network gives for one sentence.

    Attributes:
      tags: the L predicted BIO tags.
      marginals: the probabilities of these tags, float [L], or None if they were not asked for.
      pairs: a token of the head and a token of the tail, int [P, 2].
      scores: the probabilities of relations, float [P, R].
    """

    tags: list[str]
    marginals: np.ndarray | None
    pairs: np.ndarray
    scores: np.ndarray


@dataclasses.dataclass(frozen=True)
class Prediction:
    """A sentence with predicted entities and relations, and a score for each.

    Attributes:
      sentence: the tokens with the predicted entities and relations.
      entity_scores: for each entity the lowest CRF marginal of its tokens; empty if the decoder gave no marginals.
      relation_scores: for each relation its probability (equation 10 / 17).
      candidates: with `all_scores`, the relations that are not above the threshold, each with its probability.
    """

    sentence: Sentence
    entity_scores: tuple[float, ...]
    relation_scores: tuple[float, ...]
    candidates: tuple[tuple[Relation, float], ...] = ()


def decode_sentence(
    tokens: Sequence[str],
    tags: Sequence[str],
    marginals: np.ndarray | None,
    pairs: np.ndarray,
    scores: np.ndarray,
    relation_types: Sequence[str],
    id: str = "",
    options: DecodingOptions = DEFAULTS,
) -> Prediction:
    """Assemble the prediction for one sentence.

    A relation is predicted if its probability is above the threshold. It becomes a relation between the entities that
    contain its two tokens. If they are not in two entities, it is kept apart (`Sentence.unattached_relations`).

    Args:
      tokens: the L tokens.
      tags: the L predicted BIO tags.
      marginals: the probabilities of these tags, float [L], or None for no entity scores.
      pairs: a token of the head and a token of the tail, int [P, 2].
      scores: the probabilities of relations, float [P, R].
      relation_types: the R relation types.
      id: the name of the sentence.
      options: what is kept.
    """
    entities, _ = entities_from_tags(tags)
    entity_scores = score_entities(entities, marginals, options)
    scores = _scale(scores, options.relation_temperature)
    owner = np.full(len(tokens) + 1, -1)  # for each token its entity
    for number, entity in enumerate(entities):
        owner[entity.start : entity.end] = number
    ends = owner[pairs] if len(pairs) else np.zeros((0, 2), int)
    is_attached = (ends >= 0).all(1) & (ends[:, 0] != ends[:, 1])
    above = scores > _list_thresholds(relation_types, options)
    alone: list[list[int]] = np.argwhere(above & ~is_attached[:, None]).tolist()
    kinds: list[str] = [*relation_types]
    unattached = [(kinds[kind], int(pairs[row, 0]), int(pairs[row, 1])) for row, kind in alone]
    rows = is_attached if options.all_scores else is_attached & above.any(1)
    return _assemble(
        Sentence(tuple(tokens), tuple(entities), (), id, tuple(unattached)),
        entity_scores,
        ends[rows],
        scores[rows],
        relation_types,
        options,
    )


def relate_entities(
    sentence: Sentence,
    marginals: np.ndarray | None,
    pairs: np.ndarray,
    scores: np.ndarray,
    relation_types: Sequence[str],
    options: DecodingOptions = DEFAULTS,
) -> Prediction:
    """Assemble the prediction for one sentence whose entities are given.

    Args:
      sentence: the sentence. Its relations are left out.
      marginals: the probabilities of the given tags, float [L], or None for no entity scores.
      pairs: the entities of head and tail, as positions in the sentence's, int [C, 2].
      scores: the probabilities of relations, float [C, R].
      relation_types: the R relation types.
      options: what is kept.
    """
    empty = dataclasses.replace(sentence, relations=(), unattached_relations=(), relation_scores=())
    entity_scores = score_entities(sentence.entities, marginals, options)
    scores = _scale(scores, options.relation_temperature)
    return _assemble(empty, entity_scores, pairs, scores, relation_types, options)


def score_entities(
    entities: Iterable[Entity], marginals: np.ndarray | None, options: DecodingOptions = DEFAULTS
) -> tuple[float, ...]:
    """Return for each entity the lowest of the marginals of its tokens, float [L]; empty without marginals."""
    if marginals is None:
        return ()
    scaled = _scale(marginals, options.entity_temperature)
    return tuple(float(scaled[e.start : e.end].min()) for e in entities)


def _scale(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Apply a temperature. Without one, the scores stay as they are, in float32."""
    return scores if temperature == 1.0 else scale_scores(scores, temperature)


def _list_thresholds(relation_types: Sequence[str], options: DecodingOptions) -> np.ndarray | float:
    """Return the threshold of each relation type, or of all of them."""
    if not options.relation_thresholds:
        return options.relation_threshold
    return np.array([options.threshold_of(kind) for kind in relation_types], np.float64)


def _assemble(
    sentence: Sentence,
    entity_scores: tuple[float, ...],
    ends: np.ndarray,
    scores: np.ndarray,
    relation_types: Sequence[str],
    options: DecodingOptions,
) -> Prediction:
    """Keep the entities and relations that the options ask for.

    Args:
      sentence: the sentence with all its entities, and without relations.
      entity_scores: their scores.
      ends: the entities of head and tail, int [C, 2].
      scores: the probabilities of relations, float [C, R].
      relation_types: the R relation types.
      options: what is kept.
    """
    entities = sentence.entities
    kept = [number for number, score in enumerate(entity_scores) if score >= options.entity_threshold]
    if entity_scores and len(kept) < len(entities):
        new = np.full(len(entities), -1)
        new[kept] = np.arange(len(kept))
        entities, entity_scores = tuple(entities[n] for n in kept), tuple(entity_scores[n] for n in kept)
        ends = new[ends]
        scores, ends = scores[(ends >= 0).all(1)], ends[(ends >= 0).all(1)]
    found: dict[Relation, float] = {}
    thresholds = [options.threshold_of(kind) for kind in relation_types]
    for (head, tail), row in zip(ends.tolist(), scores.tolist()):
        for kind, score, threshold in zip(relation_types, row, thresholds):
            if score > threshold or options.all_scores:
                relation = Relation(kind, head, tail)
                found[relation] = max(score, found.get(relation, 0.0))
    found = constrain(found, entities, options)
    relations = {relation: score for relation, score in found.items() if score > options.threshold_of(relation.type)}
    return Prediction(
        dataclasses.replace(sentence, entities=entities, relations=tuple(relations)),
        entity_scores,
        tuple(relations.values()),
        tuple((relation, score) for relation, score in found.items() if relation not in relations),
    )
