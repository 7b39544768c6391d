"""What a model predicts before any threshold, as events that are right or wrong by the strict convention.

Shapes: E predicted entities, C candidates for relations, over all sentences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from cman_tf.data.types import ROOT, Relation, Sentence
from cman_tf.inference.constraints import DecodingOptions
from cman_tf.inference.decoding import Output, Prediction, decode_sentence
from cman_tf.scoring.conventions import Fact, strict

FLOOR = 0.001  # relations of an entity to itself, which are always wrong, are counted above this score


class Events(NamedTuple):
    """The events of some sentences.

    Attributes:
      entity_scores: float [E].
      entity_right: whether span and type are right, bool [E].
      gold_entities: the number of gold entities.
      relation_types: the type of each candidate, [C].
      relation_scores: float [C].
      relation_right: whether type, direction and both entities are right, bool [C].
      weakest: the lower score of each candidate's two entities, float [C].
      is_pair: whether a candidate has two different entities, bool [C].
      gold_relations: the number of gold relations of each type.
    """

    entity_scores: np.ndarray
    entity_right: np.ndarray
    gold_entities: int
    relation_types: np.ndarray
    relation_scores: np.ndarray
    relation_right: np.ndarray
    weakest: np.ndarray
    is_pair: np.ndarray
    gold_relations: Mapping[str, int]


def collect_events(
    gold: Sequence[Sentence],
    outputs: Sequence[Output],
    relation_types: Sequence[str],
    constraints: Mapping[str, Any],
) -> Events:
    """Collect the events of some sentences.

    Args:
      gold: the annotated sentences.
      outputs: what the network gives for each of them, with marginals.
      relation_types: the model's, in the order of the outputs' columns.
      constraints: the signatures and symmetric types, under the names of `DecodingOptions`.
    """
    options = DecodingOptions(relation_threshold=FLOOR, all_scores=True, **constraints)
    entities: list[tuple[float, bool]] = []
    candidates: list[tuple[str, float, bool, float, bool]] = []
    gold_entities, gold_relations = 0, Counter[str]()
    for sentence, output in zip(gold, outputs):
        right_entities, right_relations = strict(sentence, sentence)[0]
        gold_entities += len(right_entities)
        gold_relations.update(fact[0] for fact in right_relations)
        prediction = decode_sentence(sentence.tokens, *output, relation_types, sentence.id, options)
        facts: list[Fact] = [(e.type, e.start, e.end) for e in prediction.sentence.entities]
        scores = prediction.entity_scores
        entities += [(score, fact in right_entities) for fact, score in zip(facts, scores) if fact[0] != ROOT]
        found = {**_list_pairs(prediction), **_list_loops(prediction, output, relation_types)}
        for (kind, head, tail), score in found.items():
            is_right = (kind, facts[head], facts[tail]) in right_relations
            candidates.append((kind, score, is_right, min(scores[head], scores[tail]), head != tail))
    kinds, relation_scores, relation_right, weakest, is_pair = zip(*candidates) if candidates else ((),) * 5
    return Events(
        np.array([score for score, _ in entities], np.float64),
        np.array([right for _, right in entities], bool),
        gold_entities,
        np.array(kinds, object),
        np.array(relation_scores, np.float64),
        np.array(relation_right, bool),
        np.array(weakest, np.float64),
        np.array(is_pair, bool),
        dict(gold_relations),
    )


def _list_pairs(prediction: Prediction) -> dict[tuple[str, int, int], float]:
    """Return the score of each candidate between two entities."""
    listed: list[tuple[Relation, float]] = [
        *zip(prediction.sentence.relations, prediction.relation_scores),
        *prediction.candidates,
    ]
    return {(relation.type, relation.head, relation.tail): score for relation, score in listed}


def _list_loops(
    prediction: Prediction, output: Output, relation_types: Sequence[str]
) -> dict[tuple[str, int, int], float]:
    """Return the highest score of each relation between two tokens of one entity, which scoring counts as false."""
    owner = np.full(len(prediction.sentence.tokens) + 1, -1)
    for number, entity in enumerate(prediction.sentence.entities):
        owner[entity.start : entity.end] = number
    ends = owner[output.pairs] if len(output.pairs) else np.zeros((0, 2), int)
    loops = (ends[:, 0] == ends[:, 1]) & (ends[:, 0] >= 0)
    found: dict[tuple[str, int, int], float] = {}
    above: list[list[int]] = np.argwhere((output.scores > FLOOR) & loops[:, None]).tolist()
    for row, kind in above:
        entity = int(ends[row, 0])
        key = (str(relation_types[kind]), entity, entity)
        found[key] = max(float(output.scores[row, kind]), found.get(key, 0.0))
    return found
