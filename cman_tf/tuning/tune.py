"""Choosing a model's thresholds and temperatures on annotated data, and measuring what they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cman_tf.config import RELATION_THRESHOLD
from cman_tf.data.types import Sentence
from cman_tf.inference.constraints import DecodingOptions
from cman_tf.inference.decoding import Output, decode_sentence
from cman_tf.inference.tuned import Tuned
from cman_tf.scoring.calibration import fit_temperature, measure_reliability, scale_scores
from cman_tf.scoring.score import TASKS, Labels, score_sentences
from cman_tf.scoring.thresholds import GRID, RANGE, Choice, choose_threshold, rates_at
from cman_tf.tuning.events import FLOOR, Events, collect_events

FOLDS = 5
FEWEST = 10  # gold relations of a type that are needed to choose a threshold for it
_SEED = 0


def tune(
    gold: Sequence[Sentence],
    outputs: Sequence[Output],
    relation_types: Sequence[str],
    labels: Labels,
    constraints: Mapping[str, Any] | None = None,
    fewest: int = FEWEST,
) -> tuple[Tuned, dict[str, Any]]:
    """Choose thresholds and temperatures.

    The temperatures come first, then the threshold of entities, then those of relations, between the entities that are
    left. All thresholds are those of the scores after the temperatures.

    Args:
      gold: the annotated sentences.
      outputs: what the network gives for each of them, with marginals.
      relation_types: the model's, in the order of the outputs' columns.
      labels: the model's types, as for `score_sentences`.
      constraints: the signatures and symmetric types, under the names of `DecodingOptions`.
      fewest: with fewer gold relations of a type than this number, the type keeps the default.

    Returns:
      What was chosen; and a report of plain values: `entities` and `relations` with the curves and choices, `micro`
      with the strict scores, `calibration` with the reliability of the scores before and after.
    """
    constraints = constraints or {}
    events = collect_events(gold, outputs, relation_types, constraints)
    tuned, choices = choose(events, relation_types, fewest)
    held_out = _choose_by_folds(gold, outputs, relation_types, constraints, fewest)
    rows = [Tuned(0.0, {})] * len(gold), [tuned] * len(gold), held_out
    scored = [
        score_sentences(gold, _decode(gold, outputs, relation_types, constraints, row), labels) for row in rows if row
    ]
    names = ("default", "tuned", "cross_validated")
    report = {
        "entities": _describe(choices["entities"], _entity_events(events, tuned), 0.0),
        "relations": {
            kind: _describe(choices[kind], _relation_events(events, tuned, kind), RELATION_THRESHOLD)
            for kind in relation_types
        },
        "micro": {
            name: {task: scores["strict"]["micro"][task] for task in TASKS} for name, scores in zip(names, scored)
        },
        "calibration": {
            "entities": _describe_calibration(events.entity_scores, events.entity_right, tuned.entity_temperature),
            "relations": _describe_calibration(
                events.relation_scores[events.is_pair],
                events.relation_right[events.is_pair],
                tuned.relation_temperature,
            ),
        },
    }
    return tuned, report


def choose(events: Events, relation_types: Sequence[str], fewest: int = FEWEST) -> tuple[Tuned, dict[str, Choice]]:
    """Choose thresholds and temperatures for some events.

    Args:
      events: the events.
      relation_types: the model's relation types.
      fewest: with fewer gold relations of a type than this number, the type keeps the default.

    Returns:
      What was chosen; and the choice for `entities` and for each relation type.
    """
    pairs = events.is_pair
    tuned = Tuned(
        0.0,
        {},
        fit_temperature(events.entity_scores, events.entity_right),
        fit_temperature(events.relation_scores[pairs], events.relation_right[pairs]),
    )
    choices = {"entities": choose_threshold(*_entity_events(events, tuned), default=0.0, fewest=fewest)}
    tuned = Tuned(choices["entities"].threshold, {}, tuned.entity_temperature, tuned.relation_temperature)
    limits = max(RANGE[0], float(scale_scores(FLOOR, tuned.relation_temperature))), RANGE[1]
    thresholds: dict[str, float] = {}
    for kind in relation_types:
        choices[kind] = choose_threshold(
            *_relation_events(events, tuned, kind), default=RELATION_THRESHOLD, fewest=fewest, limits=limits
        )
        thresholds[kind] = choices[kind].threshold
    return (
        Tuned(tuned.entity_threshold, thresholds, tuned.entity_temperature, tuned.relation_temperature),
        choices,
    )


def _entity_events(events: Events, tuned: Tuned) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the scores after the temperature, which are right, and the number of gold entities."""
    return scale_scores(events.entity_scores, tuned.entity_temperature), events.entity_right, events.gold_entities


def _relation_events(events: Events, tuned: Tuned, kind: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the same for the candidates of a type between the entities that are left."""
    kept = scale_scores(events.weakest, tuned.entity_temperature) >= tuned.entity_threshold
    mine = (events.relation_types == kind) & kept
    scores = scale_scores(events.relation_scores[mine], tuned.relation_temperature)
    return scores, events.relation_right[mine], events.gold_relations.get(kind, 0)


def _choose_by_folds(
    gold: Sequence[Sentence],
    outputs: Sequence[Output],
    relation_types: Sequence[str],
    constraints: Mapping[str, Any],
    fewest: int,
) -> list[Tuned]:
    """Choose for each sentence on the sentences of the other folds; empty if there are fewer than two sentences.

    The sentences of a document are in the same fold.
    """
    documents: dict[object, list[int]] = {}
    for row, sentence in enumerate(gold):
        documents.setdefault(sentence.document_id or row, []).append(row)
    folds = min(FOLDS, len(documents))
    if folds < 2:
        return []
    order = np.random.default_rng(_SEED).permutation(len(documents))
    groups = list(documents.values())
    chosen: list[Tuned] = [Tuned(0.0, {})] * len(gold)
    for fold in range(folds):
        mine = {row for number in order[fold::folds].tolist() for row in groups[number]}
        others = [row for row in range(len(gold)) if row not in mine]
        events = collect_events(
            [gold[row] for row in others], [outputs[row] for row in others], relation_types, constraints
        )
        tuned, _ = choose(events, relation_types, round(fewest * (folds - 1) / folds))
        for row in mine:
            chosen[row] = tuned
    return chosen


def _decode(
    gold: Sequence[Sentence],
    outputs: Sequence[Output],
    relation_types: Sequence[str],
    constraints: Mapping[str, Any],
    tuned: Sequence[Tuned],
) -> list[Sentence]:
    """Predict each sentence with the thresholds and temperatures for it."""
    return [
        decode_sentence(
            sentence.tokens,
            *output,
            relation_types,
            sentence.id,
            DecodingOptions(**constraints, **row.decoding_options()),
        ).sentence
        for sentence, output, row in zip(gold, outputs, tuned)
    ]


def _describe(choice: Choice, events: tuple[np.ndarray, np.ndarray, int], default: float) -> dict[str, Any]:
    """Describe a choice and its curve in plain values."""
    names = ("precision", "recall", "f1")
    curve = [[row[name] for name in names] for row in rates_at(*events, GRID)]
    return {
        "default": default,
        "threshold": choice.threshold,
        "reason": choice.reason,
        "gold": events[2],
        "at_default": choice.at_default,
        "at_threshold": choice.rates,
        "curve": {"thresholds": list(GRID), **{name: [row[n] for row in curve] for n, name in enumerate(names)}},
    }


def _describe_calibration(scores: np.ndarray, is_right: np.ndarray, temperature: float) -> dict[str, Any]:
    """Describe the reliability of scores before and after a temperature: of all events, and of those above 0.5."""
    above = scores > RELATION_THRESHOLD
    found: dict[str, Any] = {"temperature": temperature}
    for name, after in (("before", 1.0), ("after", temperature)):
        scaled = scale_scores(scores, after)
        found[name] = measure_reliability(scaled, is_right)
        found[f"{name}_above_half"] = measure_reliability(scaled[above], is_right[above])
    return found
