"""Reading files that may come from anyone: regular files only, of a bounded size.

A named pipe or a device in place of a file would make a reader wait for ever, or read without end.
"""

from __future__ import annotations

import os
import pathlib
import stat

from cman_tf.errors import DataError

MAX_BYTES = 16 << 20  # of a file of JSON; it takes up to 25 times as much as Python's values


def read_bytes(path: str | pathlib.Path, expected: str, limit: int = MAX_BYTES) -> bytes:
    """Read a regular file.

    Args:
      path: the file, or a link to it.
      expected: what the message says was expected, such as "expected what cman-tf train wrote".
      limit: the most bytes that the file may have.

    Raises:
      DataError: if the file cannot be read, if it is no regular file, or if it is larger.
    """
    try:
        # Opening a named pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with open(descriptor, "rb") as file:
            size = _regular_size(path, os.fstat(descriptor), expected)
            if size > limit:
                raise DataError(f"{path}: {size} bytes, at most {limit >> 20} MiB are read, {expected}")
            content = file.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: {getattr(error, 'strerror', None) or error}, {expected}") from None
    if len(content) > limit:
        raise DataError(f"{path}: at most {limit >> 20} MiB are read, {expected}")
    return content


def read_text(path: str | pathlib.Path, expected: str, limit: int = MAX_BYTES) -> str:
    """Read a regular file of UTF-8 text; the arguments are those of `read_bytes`.

    Raises:
      DataError: if the file cannot be read or is not UTF-8.
    """
    content = read_bytes(path, expected, limit)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: byte {error.start} is 0x{content[error.start]:02x}, which is not UTF-8, {expected}"
        ) from None


def file_size(path: str | pathlib.Path, expected: str) -> int:
    """Return the number of bytes of a regular file.

    Raises:
      DataError: if there is no such file, or if it is no regular file.
    """
    try:
        return _regular_size(path, os.stat(path), expected)
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: {getattr(error, 'strerror', None) or error}, {expected}") from None


def _regular_size(path: str | pathlib.Path, status: os.stat_result, expected: str) -> int:
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{path}: is {name_kind(status.st_mode)}, no regular file, {expected}")
    return status.st_size


def name_kind(mode: int) -> str:
    """Return what a mode of `os.stat` is of: "a directory", "a named pipe", "a device", "a socket" or "a file"."""
    kinds = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    kinds |= {stat.S_IFREG: "a file", stat.S_IFLNK: "a link"}
    return kinds.get(stat.S_IFMT(mode), "a device")
