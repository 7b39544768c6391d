"""Differences between lines: leads over the baseline, and what each change does."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from cman_tf.experiments.grouping import INPUT_FILES
from cman_tf.experiments.lines import Line
from cman_tf.experiments.planning import changed_settings
from cman_tf.experiments.published import F1, PartialF1, conll04_lead, subtract
from cman_tf.experiments.significance import MeanDifference, compare_means
from cman_tf.scoring.score import TASKS


@dataclasses.dataclass(frozen=True)
class Difference:
    """A line less another line, both with results.

    Attributes:
      line: The line.
      reference: The line that it is compared with.
      paper: The same difference in the paper, in points of F1.
    """

    line: Line
    reference: Line
    paper: PartialF1

    def ours(self, **which: str) -> F1 | None:
        """The difference of the means, `which` as for `Line.f1`; None without such scores."""
        mine, other = self.line.mean(**which), self.reference.mean(**which)
        return subtract(mine, other) if mine and other else None

    def test(self, task: str) -> MeanDifference | None:
        """A t test of a task's strict micro F1; None if both lines are single runs."""
        return compare_means(self.line.f1(task), self.reference.f1(task))

    def by_task(self, **which: str) -> Iterator[tuple[str, float, float | None]]:
        """Each task, our difference, and the paper's; nothing without such scores."""
        ours = self.ours(**which)
        if ours:
            yield from zip(TASKS, ours, self.paper)

    def opposite_tasks(self) -> Iterator[tuple[str, float, float]]:
        """Each task in which the difference has the other sign than in the paper: its name, ours, the paper's."""
        for task, own, paper in self.by_task():
            if paper is not None and paper * own < 0:
                yield task, own, paper


def find_leads(lines: Sequence[Line], as_in_papers: bool = False) -> list[Difference]:
    """Compare CMAN, tuned or not, with the baseline as its authors left it.

    Both have the same protocol, corpus and inputs.

    Args:
      lines: An experiment's lines.
      as_in_papers: Also compare a line that reads a contextual encoder with the baseline that reads none.
    """
    found = []
    baselines = [line for line in lines if line.row.key == "multihead" and line.results]
    for line in lines:
        for baseline in baselines:
            if not line.results or line.row.flagfile == baseline.row.flagfile:
                continue
            different = _find_differences(line, baseline) & {"corpus", "protocol", *INPUT_FILES}
            is_equal = line.inputs == baseline.inputs and not different
            is_unequal = baseline.inputs == "words" != line.inputs and different <= {"encoder"}
            if is_equal or (as_in_papers and is_unequal):
                found.append(Difference(line, baseline, PartialF1(*(conll04_lead(line.row.key) or ()))))
    return found


def find_effects(lines: Sequence[Line]) -> list[Difference]:
    """Compare each row that changes a setting with the unchanged row, where their runs differ in nothing else."""
    found = []
    for line in lines:
        if line.row.flags and line.results:
            for whole in lines:
                is_unchanged = whole.results and not whole.row.flags and whole.row.flagfile == line.row.flagfile
                if is_unchanged and _find_differences(whole, line) <= changed_settings(line.row).keys():
                    shared = sorted(line.papers.keys() & whole.papers.keys())
                    paper = subtract(line.papers[shared[0]], whole.papers[shared[0]]) if shared else ()
                    found.append(Difference(line, whole, PartialF1(*paper)))
                    break
    return found


def describe_leads(leads: Sequence[Difference]) -> Iterator[str]:
    """For each model with an encoder: its lead over the baseline without, and over the baseline with the encoder."""
    by_inputs = {(lead.line.row.label, lead.line.inputs, lead.reference.inputs): lead for lead in leads}
    for (label, inputs, reference), lead in by_inputs.items():
        equal = by_inputs.get((label, inputs, inputs))
        ours = lead.ours()
        if equal and ours and reference != inputs:
            yield (
                f"{label[0].upper()}{label[1:]} leads the baseline by {format_pair(ours)} F1 (entities / relations) if "
                f"only {label} reads {lead.line.inputs_name}, and by {format_pair(equal.ours() or ours)} if both do."
            )


def format_pair(pair: F1) -> str:
    """+3.48 / +5.14."""
    return " / ".join("none" if value is None else f"{value:+.2f}" for value in pair)


def allowed_epochs(line: Line) -> str:
    """How long a line's runs were allowed to train: 180 (patience 30)."""
    limits = {(result["flags"]["epochs"], result["flags"]["patience"]) for result in line.results}
    return ", ".join(f"{epochs} (patience {patience})" for epochs, patience in sorted(limits))


def _find_differences(some: Line, others: Line) -> set[str]:
    """Names of what two lines' runs do not have in common."""
    names = some.common.keys() | others.common.keys()
    return {name for name in names if some.common.get(name) != others.common.get(name)}
