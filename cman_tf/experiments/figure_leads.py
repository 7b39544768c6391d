"""The lead over the baseline in the last group of a figure, which the papers' texts print."""

from __future__ import annotations

from collections.abc import Sequence

from cman_tf.experiments.comparisons import find_leads
from cman_tf.experiments.figures import collect_groups, keep_results_with
from cman_tf.experiments.lines import Line
from cman_tf.experiments.published import F1, FIGURE_LEADS, subtract
from cman_tf.experiments.tables import Table
from cman_tf.scoring.score import TASKS

_HEADER = ("model", "inputs of both", "split", *(name for task in TASKS for name in (f"{task} F1", "paper")), "runs")


def make_figure_lead_table(lines: Sequence[Line], figure: str, part: str) -> Table:
    """Make the table of a figure's leads; without rows if nothing was run.

    Args:
      lines: Those of the experiment conll04.
      figure: A key of `FIGURE_LEADS`.
      part: The figure's part of a result, by_length or by_distance.
    """
    rows, groups = [], set()
    for (key, split), paper in FIGURE_LEADS[figure].items():
        for lead in find_leads(keep_results_with(lines, part, split)):
            if lead.line.row.key == key:
                sides = (lead.line, lead.reference)
                last = [[list(collect_groups(side, part, split, task).items())[-1] for task in TASKS] for side in sides]
                groups.update(name for side in last for name, _ in side)
                ours = subtract(*(F1(*(sum(values) / len(values) for _, values in side)) for side in last))
                cells = [x for own, of_paper in zip(ours, paper) for x in (_signed(own), _signed(of_paper))]
                runs = f"{len(sides[0].results)} and {len(sides[1].results)}"
                rows.append((lead.line.row.label, lead.line.inputs_name, split, *cells, runs))
    caption = f"Lead over the baseline in the last group ({', '.join(sorted(groups))})"
    notes = ("Differences are in points of F1. In the papers only CMAN reads ELMo; here both models read the same.",)
    return Table(caption, _HEADER, tuple(rows), notes)


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.2f}"
