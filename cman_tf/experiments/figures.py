"""The papers' figures from result files, as SVG; needs matplotlib."""

from __future__ import annotations

import dataclasses
import io
import statistics
from collections.abc import Callable, Sequence
from typing import Any

from cman_tf.errors import DataError
from cman_tf.experiments.tables import Line
from cman_tf.scoring.score import TASKS

# Figures made from the rows of the experiment conll04: what of their results, by which groups.
FIGURES = {
    "distance": ("by_distance", "F1 by entity distance in characters (IJCAI figure 4 on dev, TNNLS figure 5 on test)"),
    "length": ("by_length", "F1 by sentence length in tokens (IJCAI figure 5 on dev, TNNLS figure 6 on test)"),
}
_SAME_INPUTS = "The papers' CMAN has ELMo and their baseline does not; here the inputs of both are the same."
FIGURE_NOTES = {
    "distance": _SAME_INPUTS,
    "length": f"{_SAME_INPUTS} The last group is small: of CoNLL04's relations 50 on dev and 62 on test are in "
    "sentences of 50 tokens and more.",
}


def _two_panels(draw: Callable[[Any, str], None], same_scale: bool = True) -> str:
    """A figure with a panel a task, each drawn by `draw`, as SVG."""
    try:
        import matplotlib
    except ImportError:
        raise DataError("matplotlib is not installed, expected pip install '.[plots]' for the figures") from None
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "cman_tf"  # the same figure is the same file
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(10, 3.4), sharey=same_scale)
    for task, panel in zip(TASKS, panels):
        draw(panel, task)
    panels[0].set_ylabel("F1, strict micro")
    panels[1].legend(loc="upper left", bbox_to_anchor=(1.02, 1))
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _label(line: Line) -> str:
    return f"{line.row.label}, {line.inputs} ({len(line.results)} run{'s' if len(line.results) > 1 else ''})"


def grouped_bars(lines: Sequence[Line], part: str, split: str) -> str | None:
    """F1 of each row in each of a part's groups, a panel a task; None where nothing was run.

    Args:
      lines: the rows.
      part: `by_distance` or `by_length`.
      split: `dev` or `test`.
    """
    kept = [dataclasses.replace(li, results=tuple(r for r in li.results if part in r.get(split, {}))) for li in lines]
    shown = [line for line in kept if line.results]
    if not shown:
        return None

    def draw(panel: Any, task: str) -> None:
        for number, line in enumerate(shown):
            tables = [result[split][part] for result in line.results]
            groups = list(tables[0])
            heights = [statistics.mean(t[group][task]["f1"] for t in tables) for group in groups]
            width = 0.8 / len(shown)
            places = [x - 0.4 + (number + 0.5) * width for x in range(len(groups))]
            panel.bar(places, heights, width, label=_label(line))
        panel.set_xticks(range(len(groups)), groups)
        panel.set_title(f"{task}, {split}")
        panel.set_xlabel({"by_distance": "characters apart", "by_length": "tokens in the sentence"}[part])

    return _two_panels(draw)


def sizes(lines: Sequence[Line]) -> str | None:
    """F1 against the share of the training sentences, a curve a model and inputs."""
    curves: dict[str, list[tuple[float, Line]]] = {}
    for line in lines:
        if line.results:
            share = 100 * line.results[0]["flags"].get("train_fraction", 1.0)
            name = line.row.label.replace(f", {share:.0f} %", "")  # what else the label says is another curve
            curves.setdefault(f"{name}, {line.inputs}", []).append((share, line))
    if not curves:
        return None

    def draw(panel: Any, task: str) -> None:
        for name, points in curves.items():
            points.sort(key=lambda point: point[0])
            means = [statistics.mean(line.f1(task)) for _, line in points]
            panel.plot([share for share, _ in points], means, marker="o", label=name)
        panel.set_title(task)
        panel.set_xlabel("training sentences, %")
        panel.set_xlim(0, 105)

    return _two_panels(draw, same_scale=False)


def bars(lines: Sequence[Line]) -> str | None:
    """Test F1 of each row, a panel a task."""
    shown = [line for line in lines if line.results]
    if not shown:
        return None

    def draw(panel: Any, task: str) -> None:
        for number, line in enumerate(shown):
            panel.bar(number, statistics.mean(line.f1(task)), label=_label(line))
        panel.set_xticks([])
        panel.set_title(task)

    return _two_panels(draw)
