"""An experiment's results as lines: the papers' numbers, ours, the difference."""

from __future__ import annotations

import dataclasses
import pathlib
import statistics
from collections.abc import Sequence
from typing import Any

from cman_tf.errors import DataError
from cman_tf.experiments.grouping import differing, grouped, hashes_of
from cman_tf.experiments.rows import FOLDS, Experiment, Row
from cman_tf.experiments.runs import fold_of, read_result, row_config, training_of
from cman_tf.runs.run_directory import completed
from cman_tf.scoring.counts import rates
from cman_tf.scoring.score import TASKS

GAP = "not run"


@dataclasses.dataclass(frozen=True)
class Line:
    """A row on one kind of inputs: its result files, what they hold, and what they have in common."""

    row: Row
    inputs: str
    results: tuple[dict[str, Any], ...]
    expected: int
    common: dict[str, Any] = dataclasses.field(default_factory=dict)

    def f1(self, task: str, convention: str = "strict", average: str = "micro", split: str = "test") -> list[float]:
        """F1 of each run that has this split's scores."""
        return [r[split][convention][average][task]["f1"] for r in self.results if split in r]


def lines_of(name: str, experiment: Experiment, results: pathlib.Path) -> list[Line]:
    """Every row on every kind of inputs that any of the rows was run on, and on words, with
    all the results that are there."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    kinds = ["words"]
    for row in experiment.rows:
        for path in sorted((results / (row.home or name)).glob(f"{row.key}-*-seed*.json")):
            inputs = path.stem[len(row.key) + 1 :].partition("-")[0]
            kinds += [inputs] if inputs not in kinds else []
            found.setdefault((row.key, inputs), []).append({**_result_of(row, path), "file": str(path)})
    _same_models_only(experiment, found)
    hashes = hashes_of([result for results in found.values() for result in results])
    runs = FOLDS if experiment.corpus == "ade" else 1
    lines = []
    for row in experiment.rows:
        for inputs in kinds:
            groups = grouped(found.get((row.key, inputs), []), hashes)
            told = [name for name in differing([common for common, _ in groups]) if name != "inputs"]
            for common, results in groups or [({}, [])]:
                # Unlike runs under one name are never averaged.
                label = ", ".join([row.label, *(f"{name}={common[name]}" for name in told if common[name] is not None)])
                expected = runs * max(1, len({result["seed"] for result in results}))
                lines.append(Line(dataclasses.replace(row, label=label), inputs, tuple(results), expected, common))
    return lines


def _result_of(row: Row, path: pathlib.Path) -> dict[str, Any]:
    """A row's result file; one of another model or without the row's change has a wrong name."""
    result = read_result(path)
    known, expected = completed(result["flags"]), row_config(row)
    for name in (name for name in expected if known[name] != expected[name]):
        raise DataError(f"{path}: made with --{name}={known[name]}, expected {expected[name]}, as its name says")
    return result


def _same_models_only(experiment: Experiment, found: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
    """Of a row that stands beside itself with gold labels, leave the runs that were evaluated with them."""
    for (key, inputs), golds in list(found.items()):
        row = next(row for row in experiment.rows if row.key == key)
        plain = (row.gold_labels_of or "", inputs)
        if plain in found:
            runs = {training_of(gold) for gold in golds}
            found[plain] = [result for result in found[plain] if training_of(result) in runs]


def mean_and_deviation(values: Sequence[float]) -> str:
    """81.20 ± 0.45, one value alone as it is, none as a visible gap."""
    if not values:
        return GAP
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{statistics.mean(values):.2f} ± {statistics.stdev(values):.2f}"


def difference(values: Sequence[float], paper: float | None) -> str:
    """Ours less the paper's."""
    return f"{statistics.mean(values) - paper:+.2f}" if values and paper is not None else ""


def pooled(tests: Sequence[dict[str, Any]], task: str, average: str = "micro") -> float:
    """Strict F1 of the summed counts of several folds' scores: all types', or the mean of each type's."""
    strict = [test["strict"] for test in tests]
    if average == "micro":
        return _summed([table["micro"][task] for table in strict])
    types = {name for table in strict for name in table["per_type"][task]}
    return statistics.mean(
        _summed([table["per_type"][task][name] for table in strict if name in table["per_type"][task]])
        for name in types
    )


def _summed(tables: Sequence[dict[str, Any]]) -> float:
    return rates(*(sum(int(table[count]) for table in tables) for count in ("tp", "fp", "fn")))["f1"]


HEADER = (
    "row",
    "inputs",
    "paper",
    "entities: paper",
    "ours",
    "difference",
    "relations: paper",
    "ours",
    "difference",
    "seeds",
    "best epoch",
)


def table(experiment: Experiment, lines: Sequence[Line]) -> list[list[str]]:
    """The table in the paper's layout: other systems first, then ours, strict micro, for ADE
    macro, as the others report it."""
    average = "macro" if experiment.corpus == "ade" else "micro"
    rows = [
        [label, "", where, f"{f1[0]:.2f}", "", "", f"{f1[1]:.2f}", "", "", "", ""]
        for label, where, f1 in experiment.cited
    ]
    for line in lines:
        seeds = ", ".join(sorted({str(result["seed"]) for result in line.results}))
        if 0 < len(line.results) < line.expected:
            seeds += f" ({len(line.results)} of {line.expected} runs)"
        epochs = ", ".join(_epochs(result) for result in line.results)
        inputs = line.results[0]["inputs"] if line.results else line.inputs
        papers = line.row.papers if line.row.elmo or line.inputs == "words" else {}  # else a row of neither paper
        for where, paper in papers.items() or (("", (None, None)),):
            cells = []
            for task, number in zip(TASKS, paper):
                ours = line.f1(task, average=average)
                shown = "" if number is None else f"{number:.2f}"
                cells += [shown, mean_and_deviation(ours), difference(ours, number)]
            rows.append([line.row.label, inputs, where, *cells, seeds, epochs if len(line.results) < 4 else ""])
    return rows


def _epochs(result: dict[str, Any]) -> str:
    """The epoch kept, the last one, and what would have ended the run."""
    flags = result["flags"]
    return f"{result['best_epoch']} of {result['epochs']} (patience {flags['patience']}, limit {flags['epochs']})"


def conventions(lines: Sequence[Line]) -> list[list[str]]:
    """Every convention's F1 of every row that was run, and of how many of its runs: header first."""
    names = [(c, a) for c in ("strict", "boundaries", "relaxed") for a in ("micro", "macro", "macro_without_other")]
    names.remove(("boundaries", "macro_without_other"))
    rows = [["row", "inputs", "runs", *(f"{c} {a.replace('_', ' ').replace('other', 'Other')}" for c, a in names)]]
    for line in lines:
        # The first result files hold strict micro scores only.
        whole = dataclasses.replace(line, results=tuple(r for r in line.results if "relaxed" in r["test"]))
        if whole.results:
            pairs = [[mean_and_deviation(whole.f1(task, *name)) for task in TASKS] for name in names]
            count = f"{len(whole.results)} of {len(line.results)}"
            rows.append([line.row.label, line.inputs, count, *(" / ".join(pair) for pair in pairs)])
    return rows


def single_folds(lines: Sequence[Line]) -> list[list[str]]:
    """Each fold's strict F1, entities / relations, header first."""
    rows = [["row", "inputs", "score", *(f"fold {number}" for number in range(FOLDS))]]
    for line in (line for line in lines if line.results):
        for average in ("micro", "macro"):
            cells = [line.row.label, line.inputs, average]
            for number in range(FOLDS):
                mine = [r for r in line.results if fold_of(r["file"]) == number]
                cells.append(_pair([r["test"] for r in mine], average) if mine else GAP)
            rows.append(cells)
    return rows


def _pair(tests: Sequence[dict[str, Any]], average: str) -> str:
    return " / ".join(mean_and_deviation([t["strict"][average][task]["f1"] for t in tests]) for task in TASKS)


def folds(lines: Sequence[Line]) -> list[list[str]]:
    """Cross-validation: strict F1, entities / relations, over the folds run, header first."""
    rows = [["row", "inputs", "score", "sentences", "folds run", "mean of folds", "pooled"]]
    for line in (line for line in lines if line.results):
        for average in ("micro", "macro"):
            for part in (None, "without_overlaps"):
                tests = [r["test"].get(part, r["test"]) if part else r["test"] for r in line.results]
                count = sum(t["counts"]["sentences"] for t in tests)
                rows.append(
                    [
                        line.row.label,
                        line.inputs,
                        average,
                        f"{count}, without overlaps" if part else f"{count}, all",
                        f"{len(tests)} of {line.expected}",
                        _pair(tests, average),
                        " / ".join(f"{pooled(tests, task, average):.2f}" for task in TASKS),
                    ]
                )
    return rows
