"""Values that come from JSON, whose types nobody knows before they are looked at."""

from __future__ import annotations

from typing import Any, cast


def as_list(value: object) -> list[Any] | None:
    """Return the value if it is a list, else None."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def as_object(value: object) -> dict[str, Any] | None:
    """Return the value if it is an object (a dict, whose keys JSON makes texts), else None."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def types_in(value: object) -> list[type]:
    """Return the types of a list's items; empty for anything else."""
    return [type(item) for item in as_list(value) or []]
