"""A search as a web page: the scores in the order of the trials, each setting against the score, the importance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from cman_tf.pages.rendering import render_page

# The plot within a drawing of 320 x 230 units.
LEFT, RIGHT, TOP, BOTTOM = 44.0, 308.0, 12.0, 188.0
_CHOICES_SHOWN = 6  # values with a label on the axis


def render_search(report: Mapping[str, Any], title: str) -> str:
    """Render a search as one page.

    Args:
      report: what `cman_tf.searching.outcome.make_report` returns.
      title: the search's name.
    """
    trials = report["trials"]
    done = [trial for trial in trials if trial["score"] is not None]
    low, high = _limits([trial["score"] for trial in done])
    ticks = [{"label": f"{value:.1f}", "y": _y(value, low, high)} for value in (low, (low + high) / 2, high)]
    best = max(done, key=lambda trial: trial["score"], default=None)
    return render_page(
        "search.html.jinja",
        "cman_tf.searching",
        title=title,
        report=report,
        best=best,
        counts={state: sum(t["state"] == state for t in trials) for state in ("complete", "pruned", "fail", "running")},
        frame={"left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM},
        ticks=ticks,
        history=_draw_history(trials, low, high),
        settings=[_draw_setting(name, done, low, high) for name in report["settings"]] if done else [],
        importance=[
            {"name": name, "share": share, "width": round(max(1.0, 200 * share), 1)}
            for name, share in report["importance"].items()
        ],
    )


def _limits(scores: Sequence[float]) -> tuple[float, float]:
    low, high = (min(scores), max(scores)) if scores else (0.0, 100.0)
    space = max(0.5, 0.05 * (high - low))
    return max(0.0, low - space), min(100.0, high + space)


def _y(score: float, low: float, high: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * (score - low) / (high - low), 1)


def _draw_history(trials: Sequence[Mapping[str, Any]], low: float, high: float) -> dict[str, Any]:
    """Return the points of all trials, and the line of the best score so far."""
    width = max(1, len(trials) - 1)
    points, line, best = [], [], -math.inf
    for place, trial in enumerate(trials):
        x = round(LEFT + (RIGHT - LEFT) * place / width, 1)
        if trial["score"] is not None:
            best = max(best, trial["score"])
            points.append({"x": x, "y": _y(trial["score"], low, high), "trial": trial})
        if best > -math.inf:
            line.append(f"{x},{_y(best, low, high)}")
    numbers = [trials[0]["number"], trials[-1]["number"]] if trials else []
    return {"points": points, "line": " ".join(line), "numbers": numbers}


def _draw_setting(name: str, done: Sequence[Mapping[str, Any]], low: float, high: float) -> dict[str, Any]:
    """Return the points of one setting against the score; a wide range of numbers above 0 has a logarithmic axis."""
    values = [trial["settings"][name] for trial in done if name in trial["settings"]]
    is_number = all(type(value) in (int, float) for value in values) and len(set(values)) > 1
    if is_number:
        is_log = min(values) > 0 and max(values) / min(values) > 20
        scaled = {value: math.log(value) if is_log else float(value) for value in values}
        first, last = min(scaled.values()), max(scaled.values())
        places = {value: (at - first) / (last - first) for value, at in scaled.items()}
        labels = [min(values), max(values)]
    else:
        is_log = False
        labels = sorted(set(values), key=str)
        places = {value: (n + 0.5) / len(labels) for n, value in enumerate(labels)}
    x = {value: round(LEFT + (RIGHT - LEFT) * place, 1) for value, place in places.items()}
    points = [
        {"x": x[trial["settings"][name]], "y": _y(trial["score"], low, high), "trial": trial}
        for trial in done
        if name in trial["settings"]
    ]
    ticks = [{"label": f"{v:.3g}" if isinstance(v, float) else str(v), "x": x[v]} for v in labels[:_CHOICES_SHOWN]]
    return {"name": name, "points": points, "ticks": ticks, "is_log": is_log}
