"""From facts that are right, false or missing to precision, recall and F1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

OTHER = "other"  # the type that "macro without Other" leaves out, in any case


def rates(tp: int, fp: int, fn: int) -> dict[str, float]:
    """Precision, recall and F1 in percent; 0 where there is nothing to divide by."""
    precision = 100.0 * tp / (tp + fp) if tp + fp else 0.0
    recall = 100.0 * tp / (tp + fn) if tp + fn else 0.0
    f1 = 200.0 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0
    return {"precision": precision, "recall": recall, "f1": f1, "tp": tp, "fp": fp, "fn": fn}


def count(gold: Sequence[set[tuple]], predicted: Sequence[set[tuple]]) -> dict[str, Counter]:
    """True and false positives and false negatives by type; a fact's type is its first item."""
    counts = {name: Counter() for name in ("tp", "fp", "fn")}
    for right, found in zip(gold, predicted):
        for name, facts in (("tp", right & found), ("fp", found - right), ("fn", right - found)):
            counts[name].update(fact[0] for fact in facts)
    return counts


def micro(counts: dict[str, Counter]) -> dict[str, float]:
    """Rates of the sums over all types."""
    return rates(*(sum(counts[name].values()) for name in ("tp", "fp", "fn")))


def per_type(counts: dict[str, Counter], labels: Sequence[str]) -> dict[str, dict[str, float]]:
    """Rates of every type of `labels` and of every other that was counted."""
    types = sorted({*labels, *counts["tp"], *counts["fp"], *counts["fn"]})
    return {kind: rates(*(counts[name][kind] for name in ("tp", "fp", "fn"))) for kind in types}


def macro(types: dict[str, dict[str, float]], without_other: bool = False) -> dict[str, Any]:
    """Means of the types' precision, recall and F1, and their number."""
    rows = [row for kind, row in types.items() if not (without_other and kind.lower() == OTHER)]
    mean = {name: sum(row[name] for row in rows) / max(1, len(rows)) for name in ("precision", "recall", "f1")}
    return {**mean, "types": len(rows)}
