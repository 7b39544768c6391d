"""Rows of tables: values between commas, semicolons or tabs, with names in the first line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from cman_tf.errors import DataError
from cman_tf.formats import bounds
from cman_tf.formats.showing import show_text
from cman_tf.formats.source import Head, Source, decode

_DELIMITERS = (",", ";", "\t")


def find_names(line: str) -> tuple[list[str], str]:
    """Return the column names in the first line of a table, in small letters, and the character between them.

    >>> find_names("Sentence;Head")
    (['sentence', 'head'], ';')
    """
    delimiter = max(_DELIMITERS, key=line.count)
    try:
        rows = list(csv.reader([line], delimiter=delimiter))
    except csv.Error:
        return [], delimiter
    names = rows[0] if rows else []
    return [name.strip().lower().replace(" ", "_") for name in names], delimiter


def names_in(head: Head) -> list[str]:
    """Return the column names of a file that may be a table."""
    return find_names(head.text.partition("\n")[0].rstrip("\r"))[0]


def read_rows(source: Source) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the rows of a table, each with its place for messages, one at a time.

    Args:
      source: the file. The column names in its first line are read in small letters.

    Raises:
      DataError: if a row has more values than there are names, or if a quotation mark is not closed.
    """
    if csv.field_size_limit() < bounds.line_bytes():
        csv.field_size_limit(bounds.line_bytes())  # a text may be longer than csv's usual limit
    lines = _decode_lines(source)
    first = next(lines, "")
    names, delimiter = find_names(first.rstrip("\r\n"))
    if len(set(names)) < len(names):
        raise DataError(f"{source.path}, line 1: {show_text(first)}, expected different names of columns")
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        where = f"{source.path}, line {rows.line_num + 2}"
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise DataError(f"{where}: no row of a table ({str(error)[:60]}), expected {len(names)} values") from None
        if row is None:
            return
        if len(row) > len(names):
            raise DataError(f"{where}: {len(row)} values, expected {len(names)}, one for each name in line 1")
        if any(value.strip() for value in row):
            yield where, dict(zip(names, row))


def _decode_lines(source: Source) -> Iterator[str]:
    """Yield the lines with their ends, because a value in quotation marks may contain line ends."""
    try:
        with io.BytesIO(source.content) if source.content is not None else open(source.path, "rb") as file:
            for number, line in enumerate(bounds.read_lines(file, source.path), start=1):
                yield decode(line, source.path, number)
    except OSError as error:
        raise DataError(f"{source.path}: {error.strerror}, expected a readable corpus file") from None


def write_row(values: list[str]) -> str:
    r"""Return a line of a table with commas. A value is quoted where it has to be.

    >>> write_row(["a", 'b "c", d', ""])
    'a,"b ""c"", d",\n'
    """
    return ",".join(_quote(value) for value in values) + "\n"


def _quote(value: str) -> str:
    plain = value == value.strip() and not any(c in value for c in '",;\t\r\n')
    return value if plain else '"' + value.replace('"', '""') + '"'
