"""What a change does, here and in the papers: differences between rows."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterator, Sequence

from cman_tf.experiments.figures import FIGURES
from cman_tf.experiments.grouping import READ
from cman_tf.experiments.rows import F1
from cman_tf.experiments.runs import row_config
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
_OF_RUNS = ("runs", "epochs allowed (patience)", "more than chance of seeds")
# Student's t by degrees of freedom: two-sided, 95 %; beyond these the last, a little too strict.
_T_95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


def margins(lines: Sequence[Line]) -> list[list[str]]:
    """How far CMAN is ahead of the baseline, on equal inputs and as the papers compare them, header first."""
    rows = [["less the baseline", "inputs", "the baseline's", *_NUMBERS, *_OF_RUNS]]
    for line, baseline in _beside_the_baseline(lines, as_the_papers=True):
        ours = [statistics.mean(line.f1(task)) - statistics.mean(baseline.f1(task)) for task in TASKS]
        cells = [*_cells(MARGINS.get(line.row.key, (None, None)), ours), *_of_runs(line, baseline)]
        rows.append([line.row.label, line.inputs, baseline.inputs, *cells])
    return rows


def what_is_left(lines: Sequence[Line]) -> Iterator[str]:
    """How much of each lead over the baseline without an encoder is left over the one with it."""
    leads = {tuple(row[:3]): f"{row[4]} / {row[6]}" for row in margins(lines)[1:]}
    for (label, inputs, of_the_baseline), lead in leads.items():
        equal = leads.get((label, inputs, inputs))
        if equal and of_the_baseline != inputs:
            yield (
                f"Of {label}'s lead with {inputs} over the baseline without, {lead} (entities / relations), {equal} is "
                "left where the baseline has it, too."
            )


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


@dataclasses.dataclass(frozen=True)
class Effect:
    """A row with a change, the row without, and the differences in F1, entities and relations."""

    changed: Line
    whole: Line
    papers: tuple[float | None, ...]
    ours: tuple[float, ...]

    def against_the_paper(self) -> Iterator[str]:
        """For each task in which the change works the other way than in the paper: both numbers."""
        for task, paper, own in zip(TASKS, self.papers, self.ours):
            if paper is not None and paper * own < 0:
                yield f"{self.changed.row.label} on {self.changed.inputs}, {task} {own:+.2f} (the paper {paper:+.2f})"


def effects_of(lines: Sequence[Line]) -> list[Effect]:
    """Each row with a change beside the row without, where their runs differ in nothing else."""
    found = []
    for line in lines:
        whole = _without(lines, line) if line.row.flags and line.results else None
        if whole:
            papers: tuple[float | None, ...] = (None, None)
            for where in line.row.papers.keys() & whole.row.papers.keys():
                papers = tuple(a - b for a, b in zip(line.row.papers[where], whole.row.papers[where]))
            ours = tuple(statistics.mean(line.f1(task)) - statistics.mean(whole.f1(task)) for task in TASKS)
            found.append(Effect(line, whole, papers, ours))
    return found


def effects(lines: Sequence[Line]) -> list[list[str]]:
    """How far each row with a change is from the row without, whether that is more than their seeds
    explain, and how far on dev, header first."""
    rows = [["row", "less", "inputs", *_NUMBERS, *_OF_RUNS, "on dev: ours"]]
    for effect in effects_of(lines):
        line, whole = effect.changed, effect.whole
        changed, full = ([side.f1(task, split="dev") for task in TASKS] for side in (line, whole))
        dev = [f"{statistics.mean(a) - statistics.mean(b):+.2f}" for a, b in zip(changed, full) if a and b]
        cells = [*_cells(effect.papers, effect.ours), *_of_runs(line, whole), " / ".join(dev)]
        rows.append([line.row.label, whole.row.label, line.inputs, *cells])
    return rows


def beyond_chance(some: Sequence[float], others: Sequence[float]) -> str:
    """Whether two means differ by more than chance, by Student's t test with pooled variance, 95 %:
    yes, no, or that no seed was repeated."""
    freedom = len(some) + len(others) - 2
    if not freedom:
        return "one seed"
    squares = sum((len(f1) - 1) * statistics.variance(f1) for f1 in (some, others) if len(f1) > 1)
    error = (squares / freedom * (1 / len(some) + 1 / len(others))) ** 0.5
    difference = abs(statistics.mean(some) - statistics.mean(others))
    return "yes" if difference > _T_95[min(freedom, len(_T_95)) - 1] * error else "no"


def _of_runs(some: Line, others: Line) -> list[str]:
    """Of a difference's two sides: how many runs, how long they might train, and whether it is more than chance."""
    said = " / ".join(beyond_chance(some.f1(task), others.f1(task)) for task in TASKS)
    return [f"{len(some.results)} and {len(others.results)}", f"{_allowed(some)} and {_allowed(others)}", said]


def _allowed(line: Line) -> str:
    """How long its runs might train: what a change lost may be due to fewer epochs."""
    limits = {(r["flags"]["epochs"], r["flags"]["patience"]) for r in line.results}
    return ", ".join(f"{epochs} ({patience})" for epochs, patience in sorted(limits))


def _beside_the_baseline(lines: Sequence[Line], as_the_papers: bool = False) -> Iterator[tuple[Line, Line]]:
    """CMAN, tuned or not, and the baseline as its authors left it, of one protocol, on the same inputs and
    files, and, `as_the_papers` compare them, with an encoder beside the baseline without."""
    for line in lines:
        for baseline in lines:
            beside = baseline.row.key == "multihead" and line.row.flagfile != baseline.row.flagfile
            if beside and line.results and baseline.results:
                unlike = _unlike(line, baseline) & {"corpus", "protocol", *READ}
                papers_way = as_the_papers and baseline.inputs == "words" != line.inputs and unlike <= {"encoder"}
                if papers_way or (line.inputs == baseline.inputs and not unlike):
                    yield line, baseline


def _without(lines: Sequence[Line], changed: Line) -> Line | None:
    """The row without a change, of the same model, whose runs differ in the change alone."""
    for line in lines:
        whole = line.results and not line.row.flags and line.row.flagfile == changed.row.flagfile
        if whole and _unlike(line, changed) <= row_config(changed.row).keys():
            return line
    return None


def _unlike(some: Line, others: Line) -> set[str]:
    """Names of what two lines' runs do not have in common."""
    names = some.common.keys() | others.common.keys()
    return {name for name in names if some.common.get(name) != others.common.get(name)}


def _cells(papers: Sequence[float | None], ours: Sequence[float]) -> list[str]:
    return [
        cell for paper, own in zip(papers, ours) for cell in ("" if paper is None else f"{paper:+.2f}", f"{own:+.2f}")
    ]
