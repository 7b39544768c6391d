"""Values that come from JSON, whose types nobody knows before they are looked at."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn, cast

from cman_tf.errors import quote

_DIGITS = 300  # a longer whole number is too large for a float


def parse_json(text: str) -> Any:
    """Parse JSON whose numbers are finite and fit into a float, and whose objects have each key once.

    Raises:
      ValueError: if the text is something else.
      RecursionError: if it is nested too deeply.
    """
    return json.loads(
        text,
        parse_int=_read_integer,
        parse_float=_read_float,
        parse_constant=_refuse_constant,
        object_pairs_hook=_read_object,
    )


def _read_integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _read_float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {quote(digits, 20)}, which is too large")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"the number {name}, which JSON does not have")


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise ValueError(f"the key {quote(twice)} twice")
    return found


def as_list(value: object) -> list[Any] | None:
    """Return the value if it is a list, else None."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def as_object(value: object) -> dict[str, Any] | None:
    """Return the value if it is an object (a dict, whose keys JSON makes texts), else None."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def types_in(value: object) -> list[type]:
    """Return the types of a list's items; empty for anything else."""
    return [type(item) for item in as_list(value) or []]
