"""Tables of the report: scores beside the papers', differences, scoring conventions, training details."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import statistics
from collections.abc import Iterator, Sequence

from cman_tf.experiments.catalogue import Experiment
from cman_tf.experiments.comparisons import Difference, allowed_epochs
from cman_tf.experiments.lines import GAP, Line
from cman_tf.experiments.published import CITED, PartialF1
from cman_tf.experiments.result_files import Result
from cman_tf.runs.epochs import count_epochs
from cman_tf.scoring.score import TASKS
from cman_tf.scoring.tables import format_table

CONVENTIONS = (  # every convention with the averages that it has
    ("strict", "micro"),
    ("strict", "macro"),
    ("strict", "macro_without_other"),
    ("boundaries", "micro"),
    ("boundaries", "macro"),
    ("relaxed", "micro"),
    ("relaxed", "macro"),
    ("relaxed", "macro_without_other"),
)


@dataclasses.dataclass(frozen=True)
class Table:
    """A table with a caption, notes below it, and cells of plain text."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def without_empty_columns(self) -> Table:
        """The same table without the columns in which every cell is empty."""
        kept = [n for n in range(len(self.header)) if any(row[n] for row in self.rows)]
        rows = tuple(tuple(row[n] for n in kept) for row in self.rows)
        return dataclasses.replace(self, header=tuple(self.header[n] for n in kept), rows=rows)


def print_table(table: Table, title: str = "") -> None:
    """Print a table with its caption, or a title, above it and its notes below."""
    heading = f"{title}: {table.caption}" if title else table.caption
    print(f"\n{heading}\n{format_table(table.header, table.rows)}")
    for note in table.notes:
        print(note)


def make_score_table(experiment: Experiment, lines: Sequence[Line]) -> Table:
    """Our scores beside the papers', in the average that the papers report."""
    rows = []
    for line in lines:
        cells = []
        for task, paper in zip(TASKS, line.paper):
            ours = line.f1(task, average=experiment.average)
            less = "" if not ours or paper is None else f"{statistics.mean(ours) - paper:+.2f}"
            cells += [format_mean(ours), format_number(paper), less]
        rows.append((line.row.label, line.inputs_name, *cells, count_runs(line)))
    header = ("model", "inputs", *(n for task in TASKS for n in (f"{task} F1", "paper", "difference")), "runs")
    sources = list(dict.fromkeys(source for line in lines for source in line.papers))
    notes = [f"Paper: {' and '.join(sources)}."] if sources else []
    table = Table(f"Strict {experiment.average} F1 on test", header, tuple(rows), (*notes, *experiment.notes))
    return table.without_empty_columns()


def make_cited_table(corpus: str) -> Table:
    """Other systems, as the papers print them."""
    rows = [(name, *(f"{f1:.2f}" for f1 in scores), ", ".join(sources)) for name, sources, scores in CITED[corpus]]
    printed = (
        "72.04 of Multi-head is as printed. It may not be an F1 of relations: it equals an overall F1, "
        "(83.04 + 61.04) / 2."
    )
    notes = (printed,) if corpus == "conll04" else ()
    header = ("system", "entities F1", "relations F1", "printed in")
    return Table("Other systems, as the papers print them", header, tuple(rows), notes)


def make_difference_table(differences: Sequence[Difference], caption: str) -> Table:
    """Differences of strict micro F1 on test with p-values, a row for each task.

    Args:
      differences: The differences, one or more.
      caption: The table's caption.
    """
    rows = []
    shows_inputs = any(difference.line.inputs != difference.reference.inputs for difference in differences)
    for difference in differences:
        line, reference = difference.line, difference.reference
        on_dev = PartialF1(*(difference.ours(split="dev") or ()))
        for (task, own, paper), dev in zip(difference.by_task(), on_dev):
            test = difference.test(task)
            tested = (f"{test.low:+.2f} to {test.high:+.2f}", _format_p(test.p)) if test else ("one run each", "")
            inputs = (line.inputs_name, reference.inputs_name if shows_inputs else "")
            runs = f"{len(line.results)} and {len(reference.results)}"
            signed = (_signed(own), _signed(paper))
            rows.append((line.row.label, *inputs, task, *signed, *tested, _signed(dev), runs))
    header = ("model", "inputs", "baseline's inputs", "task", "ours", "paper", "95 % interval", "p", "on dev", "runs")
    return Table(caption, header, tuple(rows), tuple(_describe_epochs(differences))).without_empty_columns()


def _describe_epochs(differences: Sequence[Difference]) -> Iterator[str]:
    """How long both sides were allowed to train: a difference may be due to fewer epochs."""
    allowed: dict[tuple[str, str], list[str]] = {}
    for difference in differences:
        sides = allowed_epochs(difference.line), allowed_epochs(difference.reference)
        allowed.setdefault(sides, []).append(difference.line.row.label)
    for (mine, other), labels in allowed.items():
        which = "" if len(allowed) == 1 else f" ({'; '.join(dict.fromkeys(labels))})"
        if mine != other:
            yield f"Epochs allowed{which}: {mine}, against {other} for the runs compared with."


def make_convention_tables(lines: Sequence[Line], corpus: str) -> Iterator[Table]:
    """Every scoring convention's mean F1, a table for each task."""
    # The oldest result files hold strict micro scores only.
    full = [dataclasses.replace(x, results=tuple(r for r in x.results if "relaxed" in r["test"])) for x in lines]
    full = [line for line in full if line.results]
    header = ("model", "inputs", *(f"{c} {a.replace('_', ' ').replace('other', 'Other')}" for c, a in CONVENTIONS))
    for task in TASKS if full else ():
        rows = []
        for line in full:
            values = [line.f1(task, *convention) for convention in CONVENTIONS]
            cells = [f"{statistics.mean(v):.2f}" if v else "" for v in values]
            rows.append((line.row.label, line.inputs_name, *cells))
        yield Table(f"{corpus}, {task}: mean F1 on test by convention", header, tuple(rows))


def make_training_table(results: Sequence[Result], folder: pathlib.Path) -> Table:
    """How each run was trained, a row for each result file below `folder`."""
    rows = []
    for result in sorted(results, key=lambda result: result["file"]):
        trained, best = count_epochs(result)
        limit, patience = (result["flags"][name] for name in ("epochs", "patience"))
        ended = "limit" if trained >= limit else "patience" if patience and trained - best >= patience else "neither"
        file = os.path.relpath(result["file"], folder)
        numbers = (result["seed"], best, trained, limit, patience)
        rows.append((file, *map(str, numbers), ended, result["protocol"]))
    header = ("file", "seed", "best epoch", "epochs", "limit", "patience", "ended by", "protocol")
    notes = [
        "Best epoch: the epoch that was kept. Limit: epochs allowed. Patience: epochs without a better dev score after "
        'which training ends; 0: no limit. A run that ended by "neither" was stopped before.'
    ]
    protocols = {row[-1] for row in rows}
    if len(protocols) == 1:
        notes.append(f"Protocol of every run: {protocols.pop()}.")
        rows = [(*row[:-1], "") for row in rows]
    return Table("A row for each run", header, tuple(rows), tuple(notes)).without_empty_columns()


def count_runs(line: Line) -> str:
    """How many runs a line has, and of how many where some folds are missing."""
    if 0 < len(line.results) < line.expected:
        return f"{len(line.results)} of {line.expected}"
    return str(len(line.results))


def format_mean(values: Sequence[float]) -> str:
    """81.20 ± 0.45; a single value as it is; no value as a visible gap."""
    if not values:
        return GAP
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{statistics.mean(values):.2f} ± {statistics.stdev(values):.2f}"


def format_number(value: float | None) -> str:
    """Two digits after the point; nothing for None."""
    return "" if value is None else f"{value:.2f}"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.2f}"


def _format_p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
