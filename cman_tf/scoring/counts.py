"""Counting correct, false and missing facts, and computing precision, recall and F1 from the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypedDict

from cman_tf.scoring.conventions import Fact

OTHER = "other"  # the type that "macro without Other" leaves out, in lower or upper case


class Rates(TypedDict):
    """Precision, recall and F1 in percent, and the counts that they are computed from."""

    precision: float
    recall: float
    f1: float
    tp: int
    fp: int
    fn: int


class Average(TypedDict):
    """Means over types in percent, and the number of types."""

    precision: float
    recall: float
    f1: float
    types: int


class Counts(TypedDict):
    """True positives, false positives and false negatives of each type."""

    tp: Counter[str]
    fp: Counter[str]
    fn: Counter[str]


def rates(tp: int, fp: int, fn: int) -> Rates:
    """Compute precision, recall and F1 in percent; a rate whose divisor is 0 is 0.

    Args:
      tp: number of true positives.
      fp: number of false positives.
      fn: number of false negatives.

    >>> rates(tp=1, fp=1, fn=0)
    {'precision': 50.0, 'recall': 100.0, 'f1': 66.66666666666667, 'tp': 1, 'fp': 1, 'fn': 0}
    """
    precision = 100.0 * tp / (tp + fp) if tp + fp else 0.0
    recall = 100.0 * tp / (tp + fn) if tp + fn else 0.0
    f1 = 200.0 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0
    return {"precision": precision, "recall": recall, "f1": f1, "tp": tp, "fp": fp, "fn": fn}


def count(gold: Sequence[set[Fact]], predicted: Sequence[set[Fact]]) -> Counts:
    """Count true positives, false positives and false negatives of each type. A fact's first item is its type.

    Args:
      gold: the gold facts of each sentence.
      predicted: the predicted facts of the same sentences.
    """
    counts: Counts = {"tp": Counter(), "fp": Counter(), "fn": Counter()}
    for right, found in zip(gold, predicted):
        counts["tp"].update(fact[0] for fact in right & found)
        counts["fp"].update(fact[0] for fact in found - right)
        counts["fn"].update(fact[0] for fact in right - found)
    return counts


def micro(counts: Counts) -> Rates:
    """Compute the rates of the sums over all types."""
    return rates(sum(counts["tp"].values()), sum(counts["fp"].values()), sum(counts["fn"].values()))


def per_type(counts: Counts, labels: Sequence[str]) -> dict[str, Rates]:
    """Compute the rates of every type of `labels` and of every other type that was counted."""
    types = sorted({*labels, *counts["tp"], *counts["fp"], *counts["fn"]})
    return {kind: rates(counts["tp"][kind], counts["fp"][kind], counts["fn"][kind]) for kind in types}


def macro(types: Mapping[str, Rates], without_other: bool = False) -> Average:
    """Average the rates of the types.

    Args:
      types: the rates of each type, as `per_type` returns them.
      without_other: whether to leave out the type Other.
    """
    rows = [row for kind, row in types.items() if not (without_other and kind.lower() == OTHER)]
    number = max(1, len(rows))
    return {
        "precision": sum(row["precision"] for row in rows) / number,
        "recall": sum(row["recall"] for row in rows) / number,
        "f1": sum(row["f1"] for row in rows) / number,
        "types": len(rows),
    }
