"""How every figure of the report looks: one colour and marker for each model, a small SVG, a marked axis floor."""

from __future__ import annotations

import hashlib
import io
import math
import re
import statistics
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from cman_tf.errors import DataError
from cman_tf.experiments.lines import Line


class ModelStyle(NamedTuple):
    """A model's colour and marker."""

    color: str
    marker: str


# Okabe and Ito's colours, which colour-blind readers can tell apart, a little darker for text on white.
STYLES = {
    "multihead": ModelStyle("#0072b2", "s"),
    "cman": ModelStyle("#b85000", "^"),
    "dynamic_cman": ModelStyle("#007a5a", "o"),
}
_FONT = {"font.size": 9, "axes.titlesize": 10, "font.family": "sans-serif", "text.parse_math": False}
_FAMILIES = ["DejaVu Sans", "Arial", "Helvetica", "sans-serif"]  # in the SVG, which leaves the choice to the reader
_SPINES = {"axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left"}
_PADDING = {"figure.constrained_layout.h_pad": 0.1, "figure.constrained_layout.w_pad": 0.05}
_SVG = {"svg.fonttype": "none", "svg.hashsalt": "cman_tf"}  # text stays text; equal figures are equal files
SPREAD = 0.09  # share of a figure's height that two labels keep apart


def style_of(line: Line) -> ModelStyle:
    """The style of a line's model."""
    return STYLES[line.common["model"]]


def new_figure(rows: int, columns: int, size: tuple[float, float], **options: Any) -> tuple[Any, Any]:
    """Make a figure with panels: matplotlib's figure, and its axes as rows of columns.

    Raises:
      DataError: If matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError:
        raise DataError(
            "matplotlib is not installed, but the report needs it for its figures: pip install 'cman-tf[report]'"
        ) from None
    matplotlib.use("svg")
    matplotlib.rcParams.update({**_FONT, "font.sans-serif": _FAMILIES, **_SPINES, **_SVG, **_PADDING})
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained", **options)
    return figure, panels


def finish_figure(figure: Any) -> str:
    """Close a figure and return it as SVG."""
    from matplotlib import pyplot

    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    pyplot.close(figure)
    return shrink_svg(buffer.getvalue())


def shrink_svg(text: str) -> str:
    """Leave out of matplotlib's SVG what a page does not need, and write each style once."""
    text = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.S)
    used = set(re.findall(r"#([\w-]+)", text))
    text = re.sub(r' id="([\w-]+)"', lambda found: found[0] if found[1] in used else "", text)
    text = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), text)
    text = re.sub(r' transform="rotate\(-0 [^"]*"', "", text)
    styles: dict[str, str] = {}
    text = re.sub(r' style="([^"]*)"', lambda found: f' class="{_name_style(found[1], styles)}"', text)
    rules = "".join(f".{name}{{{style}}}" for style, name in styles.items())
    text = text.replace("</style>", f"{rules}</style>", 1)
    return re.sub(r"\s*\n\s*", "\n", text).strip() + "\n"


def _name_style(style: str, styles: dict[str, str]) -> str:
    """The class of a style. It is made from the style, as figures on one page share their classes."""
    return styles.setdefault(style, f"s{hashlib.sha256(style.encode()).hexdigest()[:8]}")


def draw_runs(
    panel: Any, places: Sequence[float], runs: Sequence[Sequence[float]], style: ModelStyle, is_sideways: bool = False
) -> None:
    """Draw single runs as faint points, their means as markers, and their sample standard deviations as bars.

    Args:
      panel: The panel.
      places: Where on the other axis each set of runs stands; their means are connected in this order.
      runs: The runs' scores for each place.
      style: The model's colour and marker.
      is_sideways: Whether scores are on the horizontal axis.
    """
    means = [statistics.mean(values) for values in runs]
    bars = [statistics.stdev(values) if len(values) > 1 else 0.0 for values in runs]
    points = [(place, value) for place, values in zip(places, runs) for value in values]
    dots = {"linestyle": "none", "marker": ".", "markersize": 4, "color": style.color, "alpha": 0.45}
    means_style = {"marker": style.marker, "markersize": 4.5, "color": style.color, "linewidth": 1, "capsize": 2}
    across, along = list(zip(*points))
    if is_sideways:
        panel.plot(along, across, **dots)
        panel.errorbar(means, list(places), xerr=bars, **means_style)
    else:
        panel.plot(across, along, **dots)
        panel.errorbar(list(places), means, yerr=bars, **means_style)


def set_floor(panel: Any, values: Sequence[float]) -> None:
    """Begin a panel's vertical axis a little below the lowest value, and mark it if that is not 0."""
    from matplotlib.ticker import MultipleLocator

    low, high = _find_limits(values)
    panel.set_ylim(low, high)
    panel.yaxis.set_major_locator(MultipleLocator(5 if high - low <= 50 else 10))
    if low:
        text = f"axis starts at {low}"
        panel.annotate(text, (0, 0), (5, 3), "axes fraction", textcoords="offset points", fontsize=7, color="#555")
        _mark_break(panel, [(-0.012, 0.015), (0.012, 0.035)], [(-0.012, 0.035), (0.012, 0.055)])


def set_left_edge(panel: Any, values: Sequence[float]) -> None:
    """Do the same for a panel's horizontal axis."""
    from matplotlib.ticker import MultipleLocator

    low, high = _find_limits(values)
    panel.set_xlim(low, high)
    panel.xaxis.set_major_locator(MultipleLocator(5 if high - low <= 40 else 10))
    panel.set_xlabel(f"F1 on test in percent (axis starts at {low})" if low else "F1 on test in percent")
    if low:
        _mark_break(panel, [(0.008, -0.025), (0.018, 0.025)], [(0.018, -0.025), (0.028, 0.025)])


def _find_limits(values: Sequence[float]) -> tuple[int, int]:
    """Multiples of 5 around the values; 0 below low ones."""
    low = math.floor((min(values) - 3) / 5) * 5
    return low if low >= 15 else 0, math.ceil((max(values) + 1) / 5) * 5


def _mark_break(panel: Any, *strokes: Sequence[tuple[float, float]]) -> None:
    for stroke in strokes:
        panel.plot(*zip(*stroke), transform=panel.transAxes, color="black", linewidth=0.8, clip_on=False)


def label_ends(panel: Any, x: float, ends: Sequence[tuple[float, str, str]]) -> None:
    """Write labels beside the ends of curves, moved apart where they would overlap.

    Args:
      panel: The panel, its limits set.
      x: Where the labels begin, in data coordinates.
      ends: (value, text, colour) of each curve.
    """
    low, high = panel.get_ylim()
    places = _move_apart([value for value, _, _ in ends], (high - low) * SPREAD, low, high)
    for (_, text, color), place in zip(ends, places):
        panel.text(x, place, text, color=color, va="center", ha="left", fontsize=8)


def _move_apart(values: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places near the values, at least about `gap` apart where there is room, between `low` and `high`."""
    order = sorted(range(len(values)), key=lambda number: values[number])
    places = list(values)
    for _ in range(100):  # each time, every two that are too near move apart by the same way
        for lower, upper in zip(order, order[1:]):
            lacking = gap - (places[upper] - places[lower])
            if lacking > 0:
                places[lower] -= lacking / 2
                places[upper] += lacking / 2
        places = [min(max(place, low + gap / 2), high - gap / 2) for place in places]
    return places


def spread_evenly(count: int, width: float) -> Iterator[float]:
    """Offsets of `count` things around 0, `width` in all."""
    yield from ((number - (count - 1) / 2) * width / max(1, count) for number in range(count))
