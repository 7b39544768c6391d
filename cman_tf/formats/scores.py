"""Scores of predicted entities and relations."""

from __future__ import annotations

from typing import Any

from cman_tf.data.problems import Problems
from cman_tf.formats.json_records import show


def read_score(value: Any, where: str, problems: Problems) -> float | None:
    """Return a score, or None if there is none.

    Args:
      value: the score, from JSON.
      where: its place, for messages.
      problems: the collector to which a value that is no number from 0 to 1 is reported; it is left out.

    >>> read_score(0.5, "a.json, record 0", Problems())
    0.5
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        problems.mend("score that is left out", where, f"score {show(value)}, expected a number from 0 to 1")
        return None
    return float(value)
