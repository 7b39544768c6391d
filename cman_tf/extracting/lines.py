"""The lines of a part of a file, and where its blocks of lines end."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

from cman_tf.formats.bounds import line_bytes
from cman_tf.inference.blocks import BlockRule

_BUFFER = 1 << 20  # bytes that are read at a time
HEAD = 1 << 10  # bytes of a line that is too long which are kept


class Line(NamedTuple):
    """One line.

    Attributes:
      content: its bytes with its end; of a line that is too long the first ones.
      size: its bytes.
      is_whole: whether `content` is the whole line.
    """

    content: bytes
    size: int
    is_whole: bool


def read_lines(file: Any, start: int = 0, end: int | None = None) -> Iterator[Line]:
    r"""Yield the lines of a part of a file, which end at "\n" only. A line of any length takes bounded memory.

    Args:
      file: the open file of Arrow's.
      start: the first byte of a line.
      end: the byte after the last line; None for the end of the file.
    """
    file.seek(start)
    stream: Any = io.BufferedReader(file, _BUFFER)
    most, position = line_bytes(), start
    while end is None or position < end:
        content = stream.readline(most + 1)
        if not content:
            break
        size, last = len(content), content
        while len(last) > most and not last.endswith(b"\n"):
            last = stream.readline(most + 1)
            size += len(last)
        position += size
        is_whole = size <= most
        yield Line(content if is_whole else content[:HEAD], size, is_whole)


class Cut(NamedTuple):
    """A part of a file that one task reads.

    Attributes:
      start: its first byte; of Parquet its first row.
      end: the byte or row after its last.
      line: the number of its first line or row, from 1.
      texts: how many lines or rows it has.
    """

    start: int
    end: int
    line: int
    texts: int


def cut_lines(file: Any, texts: int, most_bytes: int) -> Iterator[Cut]:
    """Cut a file into parts of whole blocks, as `cman-tf predict` would form them.

    Args:
      file: the open file.
      texts: a part ends with the block that gives it this many lines.
      most_bytes: or with the one that gives it this many bytes.
    """
    rule = BlockRule()
    start = position = 0
    first = number = 1
    for line in read_lines(file):
        position += line.size
        number += 1
        if rule.is_full_with(line.size) and (number - first >= texts or position - start >= most_bytes):
            yield Cut(start, position, first, number - first)
            start, first = position, number
    if position > start:
        yield Cut(start, position, first, number - first)
