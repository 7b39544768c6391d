"""The chosen thresholds, their curves and the reliability of the scores as a web page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cman_tf.pages.rendering import render_page
from cman_tf.scoring.calibration import Bin

# The plot within a drawing of 320 x 230 units.
_LEFT, _RIGHT, _TOP, _BOTTOM = 38.0, 308.0, 10.0, 190.0
_RATES = (("F1", "f1"), ("P", "precision"), ("R", "recall"))
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LABEL_GAP = 12.0  # the least distance between two labels
_LABEL_PLACES = range(10, 61, 5)  # of the thresholds of a curve


def render_thresholds(report: Mapping[str, Any]) -> str:
    """Render the report of `cman-tf tune-thresholds` as one page.

    Args:
      report: what `cman_tf.tuning.tune.tune` returns, and its `source`.
    """
    rows = {"entities": report["entities"], **report["relations"]}
    calibration = report["calibration"]
    diagrams = [
        ("Entities", calibration["entities"], ""),
        ("Relations, all candidates", calibration["relations"], ""),
        ("Relations, scores above 0.5", calibration["relations"], "_above_half"),
    ]
    return render_page(
        "thresholds.html.jinja",
        "cman_tf.tuning",
        report=report,
        rows=rows,
        curves={kind: _draw_curve(row) for kind, row in rows.items() if row["gold"]},
        diagrams=[_draw_diagram(name, row, suffix) for name, row, suffix in diagrams],
        frame={"left": _LEFT, "right": _RIGHT, "top": _TOP, "bottom": _BOTTOM},
        ticks=[{"value": f"{t:g}", "percent": f"{100 * t:g}", "x": _x(t), "y": _y(t)} for t in _TICKS],
    )


def _x(value: float) -> float:
    return round(_LEFT + (_RIGHT - _LEFT) * value, 1)


def _y(value: float) -> float:
    return round(_BOTTOM - (_BOTTOM - _TOP) * value, 1)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_x(x)},{_y(y)}" for x, y in points)


def _draw_curve(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lines of a curve, and the places of the thresholds."""
    thresholds = row["curve"]["thresholds"]
    lines: list[dict[str, Any]] = [
        {"label": label, "name": name, "points": _path([(t, v / 100) for t, v in zip(thresholds, row["curve"][name])])}
        for label, name in _RATES
    ]
    # The labels stand where the lines are farthest apart, and keep their distance.
    columns = list(zip(*(row["curve"][name] for _, name in _RATES)))
    at = max(_LABEL_PLACES, key=lambda place: max(columns[place]) - min(columns[place]))
    above = _TOP - _LABEL_GAP
    for y, number in sorted((_y(value / 100), n) for n, value in enumerate(columns[at])):
        above = max(y + 4, above + _LABEL_GAP)
        lines[number]["label_y"] = round(above, 1)
    label_x = _x(thresholds[at]) + 3
    return {"lines": lines, "label_x": label_x, "default": _x(row["default"]), "chosen": _x(row["threshold"])}


def _draw_diagram(name: str, row: Mapping[str, Any], suffix: str) -> dict[str, Any]:
    """Return the points of a reliability diagram, before and after the temperature, and its numbers."""
    before, after = row[f"before{suffix}"], row[f"after{suffix}"]
    return {
        "name": name,
        "temperature": row["temperature"],
        "before": before,
        "after": after,
        "points": {"before": _list_points(before["bins"]), "after": _list_points(after["bins"])},
        "bins": [pair for pair in zip(before["bins"], after["bins"]) if pair[0].events or pair[1].events],
    }


def _list_points(bins: Sequence[Bin]) -> dict[str, Any]:
    filled = [b for b in bins if b.events]
    marks = [{"x": _x(b.score), "y": _y(b.right), "r": 2.5 + min(4.0, len(str(b.events)))} for b in filled]
    return {"path": _path([(b.score, b.right) for b in filled]), "marks": marks}
