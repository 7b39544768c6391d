"""The papers' figures, drawn from result files as SVG. Needs matplotlib."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence
from typing import Any

from cman_tf.experiments.figure_style import (
    draw_runs,
    finish_figure,
    label_ends,
    new_figure,
    set_floor,
    set_left_edge,
    spread_evenly,
    style_of,
)
from cman_tf.experiments.lines import Line, name_inputs
from cman_tf.experiments.published import MODEL_NAMES
from cman_tf.scoring.score import TASKS

Curve = list[tuple[float, Line]]  # shares of the training sentences in percent, ascending


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure of the report.

    Attributes:
      name: Name of its file, without ".svg".
      svg: The picture; None if nothing was run.
      caption: What it shows, and what to see in it.
      alt: What it shows, for readers who do not see it.
    """

    name: str
    svg: str | None
    caption: str
    alt: str


def draw_groups(lines: Sequence[Line], part: str, split: str) -> str | None:
    """Draw F1 by sentence length or entity distance: a column for each task, a row for each kind of inputs.

    Args:
      lines: An experiment's lines.
      part: by_length or by_distance.
      split: dev or test.

    Returns:
      The SVG; None if no result has these groups.
    """
    lines = keep_results_with(lines, part, split)
    if not lines:
        return None
    kinds = list(dict.fromkeys(line.inputs for line in lines))
    figure, panels = new_figure(len(kinds), len(TASKS), (9, 2.8 * len(kinds)))
    for column, task in enumerate(TASKS):
        limits = [f1 for line in lines for values in collect_groups(line, part, split, task).values() for f1 in values]
        for row, kind in zip(panels, kinds):
            panel = row[column]
            set_floor(panel, limits)
            _draw_group_panel(panel, [line for line in lines if line.inputs == kind], part, split, task)
            panel.set_title(f"{task.capitalize()}, {name_inputs(kind)}")
        panels[-1][column].set_xlabel({"by_distance": "characters apart", "by_length": "tokens in the sentence"}[part])
    for row in panels:
        row[0].set_ylabel(f"F1 on {split} in percent")
    return finish_figure(figure)


def _draw_group_panel(panel: Any, lines: Sequence[Line], part: str, split: str, task: str) -> None:
    ends = []
    for line, offset in zip(lines, spread_evenly(len(lines), 0.3)):
        groups = collect_groups(line, part, split, task)
        places = [x + offset for x in range(len(groups))]
        draw_runs(panel, places, list(groups.values()), style_of(line))
        ends.append((statistics.mean(list(groups.values())[-1]), line.row.label, style_of(line).color))
    table = lines[0].results[0][split][part]
    facts = [f"{name}\n({row[task]['tp'] + row[task]['fn']} {task})" for name, row in table.items()]
    panel.set_xticks(range(len(facts)), facts, fontsize=7)
    panel.set_xlim(-0.4, len(facts) - 1 + 0.4)
    label_ends(panel, len(facts) - 1 + 0.25, ends)


def collect_groups(line: Line, part: str, split: str, task: str) -> dict[str, list[float]]:
    """Each group of `by_length` or `by_distance` to each run's F1 in percent."""
    tables = [result[split][part] for result in line.results]
    return {group: [table[group][task]["f1"] for table in tables if group in table] for group in tables[0]}


def keep_results_with(lines: Sequence[Line], part: str, split: str) -> list[Line]:
    """The lines with those of their results that have these groups, without the lines that have none."""
    kept = [
        dataclasses.replace(line, results=tuple(r for r in line.results if r.get(split, {}).get(part)))
        for line in lines
    ]
    return [line for line in kept if line.results]


def draw_sizes(lines: Sequence[Line]) -> str | None:
    """Draw F1 against the share of the training sentences, a curve for each model and kind of inputs.

    Returns:
      The SVG; None if nothing was run on a part of the training sentences.
    """
    curves = {name: points for name, points in collect_curves(lines).items() if len(points) > 1}
    if not curves:
        return None
    figure, (panels,) = new_figure(1, len(TASKS), (9, 3.2))
    papers = [(share, f1) for points in curves.values() for share, line in points for f1 in line.papers.values()]
    for number, (task, panel) in enumerate(zip(TASKS, panels)):
        printed = [(share, f1[number]) for share, f1 in papers]
        ours = [f1 for points in curves.values() for _, line in points for f1 in line.f1(task)]
        set_floor(panel, [*ours, *(f1 for _, f1 in printed)])
        ends = []
        for (model, inputs), points in curves.items():
            style = style_of(points[0][1])
            draw_runs(panel, [share for share, _ in points], [line.f1(task) for _, line in points], style)
            text = f"{MODEL_NAMES[model]}, {name_inputs(inputs)}"
            ends.append((statistics.mean(points[-1][1].f1(task)), text, style.color))
        for share, f1 in printed:
            panel.plot(share, f1, marker="_", color="black", markersize=11, markeredgewidth=1.6)
            panel.annotate("paper", (share, f1), (0, 5), textcoords="offset points", ha="center")
        panel.set_xlim(0, 104)
        panel.set_xticks([20, 40, 60, 80, 100])
        label_ends(panel, 103, ends)
        panel.set_title(task.capitalize())
        panel.set_xlabel("training sentences in percent")
    panels[0].set_ylabel("F1 on test in percent")
    return finish_figure(figure)


def collect_curves(lines: Sequence[Line]) -> dict[tuple[str, str], Curve]:
    """Model and inputs to the shares of the training sentences that were run, with their lines."""
    curves: dict[tuple[str, str], Curve] = {}
    for line in lines:
        if line.results:
            share = 100 * line.common["train_fraction"]
            curves.setdefault((line.common["model"], line.inputs), []).append((share, line))
    return {name: sorted(points, key=lambda point: point[0]) for name, points in curves.items()}


def draw_rows(lines: Sequence[Line]) -> str | None:
    """Draw test F1 of each line as a row: its runs, their mean and deviation, and the paper's score if there is one.

    Returns:
      The SVG; None if nothing was run.
    """
    shown = [line for line in lines if line.results]
    if not shown:
        return None
    figure, (panels,) = new_figure(1, len(TASKS), (9, 0.7 + 0.36 * len(shown)), sharey=True)
    for number, (task, panel) in enumerate(zip(TASKS, panels)):
        papers = [f1[number] for line in shown for f1 in line.papers.values()]
        set_left_edge(panel, [f1 for line in shown for f1 in line.f1(task)] + papers)
        for place, line in enumerate(shown):
            draw_runs(panel, [place], [line.f1(task)], style_of(line), is_sideways=True)
            if line.paper[number] is not None:
                panel.plot(line.paper[number], place, marker="|", color="black", markersize=11, markeredgewidth=1.6)
                if not place:
                    panel.annotate(
                        "paper", (line.paper[number], place), (0, 8), textcoords="offset points", ha="center"
                    )
        panel.set_title(task.capitalize())
        panel.set_ylim(len(shown) - 0.5, -0.7)
        panel.grid(axis="y", color="#ddd", linewidth=0.6)
    panels[0].set_yticks(range(len(shown)), [f"{line.row.label}, {line.inputs_name}" for line in shown])
    return finish_figure(figure)
