"""How much text is read at once, so that no file or stream can fill the memory.

A line may have 64 MiB. What has to be in memory as a whole may have 1 GiB: a JSON list of records, a table, a pipe.
Files with a record on each line are read line by line and may be of any size.
"""

from __future__ import annotations

import functools
import os
import pathlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cman_tf.errors import DataError

LINE, WHOLE = "CMAN_MAX_LINE_MIB", "CMAN_MAX_FILE_MIB"  # the environment's variables that change them
_DEFAULTS = {LINE: 64, WHOLE: 1024}
_PART = 1 << 20  # bytes that are read at a time


def line_bytes() -> int:
    """Return the most bytes of a line, or of a text."""
    return _limit(LINE, os.environ.get(LINE, ""))


def whole_bytes() -> int:
    """Return the most bytes of what is held in memory as a whole."""
    return _limit(WHOLE, os.environ.get(WHOLE, ""))


@functools.lru_cache
def _limit(name: str, given: str) -> int:
    """Return a limit in bytes.

    Raises:
      DataError: if the environment gives something other than a whole number above 0.
    """
    if not given:
        return _DEFAULTS[name] << 20
    if not (given.isdecimal() and given.isascii()) or not 0 < int(given[:10]) < 1 << 30:
        raise DataError(f"${name} is {given[:20]!r}, expected a whole number of MiB")
    return int(given) << 20


def read_lines(file: BinaryIO, name: str) -> Iterator[bytes]:
    r"""Yield the lines of a file, which end at "\n" only, with their ends.

    Args:
      file: the open file.
      name: its name, for the message.

    Raises:
      DataError: for a line that is too long.
    """
    most = line_bytes()
    for number, line in enumerate(iter(lambda: file.readline(most + 1), b""), start=1):
        if len(line) > most:
            raise DataError(
                f"{name}, line {number}: over {most >> 20} MiB, expected shorter lines; ${LINE} raises this"
            )
        yield line


def read_whole(file: BinaryIO, name: str, most: int | None = None) -> bytes:
    """Read the rest of a file or stream.

    Args:
      file: the open file.
      name: its name, for the message.
      most: the most bytes; None takes `whole_bytes`.

    Raises:
      DataError: if there is more.
    """
    return join(iter(lambda: file.read(_PART), b""), name, most)


def join(parts: Iterable[bytes], name: str, most: int | None = None) -> bytes:
    """Join parts of a file or stream; see `read_whole`."""
    limit = whole_bytes() if most is None else most
    read: list[bytes] = []
    size = 0
    for part in parts:
        size += len(part)
        if size > limit:
            raise refuse(name, limit)
        read.append(part)
    return b"".join(read)


def read_file(path: str | pathlib.Path, most: int | None = None) -> bytes:
    """Read a file as a whole.

    Args:
      path: the file.
      most: the most bytes; None takes `whole_bytes`.

    Raises:
      DataError: if it is larger, before any of it is read where its size is known.
      OSError: if it cannot be read.
    """
    limit = whole_bytes() if most is None else most
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size > limit:
            raise refuse(str(path), limit)
        return read_whole(file, str(path), limit)


def refuse(name: str, limit: int) -> DataError:
    """Return the error for a file or stream with more bytes than the limit."""
    variable = LINE if limit == line_bytes() else WHOLE
    return DataError(f"{name}: over {limit >> 20} MiB, expected less to be read at once; ${variable} raises this")
