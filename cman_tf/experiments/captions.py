"""The report's figures with their captions and alternative texts, both made from the numbers."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from cman_tf.experiments.figures import (
    Figure,
    collect_curves,
    collect_groups,
    draw_groups,
    draw_rows,
    draw_sizes,
    keep_results_with,
)
from cman_tf.experiments.lines import GAP, Line, name_inputs
from cman_tf.experiments.published import MODEL_NAMES
from cman_tf.scoring.score import TASKS

_MARKS = "Markers are means, bars sample standard deviations, faint points single runs."
_PARTS = {"by_distance": "the distance of the two entities", "by_length": "the length of the sentence"}


def make_group_figure(name: str, lines: Sequence[Line], part: str, split: str) -> Figure:
    """Make a figure of F1 by sentence length or entity distance.

    Args:
      name: The figure's name.
      lines: Those of the experiment conll04.
      part: by_length or by_distance.
      split: dev or test.
    """
    shown = keep_results_with(lines, part, split)
    title = f"F1 on {split} by {_PARTS[part]}."
    if not shown:
        return Figure(name, None, f"{title} Nothing was run.", title)
    lasts, falls = [], []
    for task in TASKS:
        groups = [collect_groups(line, part, split, task) for line in shown]
        means = [[statistics.mean(values) for values in of_line.values()] for of_line in groups]
        best, last = max(zip(shown, (values[-1] for values in means)), key=lambda pair: pair[1])
        lasts.append(f"{best.row.label} on {best.inputs_name} for {task} ({last:.2f})")
        fell = sum(values[-1] < values[0] for values in means)
        falls.append(f"in {fell} of {len(shown)} models for {task}")
    names = list(shown[0].results[0][split][part])
    see = f"From {names[0]} to {names[-1]}, F1 falls {' and '.join(falls)}. Best in the last group: "
    see += f"{'; '.join(lasts)}."
    alt = (
        f"{title} Points with error bars for each model in {len(names)} groups, panels for each task and inputs. {see}"
    )
    return Figure(name, draw_groups(lines, part, split), f"{title} {see} {_MARKS}{_name_gaps(lines, shown)}", alt)


def make_row_figure(name: str, lines: Sequence[Line]) -> Figure:
    """Make a figure of each line's F1 on test as a row."""
    shown = [line for line in lines if line.results]
    title = "F1 on test of each model."
    if not shown:
        return Figure(name, None, f"{title} Nothing was run.", title)
    bests = []
    for task in TASKS:
        best = max(shown, key=lambda line: statistics.mean(line.f1(task)))
        bests.append(f"{best.row.label} on {best.inputs_name} for {task} ({statistics.mean(best.f1(task)):.2f})")
    papers = any(value is not None for line in shown for value in line.paper)
    see = f"Highest here: {'; '.join(bests)}."
    see += " The black line marks the paper's score for the row." if papers else ""
    alt = f"{title} A row for each model and inputs, a panel for each task. {see}"
    return Figure(name, draw_rows(lines), f"{title} {see} {_MARKS}{_name_gaps(lines, shown)}", alt)


def make_size_figure(name: str, lines: Sequence[Line]) -> Figure:
    """Make the figure of F1 against the number of training sentences."""
    title = "F1 on test against the share of the training sentences."
    curves = {key: points for key, points in collect_curves(lines).items() if len(points) > 1}
    if not curves:
        return Figure(name, None, f"{title} Nothing was run on a part of the training sentences.", title)
    rises = []
    for (model, inputs), points in curves.items():
        (low, first), (high, last) = points[0], points[-1]
        gains = [f"{statistics.mean(last.f1(task)) - statistics.mean(first.f1(task)):+.2f} {task}" for task in TASKS]
        rises.append(
            f"{MODEL_NAMES[model]} on {name_inputs(inputs)} {' and '.join(gains)} ({low:.0f} % to {high:.0f} %)"
        )
    see = f"Gain in points: {'; '.join(rises)}."
    shown = [line for points in curves.values() for _, line in points]
    if any(value is not None for line in shown for value in line.paper):
        see += " The black line marks the paper's score for dynamic CMAN."
    alt = f"{title} A curve for each model, a panel for each task. {see}"
    return Figure(name, draw_sizes(lines), f"{title} {see} {_MARKS}{_name_gaps(lines, shown)}", alt)


def _name_gaps(lines: Sequence[Line], shown: Sequence[Line]) -> str:
    """The lines that a figure lacks, and those of which it shows only some runs."""
    count = {(line.row.label, line.inputs): len(line.results) for line in shown}
    gaps = []
    for line in lines:
        there = count.get((line.row.label, line.inputs), 0)
        if not line.results:
            gaps.append(f"{line.row.label} on {line.inputs_name} ({GAP})")
        elif there < len(line.results):
            gaps.append(f"{line.row.label} on {line.inputs_name} ({there} of {len(line.results)} runs shown)")
    return f" Missing: {', '.join(gaps)}." if gaps else ""
