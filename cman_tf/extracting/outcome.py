"""What a run came to: its counts, as a table for people and as a file for machines."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from cman_tf.command_line.console import format_seconds
from cman_tf.extracting.answering import COUNTS
from cman_tf.runs.files import write_atomically
from cman_tf.scoring.tables import format_table


def add_up(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sums of what parts count.

    >>> add_up([{"texts": 2, "dead": 1}, {"texts": 3}])["texts"]
    5
    """
    sums: dict[str, int] = dict.fromkeys(COUNTS, 0)
    for counts in parts:
        for name in COUNTS:
            sums[name] += counts.get(name, 0)
    return sums


def write_outcome(path: pathlib.Path, outcome: Mapping[str, Any]) -> None:
    """Write the outcome as JSON."""
    write_atomically(path, json.dumps(outcome, indent=1) + "\n")


def show_outcome(outcome: Mapping[str, Any], output_dir: str) -> str:
    """Return the closing table.

    Args:
      outcome: the sums of `add_up`; `files`, `parts`, `parts_before`, `workers`, `seconds`, `texts_per_second`.
      output_dir: where the parts are.
    """
    speed = outcome["texts_per_second"]
    written = f"{outcome['parts']}"
    if outcome["parts_before"]:
        written += f", {outcome['parts_before']} of them before"
    rows = [
        ["files", f"{outcome['files']:,}"],
        ["texts", f"{outcome['texts']:,}"],
        ["dead letters", f"{outcome['dead']:,}"],
        ["read in windows", f"{outcome['windows']:,}"],
        ["entities", f"{outcome['entities']:,}"],
        ["relations", f"{outcome['relations']:,}"],
        ["parts", written],
        ["time", format_seconds(outcome["seconds"])],
        ["texts per second", f"{speed:,.{0 if speed >= 10 else 2}f}"],
    ]
    shown = format_table([output_dir, ""], rows)
    if outcome["dead"]:
        left_out = "1 text was" if outcome["dead"] == 1 else f"{outcome['dead']:,} texts were"
        shown += f"\n\n{left_out} left out; {output_dir}/dead names each and the reason"
    return shown
