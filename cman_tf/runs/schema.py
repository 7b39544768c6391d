"""Schemas of the JSON files that the package writes, and checking a file against one.

A schema is a function of a value and its place that raises `Mismatch`; the functions here make such functions.

>>> check = record({"epoch": whole(1), "commits": list_of(text())}, optional={"score": nullable(number(0))})
>>> find_mismatch({"epoch": 3, "commits": ["a", 7]}, check)
'commits/1 is 7, not text'
>>> find_mismatch({"epoch": 3, "commits": [], "score": 0.5}, check)
''
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from cman_tf.errors import quote
from cman_tf.runs.json_values import as_list, as_object

Check = Callable[[object, str], None]


class Mismatch(ValueError):
    """A value that a schema does not allow: where it is, what it is and what it is not."""


def find_mismatch(value: object, check: Check) -> str:
    """Return in words the first value that a schema does not allow; empty if there is none."""
    try:
        check(value, "")
    except Mismatch as error:
        return str(error)
    return ""


def _fail(place: str, value: object, expected: str) -> Mismatch:
    return Mismatch(f"{place or 'the content'} is {quote(value, 40)}, not {expected}")


def _join(place: str, key: object) -> str:
    name = quote(key)[1:-1] if isinstance(key, str) else str(key)
    return f"{place}/{name}" if place else name


def text(pattern: Callable[[str], Any] | None = None, expected: str = "text") -> Check:
    """Allow text.

    Args:
      pattern: a function that is true for the texts that are allowed, such as `re.compile("[a-z]+").fullmatch`.
      expected: what is allowed, for the message.
    """

    def check(value: object, place: str) -> None:
        if not isinstance(value, str) or pattern and not pattern(value):
            raise _fail(place, value, expected)
        if not is_unicode(value):
            raise _fail(place, value, "Unicode")

    return check


SHA256 = text(re.compile("[0-9a-f]{64}").fullmatch, "a sha256")


def is_unicode(value: str) -> bool:
    """Return whether UTF-8 can hold a text; it cannot hold single surrogates."""
    try:
        return value.isascii() or bool(value.encode("utf-8"))
    except UnicodeEncodeError:
        return False


def one_of(*values: object) -> Check:
    """Allow some values."""

    def check(value: object, place: str) -> None:
        if not any(type(value) is type(allowed) and value == allowed for allowed in values):
            raise _fail(place, value, f"one of {', '.join(map(str, values))}")

    return check


def truth() -> Check:
    """Allow true and false."""

    def check(value: object, place: str) -> None:
        if not isinstance(value, bool):
            raise _fail(place, value, "true or false")

    return check


def whole(minimum: int = 0, maximum: int = 2**63 - 1) -> Check:
    """Allow whole numbers from a minimum to a maximum."""

    def check(value: object, place: str) -> None:
        if type(value) is not int or not minimum <= value <= maximum:
            raise _fail(place, value, f"a whole number from {minimum}")

    return check


def number(minimum: float = -math.inf, maximum: float = math.inf) -> Check:
    """Allow finite numbers from a minimum to a maximum."""

    def check(value: object, place: str) -> None:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            fits = math.isfinite(value) and minimum <= value <= maximum
        else:
            fits = False
        if not fits:
            limits = "a number" if minimum == -math.inf else f"a number from {minimum:g}"
            raise _fail(place, value, limits + (f" to {maximum:g}" if maximum < math.inf else ""))

    return check


def nullable(inner: Check) -> Check:
    """Allow null beside what another schema allows."""

    def check(value: object, place: str) -> None:
        if value is not None:
            inner(value, place)

    return check


def list_of(inner: Check, length: int | None = None) -> Check:
    """Allow lists, of a certain length if one is given, whose items another schema allows."""

    def check(value: object, place: str) -> None:
        items = as_list(value)
        if items is None or length is not None and len(items) != length:
            raise _fail(place, value, "a list" + ("" if length is None else f" of {length}"))
        for position, item in enumerate(items):
            inner(item, _join(place, position))

    return check


def object_of(inner: Check, key: Check | None = None) -> Check:
    """Allow objects of any keys, or of those that `key` allows, whose values another schema allows."""

    def check(value: object, place: str) -> None:
        content = as_object(value)
        if content is None:
            raise _fail(place, value, "an object")
        for name, item in content.items():
            (key or text())(name, f"a key of {place}" if place else "a key")
            inner(item, _join(place, name))

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, others: bool = False) -> Check:
    """Allow objects of certain keys.

    Args:
      required: the keys that must be there, with the schemas of their values.
      optional: the keys that may be there.
      others: whether further keys are allowed. They may have any values.
    """
    known = {**required, **(optional or {})}

    def check(value: object, place: str) -> None:
        content = as_object(value)
        if content is None:
            raise _fail(place, value, "an object")
        for name in required:
            if name not in content:
                raise Mismatch(f"{_join(place, name)} is missing")
        for name, item in content.items():
            if name in known:
                known[name](item, _join(place, name))
            elif not others:
                raise Mismatch(f"{_join(place, name)} is no key that is known here")
            else:
                anything()(item, _join(place, name))

    return check


def anything(depth: int = 20) -> Check:
    """Allow any value that is not nested more deeply than `depth`, and whose texts UTF-8 can hold."""

    def check(value: object, place: str) -> None:
        stack: list[tuple[object, int]] = [(value, depth)]
        while stack:
            inner, left = stack.pop()
            if left < 0:
                raise Mismatch(f"{place or 'the content'} is nested more than {depth} times")
            content = as_object(inner)
            stack.extend((item, left - 1) for item in (content.values() if content else as_list(inner) or ()))
            for part in [*content] if content else [inner]:
                if isinstance(part, str):
                    text()(part, place)

    return check
