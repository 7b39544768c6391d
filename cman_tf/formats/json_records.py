"""Records of JSON files: a list of records, one record, or one record a line, told apart by their content."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from cman_tf.data.types import expect_token, is_token
from cman_tf.errors import DataError, one_line
from cman_tf.formats.source import Source
from cman_tf.runs.json_values import as_list, as_object

_MAX_NUMBER = 1 << 53  # whole numbers above are no positions
_KINDS = {str: "string", int: "whole number", list: "list", dict: "object"}


def read_records(source: Source) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the records of a file, each with its place for messages. Records on lines are read one at a time.

    Args:
      source: the file.

    Raises:
      DataError: naming the line or the record that is not JSON or no object.
    """
    for where, record in _read_values(source):
        content = as_object(record)
        if content is None:
            raise DataError(f"{where}: {show(record)}, expected an object")
        yield where, content


def _read_values(source: Source) -> Iterator[tuple[str, Any]]:
    """Yield the values of a file."""
    lines = ((number, line) for number, line in source.lines() if line.strip())
    number, first = next(lines, (0, ""))
    if not number:
        return
    where = f"{source.path}, line {number}"
    try:
        value = parse(first, where)
    except DataError as error:
        if first.lstrip()[:1] not in "[{":
            raise
        rest = next(lines, None)
        if rest is None or (first.rstrip().endswith("}") and rest[1].lstrip().startswith("{")):
            raise error from None  # lines of JSON, of which the first is broken
        yield from _number_records(source, parse(source.text, source.path))
        return
    if as_list(value) is not None:
        following = next(lines, None)
        if following:
            raise DataError(f"{source.path}, line {following[0]}: text after the list, expected one list of records")
        yield from _number_records(source, value)
        return
    yield where, value
    for number, line in lines:
        where = f"{source.path}, line {number}"
        yield where, parse(line, where)


def _number_records(source: Source, value: Any) -> Iterator[tuple[str, Any]]:
    records = as_list(value)
    for number, record in enumerate([value] if records is None else records):
        yield f"{source.path}, record {number}", record


def parse(text: str, where: str) -> Any:
    """Parse JSON strictly.

    Args:
      text: the JSON.
      where: the file and the place, for messages.

    Raises:
      DataError: if the text is not JSON, or contains NaN or an infinite number.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise DataError(f"{where}: JSON that is nested too deep, expected records") from None
    except ValueError as error:
        raise DataError(f"{where}: not JSON ({str(error)[:80]}), expected a record or a list of records") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def write_records(records: Iterable[Any]) -> Iterator[str]:
    r"""Yield the text of a JSON list with one record on each line.

    >>> "".join(write_records([{"a": 1}, {"a": 2}]))
    '[\n{"a": 1},\n{"a": 2}\n]\n'
    """
    between = "[\n"
    for record in records:
        yield between + json.dumps(record, ensure_ascii=False)
        between = ",\n"
    yield "\n]\n" if between == ",\n" else "[]\n"


def shorten(text: str, length: int = 40) -> str:
    """Shorten a text for a message, and escape what cannot be printed.

    >>> shorten("Llanfairpwllgwyngyll", 8)
    'Llanf...'
    """
    text = one_line(text[: length + 1])
    return text if len(text) <= length else f"{text[: length - 3]}..."


def quote(text: str, length: int = 40) -> str:
    """Shorten a text for a message, and put it between quotation marks.

    >>> print(quote("Llanfairpwllgwyngyll", 8))
    'Llanf...'
    """
    return f"'{shorten(text, length)}'"


def show(value: Any) -> str:
    """Show a value in a message, as JSON if it is from JSON: at most 40 characters."""
    try:
        return shorten(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        return "a deeply nested value"
    except (TypeError, ValueError):
        return shorten(f"a {type(value).__name__}")


def get(record: Any, key: str, kind: type, where: str) -> Any:
    """Return a value of a record.

    Args:
      record: the record or a part of it, from JSON.
      key: the value's key.
      kind: the type that the value must have: `str`, `int`, `list` or `dict`.
      where: the file and the place, for messages.

    Raises:
      DataError: if there is no value of this type.
    """
    value: Any = (as_object(record) or {}).get(key)
    if type(value) is not kind or (kind is int and abs(value) >= _MAX_NUMBER):
        raise DataError(f"{where}: {key} is {show(value)}, expected a {_KINDS[kind]}")
    return value


def get_text(record: Any, key: str, where: str) -> str:
    """Return a text of a record, such as a type's name; see `get`.

    Raises:
      DataError: if it is not text, is blank, or contains half a character (a lone surrogate).
    """
    value: str = get(record, key, str, where)
    if not is_token(value):
        raise DataError(f"{where}: {key} is {show(value)}, {expect_token(value, 'expected text that is not empty')}")
    return value


def get_name(record: Any, key: str, where: str) -> str:
    """Return a name of a record, which may be a number; empty if there is none.

    Raises:
      DataError: if it is blank, neither text nor a number, or contains half a character.
    """
    value: Any = (as_object(record) or {}).get(key)
    if value is None or value == "":
        return ""
    name = str(value)
    if isinstance(value, (dict, list)) or not is_token(name):
        raise DataError(f"{where}: {key} is {show(value)}, {expect_token(name, 'expected text')}")
    return name


def get_list(record: Any, key: str, where: str) -> list[Any]:
    """Return a list of a record; a list that is absent or null is empty.

    Raises:
      DataError: if it is anything else.
    """
    value = (as_object(record) or {}).get(key)
    if value is None:
        return []
    items = as_list(value)
    if items is None:
        raise DataError(f"{where}: {key} is {show(value)}, expected a list")
    return items
