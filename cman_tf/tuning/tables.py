"""The chosen thresholds and the calibration as tables of plain text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cman_tf.scoring.score import TASKS, has_items
from cman_tf.scoring.tables import format_table

_SHOWN = (0.1, 0.3, 0.5, 0.7, 0.9)  # the thresholds of the second table
_NAMES = {
    "default": "default thresholds",
    "tuned": "tuned, same sentences",
    "cross_validated": "tuned on other sentences",
}


def format_tuning(report: Mapping[str, Any]) -> str:
    """Format the report of `cman_tf.tuning.tune.tune`."""
    data = report["source"]["data"]
    rows = {"entities": report["entities"], **report["relations"]}
    parts = [
        f"{data['file']}, {data['sentences']} sentences; {report['source']['checkpoint']}",
        _format_choices(rows),
        *(f"{kind}: default kept, {row['reason']}" for kind, row in rows.items() if row["reason"]),
        "",
        _format_curves(rows),
        "",
        _format_micro(report["micro"]),
        "",
        _format_calibration(report["calibration"]),
    ]
    return "\n".join(parts)


def _format_choices(rows: Mapping[str, Any]) -> str:
    header = ["strict, by type", "gold", "default", "P", "R", "F1", "chosen", "P", "R", "F1"]
    table: list[list[str]] = []
    for kind, row in rows.items():
        cells = [kind, str(row["gold"])]
        for threshold, rates in ((row["default"], row["at_default"]), (row["threshold"], row["at_threshold"])):
            cells += [f"{threshold:g}", *_rates(rates)]
        table.append(cells)
    return format_table(header, table)


def _format_curves(rows: Mapping[str, Any]) -> str:
    table: list[list[str]] = []
    for kind, row in rows.items():
        curve = row["curve"]
        places = [curve["thresholds"].index(threshold) for threshold in _SHOWN]
        table.append([kind, *(f"{curve['f1'][place]:.2f}" for place in places)])
    return format_table(["F1 by threshold", *map(str, _SHOWN)], table)


def _format_micro(micro: Mapping[str, Any]) -> str:
    table = [[_NAMES[name], *(cell for task in TASKS for cell in _rates(row[task]))] for name, row in micro.items()]
    return format_table(
        ["strict, micro", *(f"{task[:3]}. {name}" for task in TASKS for name in ("P", "R", "F1"))], table
    )


def _format_calibration(calibration: Mapping[str, Any]) -> str:
    header = ["scores as probabilities", "temperature", "events", "right", "ECE", "after", "log loss", "after"]
    table: list[list[str]] = []
    for name, suffix, temperature in (
        ("entities", "", True),
        ("relations, all candidates", "", True),
        ("relations, scores above 0.5", "_above_half", False),
    ):
        row = calibration[name.partition(",")[0]]
        before, after = row[f"before{suffix}"], row[f"after{suffix}"]
        cells = [name, f"{row['temperature']:.3f}" if temperature else "", str(before["events"]), str(before["right"])]
        for measure in ("expected_calibration_error", "log_loss"):
            cells += [f"{before[measure]:.4f}", f"{after[measure]:.4f}"]
        table.append(cells)
    return format_table(header, table)


def _rates(row: Mapping[str, float]) -> list[str]:
    return [f"{row[name]:.2f}" for name in ("precision", "recall", "f1")] if has_items(row) else ["-"] * 3
