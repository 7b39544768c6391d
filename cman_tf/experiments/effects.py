"""What a change does, here and in the papers: differences between rows."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from cman_tf.experiments.catalogue import FIGURES
from cman_tf.experiments.rows import F1
from cman_tf.experiments.tables import Line
from cman_tf.scoring.score import TASKS
from cman_tf.scoring.tables import PAPER_CONLL04

# Margins over the baseline that the papers print: in the main table, and in a figure's last group.
MARGINS: dict[str, F1] = {
    key: (papers[0] - PAPER_CONLL04["multihead"][0], papers[1] - PAPER_CONLL04["multihead"][1])
    for key, papers in PAPER_CONLL04.items()
    if key != "multihead"
}
FIGURE_MARGINS = {
    "distance": {("cman", "dev"): (None, 14.67), ("dynamic_cman", "test"): (None, 18.18)},
    "length": {("cman", "dev"): (10.26, 21.42), ("dynamic_cman", "test"): (11.06, 22.03)},
}

_NUMBERS = ("entities: paper", "ours", "relations: paper", "ours")


def margins(lines: Sequence[Line]) -> list[list[str]]:
    """How far CMAN is ahead of the baseline on equal inputs, header first."""
    rows = [["less the baseline", "inputs of both", *_NUMBERS, "runs"]]
    for line, baseline in _beside_the_baseline(lines):
        ours = [statistics.mean(line.f1(task)) - statistics.mean(baseline.f1(task)) for task in TASKS]
        runs = f"{len(line.results)} and {len(baseline.results)}"
        rows.append([line.row.label, line.inputs, *_cells(MARGINS[line.row.key], ours), runs])
    return rows


def figure_margins(lines: Sequence[Line], figure: str) -> list[list[str]]:
    """The same in a figure's last group, of the runs that have it, header first."""
    part, _ = FIGURES[figure]
    rows = [["less the baseline", "inputs of both", "split", "group", *_NUMBERS, "runs"]]
    for line, baseline in _beside_the_baseline(lines):
        for (key, split), papers in FIGURE_MARGINS[figure].items():
            tables = [[r[split][part] for r in side.results if part in r.get(split, {})] for side in (line, baseline)]
            if key != line.row.key or not all(tables):
                continue
            group = list(tables[0][0])[-1]
            means = [[statistics.mean([t[group][task]["f1"] for t in side]) for task in TASKS] for side in tables]
            cells = _cells(papers, [a - b for a, b in zip(*means)])
            runs = " and ".join(str(len(side)) for side in tables)
            rows.append([line.row.label, line.inputs, split, group, *cells, runs])
    return rows


def effects(lines: Sequence[Line]) -> list[list[str]]:
    """How far each row with a change is from the row without, on the same inputs, and whether that
    is more than twice the deviation of the latter's seeds, and how far on dev, header first."""
    header = ["row", "less", "inputs", *_NUMBERS, "runs", "epochs allowed (patience)"]
    rows = [[*header, "beyond twice the seeds' deviation", "on dev: ours"]]
    for line in lines:
        whole = _find(lines, line, lambda row, line=line: not row.flags and row.flagfile == line.row.flagfile)
        if not line.row.flags or not line.results or not whole:
            continue
        papers: list[float | None] = [None, None]
        for where in line.row.papers.keys() & whole.row.papers.keys():
            papers = [a - b for a, b in zip(line.row.papers[where], whole.row.papers[where])]
        ours = [statistics.mean(line.f1(task)) - statistics.mean(whole.f1(task)) for task in TASKS]
        runs = f"{len(line.results)} and {len(whole.results)}"
        allowed = f"{_allowed(line)} and {_allowed(whole)}"
        seeds = [whole.f1(task) for task in TASKS]
        beyond = [abs(own) > 2 * statistics.stdev(f1) if len(f1) > 1 else None for own, f1 in zip(ours, seeds)]
        said = " / ".join({True: "yes", False: "no", None: "one seed"}[answer] for answer in beyond)
        changed, full = ([side.f1(task, split="dev") for task in TASKS] for side in (line, whole))
        dev = [f"{statistics.mean(a) - statistics.mean(b):+.2f}" for a, b in zip(changed, full) if a and b]
        cells = [*_cells(papers, ours), runs, allowed, said, " / ".join(dev)]
        rows.append([line.row.label, whole.row.label, line.inputs, *cells])
    return rows


def _allowed(line: Line) -> str:
    """How long its runs might train: what a change lost may be due to fewer epochs."""
    limits = {(r["flags"]["epochs"], r["flags"]["patience"]) for r in line.results}
    return ", ".join(f"{epochs} ({patience})" for epochs, patience in sorted(limits))


def _beside_the_baseline(lines: Sequence[Line]) -> list[tuple[Line, Line]]:
    pairs = []
    for line in lines:
        baseline = _find(lines, line, lambda row: row.key == "multihead")
        if line.row.key in MARGINS and line.results and baseline:
            pairs.append((line, baseline))
    return pairs


def _find(lines: Sequence[Line], like: Line, wanted: Any) -> Line | None:
    """The first line on the same inputs and files that was run and is wanted."""
    same = (line for line in lines if (line.inputs, line.made_from) == (like.inputs, like.made_from))
    return next((line for line in same if line.results and wanted(line.row)), None)


def _cells(papers: Sequence[float | None], ours: Sequence[float]) -> list[str]:
    return [
        cell for paper, own in zip(papers, ours) for cell in ("" if paper is None else f"{paper:+.2f}", f"{own:+.2f}")
    ]
