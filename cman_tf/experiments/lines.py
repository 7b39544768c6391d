"""An experiment's results: for each row and kind of inputs, the runs that may be averaged."""

from __future__ import annotations

import dataclasses
import pathlib
import statistics
from collections.abc import Iterator
from typing import Any

from cman_tf.errors import DataError
from cman_tf.experiments.catalogue import EXPERIMENTS, FOLDS, Experiment, Row
from cman_tf.experiments.grouping import collect_hashes, find_differences, group_results
from cman_tf.experiments.planning import changed_settings
from cman_tf.experiments.published import F1, PartialF1
from cman_tf.experiments.result_files import Result, identify_training, read_result
from cman_tf.runs.run_settings import fill_defaults
from cman_tf.scoring.score import TASKS

GAP = "not run"
_INPUTS = {"words": "words", "minilm": "MiniLM", "mpnet": "MPNet", "elmo": "ELMo"}
_SUFFIXES = ("tuned", "float16")  # weights trained with the model; features kept in half precision


@dataclasses.dataclass(frozen=True)
class Line:
    """A row on one kind of inputs, with the results of comparable runs.

    Attributes:
      row: The catalogue's row; its label names what sets these runs apart from others of the row.
      inputs: "words", or the short name of a contextual encoder.
      papers: The papers' scores for this row and these inputs, by table.
      results: The results, empty if nothing was run.
      expected: How many results there would be if every fold had been run with every seed.
      common: What the runs have in common, as `grouping.describe_run` returns it.
    """

    row: Row
    inputs: str
    papers: dict[str, F1]
    results: tuple[Result, ...] = ()
    expected: int = 1
    common: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def inputs_name(self) -> str:
        """The inputs' name for readers."""
        return name_inputs(self.inputs)

    @property
    def paper(self) -> PartialF1:
        """The paper's scores; the same in each of its tables."""
        return PartialF1(*next(iter(self.papers.values()), ()))

    def f1(self, task: str, convention: str = "strict", average: str = "micro", split: str = "test") -> list[float]:
        """F1 in percent of each run that has these scores."""
        tables = (result.get(split, {}).get(convention, {}).get(average) for result in self.results)
        return [table[task]["f1"] for table in tables if table]

    def mean(self, **which: str) -> F1 | None:
        """Mean F1 of both tasks, `which` as for `f1`; None without such scores."""
        values = [self.f1(task, **which) for task in TASKS]
        return F1(*map(statistics.mean, values)) if all(values) else None


def name_inputs(inputs: str) -> str:
    """A name for readers: MiniLM for minilm, MiniLM (tuned) for minilm_tuned, MPNet (float16) for mpnet_float16."""
    for suffix in _SUFFIXES:
        if inputs.endswith(f"_{suffix}"):
            return f"{name_inputs(inputs[: -len(suffix) - 1])} ({suffix})"
    return _INPUTS.get(inputs, inputs)


class ResultFolder:
    """The result files below a directory, each read once.

    Attributes:
      directory: The directory.
      problems: One line for each file that was left out.
    """

    def __init__(self, directory: pathlib.Path, strict: bool = True) -> None:
        """Remember the directory; with `strict`, a damaged file is an error, else it is left out."""
        self.directory = directory
        self._strict = strict
        self._read: dict[pathlib.Path, Result | None] = {}
        self._problems: dict[pathlib.Path, str] = {}

    @property
    def problems(self) -> list[str]:
        return list(self._problems.values())

    def relative(self, result: Result) -> str:
        """A result's path below the directory."""
        return pathlib.Path(result["file"]).relative_to(self.directory).as_posix()

    def leave_out(self, path: pathlib.Path, error: DataError) -> None:
        """Leave a file out, or raise the error if the folder is strict."""
        if self._strict:
            raise error
        self._problems.setdefault(path, str(error))

    def read(self, path: pathlib.Path) -> Result | None:
        """Read a result file; None for one that is left out."""
        if path not in self._read:
            try:
                self._read[path] = read_result(path)
            except DataError as error:
                self._read[path] = None
                self.leave_out(path, error)
        return self._read[path]

    def read_row(self, home: str, row: Row) -> Iterator[Result]:
        """Read a row's results, leaving out those of another model or setting than their name says."""
        for path in sorted((self.directory / home).glob(f"{row.key}-*-seed*.json")):
            result = self.read(path)
            if result is not None:
                try:
                    _check_name(row, path, result)
                    yield result
                except DataError as error:
                    self.leave_out(path, error)

    def read_all(self) -> list[Result]:
        """Read every result: of single runs, and of the experiments."""
        folders = [self.directory, *(self.directory / name for name in EXPERIMENTS)]
        results = (self.read(path) for path in sorted(p for folder in folders for p in folder.glob("*.json")))
        return [result for result in results if result is not None]


def _check_name(row: Row, path: pathlib.Path, result: Result) -> None:
    known, expected = fill_defaults(result["flags"]), changed_settings(row)
    for name in (name for name in expected if known[name] != expected[name]):
        raise DataError(f"{path}: made with --{name}={known[name]}, but its name says {expected[name]}")


def collect_lines(name: str, experiment: Experiment, folder: ResultFolder) -> list[Line]:
    """Collect an experiment's lines: every row on every kind of inputs that it was run on.

    Runs that are not comparable are never averaged: each group of them is a line.

    Args:
      name: The experiment's key in the catalogue.
      experiment: The experiment.
      folder: The result files.

    Returns:
      The lines in the order of the rows. A row that was not run is a line without results.
    """
    found: dict[tuple[str, str], list[Result]] = {}
    for row in experiment.rows:
        for result in folder.read_row(row.home or name, row):
            stem = pathlib.Path(result["file"]).stem
            found.setdefault((row.key, stem[len(row.key) + 1 :].partition("-")[0]), []).append(result)
    _keep_same_models(experiment, found)
    hashes = collect_hashes([result for results in found.values() for result in results])
    runs = FOLDS if experiment.corpus == "ade" else 1
    lines = []
    for row in experiment.rows:
        for inputs in _kinds_of_inputs(name, experiment, found):
            papers = experiment.published(row) if row.elmo or inputs == "words" else {}
            groups = group_results(found.get((row.key, inputs), []), hashes)
            names = [n for n in find_differences([common for common, _ in groups]) if n != "inputs"]
            for common, results in groups:
                label = ", ".join([row.label, *(f"{n}={common[n]}" for n in names if common[n] is not None)])
                expected = runs * max(1, len({result["seed"] for result in results}))
                own = dataclasses.replace(row, label=label)
                lines.append(Line(own, inputs, papers, tuple(results), expected, common))
            if not groups and not experiment.is_search:
                lines.append(Line(row, inputs, papers))
    return lines


def _kinds_of_inputs(name: str, experiment: Experiment, found: dict[tuple[str, str], list[Result]]) -> list[str]:
    """The inputs that the experiment's own rows were run on, words first; those of repeated rows if there are none."""
    own = {row.key for row in experiment.rows if row.home in (None, name)}
    kinds = {inputs for key, inputs in found if key in own} or {inputs for _, inputs in found} or {"words"}
    return sorted(kinds, key=lambda kind: (kind != "words", kind))


def _keep_same_models(experiment: Experiment, found: dict[tuple[str, str], list[Result]]) -> None:
    """Where a row stands beside its evaluation with gold labels, keep the models that both rows evaluate."""
    for (key, inputs), golds in list(found.items()):
        row = next(row for row in experiment.rows if row.key == key)
        plain = (row.gold_labels_of or "", inputs)
        if plain in found:
            trainings = {identify_training(gold) for gold in golds}
            found[plain] = [result for result in found[plain] if identify_training(result) in trainings]
