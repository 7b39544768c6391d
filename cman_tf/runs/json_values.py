"""Values that come from JSON, whose types nobody knows before they are looked at."""

from __future__ import annotations

import json
from typing import Any, cast

_DIGITS = 300  # a longer whole number is too large for a float


def parse_json(text: str) -> Any:
    """Parse JSON, whose whole numbers all fit into a float.

    Raises:
      ValueError: if the text is not JSON, or if a whole number has more than 300 digits.
      RecursionError: if it is nested too deeply.
    """
    return json.loads(text, parse_int=_read_integer)


def _read_integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def as_list(value: object) -> list[Any] | None:
    """Return the value if it is a list, else None."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def as_object(value: object) -> dict[str, Any] | None:
    """Return the value if it is an object (a dict, whose keys JSON makes texts), else None."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def types_in(value: object) -> list[type]:
    """Return the types of a list's items; empty for anything else."""
    return [type(item) for item in as_list(value) or []]
