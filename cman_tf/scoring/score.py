"""The scores of predictions, by all conventions and with all averages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cman_tf.data.types import ROOT, Sentence
from cman_tf.errors import DataError
from cman_tf.scoring.conventions import CONVENTIONS, DESCRIPTIONS, unattached_relations
from cman_tf.scoring.counts import count, macro, micro, per_type

TASKS = ("entities", "relations")
Labels = Mapping[str, Sequence[str]]  # task to the label set


def label_set(sentences: Sequence[Sentence]) -> dict[str, list[str]]:
    """List the types of entities and of relations that occur in some sentences."""
    return {
        "entities": sorted({e.type for s in sentences for e in s.entities} - {ROOT}),
        "relations": sorted({r.type for s in sentences for r in s.relations}),
    }


def score_sentences(
    gold: Sequence[Sentence], predicted: Sequence[Sentence], labels: Labels | None = None
) -> dict[str, Any]:
    """Score predictions by every convention.

    Args:
      gold: the gold sentences.
      predicted: the same sentences with predictions.
      labels: the label set over which macro averages are taken ("all labels"). None takes the labels that occur in the
        gold sentences or the predictions ("seen labels").

    Returns:
      For each convention `means` (its description) and, by task, the rates in percent: `micro`, `macro`,
      `macro_without_other` (except for boundaries) and `per_type`. Also `stop_score` (see `stop_score`), `macro_rule`
      (which labels macro averages are over), `ungrounded_relations` (the number of predicted relations that are left
      out) and `counts` (of sentences, tokens, entities and relations).

    Raises:
      DataError: if the predictions are not for these sentences in this order.

    >>> from cman_tf.data.types import Entity
    >>> gold = Sentence(("Ann", "left"), (Entity("Peop", 0, 1),))
    >>> score_sentences([gold], [Sentence(gold.tokens)])["strict"]["micro"]["entities"]["recall"]
    0.0
    """
    validate_same_sentences(gold, predicted)
    pairs = list(zip(gold, predicted))
    scores: dict[str, Any] = {name: _score_by(name, pairs, labels) for name in CONVENTIONS}
    left_out = [unattached_relations(right, found) for right, found in pairs]
    counts = {"sentences": len(gold), "tokens": sum(len(s.tokens) for s in gold)}
    for number, task in enumerate(TASKS):
        for side, sentences in (("gold", gold), ("predicted", predicted)):
            counts[f"{side}_{task}"] = sum(len(CONVENTIONS["strict"](s, s)[0][number]) for s in sentences)
    return {
        **scores,
        "stop_score": stop_score(scores),
        "macro_rule": "seen labels" if labels is None else "all labels",
        "ungrounded_relations": {side: sum(row[side] for row in left_out) for side in ("predicted", "gold")},
        "counts": counts,
    }


def _score_by(convention: str, sentences: Sequence[tuple[Sentence, Sentence]], labels: Labels | None) -> dict[str, Any]:
    """Score predictions by one convention.

    Args:
      convention: a key of `CONVENTIONS`.
      sentences: pairs of a gold sentence and the same sentence with predictions.
      labels: as for `score_sentences`.
    """
    pairs = [CONVENTIONS[convention](right, found) for right, found in sentences]
    typed = convention != "boundaries"  # boundaries ignores the entities' types, so there is no type Other to leave out
    averages = ("micro", "macro", "per_type", *(["macro_without_other"] if typed else []))
    table: dict[str, Any] = {"means": DESCRIPTIONS[convention], **{average: {} for average in averages}}
    for number, task in enumerate(TASKS):
        counts = count([right[number] for right, _ in pairs], [found[number] for _, found in pairs])
        known = () if labels is None or (typed, task) == (False, "entities") else labels[task]
        types = table["per_type"][task] = per_type(counts, known)
        table["micro"][task] = micro(counts)
        table["macro"][task] = macro(types)
        if typed:
            table["macro_without_other"][task] = macro(types, without_other=task == "entities")
    return table


def stop_score(scores: dict[str, Any]) -> float:
    """Average the strict micro F1 of NER and RE. The best epoch is chosen by this score.

    A task without anything to score (see `has_items`), as in data without relations, does not count.

    Args:
      scores: the scores as `score_sentences` returns them.
    """
    strict = scores["strict"]["micro"]
    found = [strict[task]["f1"] for task in TASKS if has_items(strict[task])]
    return sum(found) / len(found) if found else 0.0


def has_items(rates: Mapping[str, float]) -> bool:
    """Return whether there was anything to score: an item in the gold data or in the predictions.

    Args:
      rates: the counts `tp`, `fp` and `fn`.
    """
    return rates["tp"] + rates["fp"] + rates["fn"] > 0


def validate_same_sentences(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> None:
    """Raises DataError if the predictions are not of these sentences, in this order."""
    if len(gold) != len(predicted):
        raise DataError(f"{len(predicted)} predicted sentences, expected {len(gold)}, one for each gold sentence")
    for number, (right, found) in enumerate(zip(gold, predicted)):
        if right.tokens != found.tokens:
            raise DataError(
                f"sentence {number}: predicted for {' '.join(found.tokens)[:40]!r}, expected the gold file's "
                f"{' '.join(right.tokens)[:40]!r}; {_describe_difference(found.tokens, right.tokens)}"
            )


def _describe_difference(found: Sequence[str], expected: Sequence[str]) -> str:
    """Name the first token that differs, or the lengths if one sentence is the beginning of the other."""
    for number, (one, other) in enumerate(zip(found, expected)):
        if one != other:
            return f"token {number} is {one[:20]!r}, expected {other[:20]!r}"
    return f"{len(found)} tokens, expected {len(expected)}"
