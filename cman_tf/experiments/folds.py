"""Tables of a cross-validation: means over folds, pooled scores, single folds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from cman_tf.experiments.catalogue import FOLDS
from cman_tf.experiments.lines import GAP, Line
from cman_tf.experiments.result_files import parse_fold
from cman_tf.experiments.tables import Table, format_mean
from cman_tf.scoring.counts import rates
from cman_tf.scoring.score import TASKS

_AVERAGES = ("macro", "micro")
_PARTS = {"all": None, "without overlaps": "without_overlaps"}


def make_pooled_table(lines: Sequence[Line]) -> Table:
    """Strict F1 over the folds that were run: the mean of the folds, and that of the summed counts."""
    rows = []
    for line in (line for line in lines if line.results):
        for average in _AVERAGES:
            for name, part in _PARTS.items():
                tests = [result["test"].get(part, result["test"]) for result in line.results]
                tests = [test for test in tests if _is_complete(test)]
                if tests:
                    count = sum(test["counts"]["sentences"] for test in tests)
                    cells = [
                        c for t in TASKS for c in (_format_f1(tests, average, t), f"{pool(tests, t, average):.2f}")
                    ]
                    rows.append((line.row.label, line.inputs_name, average, f"{name} ({count})", *cells))
    header = ("model", "inputs", "average", "sentences", *(n for task in TASKS for n in (f"{task} F1", "pooled")))
    notes = ('"Pooled" sums the counts of all folds first and computes F1 from the sums.',)
    return Table("Strict F1 over the folds", header, tuple(rows), notes)


def make_fold_table(lines: Sequence[Line]) -> Table:
    """Each fold's strict F1."""
    rows = []
    for number in range(FOLDS):
        for line in (line for line in lines if line.results):
            tests = [result["test"] for result in line.results if parse_fold(result["file"]) == number]
            cells = [_format_f1(tests, average, task) if tests else GAP for task in TASKS for average in _AVERAGES]
            if tests:
                rows.append((str(number), line.row.label, line.inputs_name, *cells))
    ran = {row[0] for row in rows}
    missing = [str(number) for number in range(FOLDS) if str(number) not in ran]
    header = ("fold", "model", "inputs", *(f"{task} {average}" for task in TASKS for average in _AVERAGES))
    notes = (f"Folds not run: {', '.join(missing)}.",) if missing else ()
    return Table("Strict F1 of each fold", header, tuple(rows), notes)


def pool(tests: Sequence[dict[str, Any]], task: str, average: str = "micro") -> float:
    """Compute strict F1 in percent from the summed counts of several folds' scores.

    Args:
      tests: The folds' scores.
      task: entities or relations.
      average: micro, or macro for the mean over the types.
    """
    strict = [test["strict"] for test in tests]
    if average == "micro":
        return _sum_up([table["micro"][task] for table in strict])
    types = {name for table in strict for name in table["per_type"][task]}
    tables = {name: [t["per_type"][task][name] for t in strict if name in t["per_type"][task]] for name in types}
    return statistics.mean(map(_sum_up, tables.values())) if tables else 0.0


def _is_complete(test: dict[str, Any]) -> bool:
    """Whether these scores have what is pooled; the oldest result files lack it."""
    has_counts = all("tp" in test["strict"]["micro"][task] for task in TASKS)
    return has_counts and "counts" in test and {"macro", "per_type"} <= test["strict"].keys()


def _sum_up(tables: Sequence[dict[str, Any]]) -> float:
    return rates(*(sum(int(table[count]) for table in tables) for count in ("tp", "fp", "fn")))["f1"]


def _format_f1(tests: Sequence[dict[str, Any]], average: str, task: str) -> str:
    return format_mean([test["strict"][average][task]["f1"] for test in tests if average in test["strict"]])
