"""The papers' strict measure (section 4.1 / IV-A), micro and per type.

An entity is correct if its span and type are; a relation if its type, its
direction and both its entities' spans and types are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from cman_tf.data.sentence import DataError, Sentence

DESCRIPTION = (
    "strict: an entity counts as correct if span and type are right; "
    "a relation if its type and direction and both entities' spans and types are right"
)


def entity_items(sentence: Sentence) -> set[tuple]:
    """The facts about entities that are right or wrong: (type, start, end)."""
    return {(e.type, e.start, e.end) for e in sentence.entities}


def relation_items(sentence: Sentence) -> set[tuple]:
    """The facts about relations: (type, head entity, tail entity)."""
    entities = [(e.type, e.start, e.end) for e in sentence.entities]
    return {(r.type, entities[r.head], entities[r.tail]) for r in sentence.relations}


def rates(tp: int, fp: int, fn: int) -> dict[str, float]:
    """Precision, recall and F1 in percent; 0 where there is nothing to divide by."""
    precision = 100.0 * tp / (tp + fp) if tp + fp else 0.0
    recall = 100.0 * tp / (tp + fn) if tp + fn else 0.0
    f1 = 200.0 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0
    return {"precision": precision, "recall": recall, "f1": f1, "tp": tp, "fp": fp, "fn": fn}


def _count(gold: Sequence[set[tuple]], predicted: Sequence[set[tuple]]) -> dict[str, Counter]:
    counts = {name: Counter() for name in ("tp", "fp", "fn")}
    for right, found in zip(gold, predicted):
        for name, items in (("tp", right & found), ("fp", found - right), ("fn", right - found)):
            counts[name].update(item[0] for item in items)
    return counts


def _table(counts: dict[str, Counter]) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    types = sorted(set().union(*counts.values()))
    micro = rates(*(sum(counts[name].values()) for name in ("tp", "fp", "fn")))
    return micro, {kind: rates(*(counts[name][kind] for name in ("tp", "fp", "fn"))) for kind in types}


def score(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> dict[str, Any]:
    """Score predictions: {"strict": {"micro", "per_type"}, "counts"}; room for more conventions.

    Raises:
      DataError: if the predictions are not of these sentences, in this order.
    """
    if len(gold) != len(predicted):
        raise DataError(f"{len(predicted)} predicted sentences, expected {len(gold)}, one for each gold sentence")
    for number, (right, found) in enumerate(zip(gold, predicted)):
        if right.tokens != found.tokens:
            raise DataError(
                f"sentence {number}: predicted for {' '.join(found.tokens)[:40]!r}, "
                f"expected the gold file's {' '.join(right.tokens)[:40]!r}"
            )
    strict: dict[str, Any] = {"micro": {}, "per_type": {}}
    counts: dict[str, Any] = {"sentences": len(gold), "tokens": sum(len(s.tokens) for s in gold)}
    for task, items in (("entities", entity_items), ("relations", relation_items)):
        right, found = [items(s) for s in gold], [items(s) for s in predicted]
        strict["micro"][task], strict["per_type"][task] = _table(_count(right, found))
        counts[f"gold_{task}"], counts[f"predicted_{task}"] = sum(map(len, right)), sum(map(len, found))
    return {"strict": strict, "counts": counts}


def stop_score(scores: dict[str, Any]) -> float:
    """What the best epoch is chosen by: the mean of strict micro NER and RE F1."""
    micro = scores["strict"]["micro"]
    return (micro["entities"]["f1"] + micro["relations"]["f1"]) / 2.0
