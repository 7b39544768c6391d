"""The records in TensorBoard's files of events, and checking that events reached their file.

TensorFlow says nothing of events that a full disk swallows.
"""

from __future__ import annotations

import errno
import os
import pathlib
from collections.abc import Iterator
from typing import BinaryIO

_HEADER, _FOOTER = 12, 4  # bytes around a record: its length (8, little-endian) and a checksum; another checksum


def iterate_records(file: BinaryIO, start: int = 0) -> Iterator[tuple[int, int]]:
    """Yield where the whole records of a file begin and end. The content is not read.

    Args:
      file: a file of events, which is read meanwhile by nothing else.
      start: the place of the first record.
    """
    size = file.seek(0, os.SEEK_END)
    while start + _HEADER + _FOOTER <= size:
        file.seek(start)
        end = start + _HEADER + int.from_bytes(file.read(8), "little") + _FOOTER
        if end > size:
            return
        yield start, end
        start = end


def unwrap(record: bytes) -> bytes:
    """Return the event in a record, as bytes."""
    return record[_HEADER:-_FOOTER]


class EventFile:
    """The file of events that a writer has just begun in a folder.

    Args:
      folder: the folder. The newest file of events in it is the writer's.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        found = pathlib.Path(folder).glob("events.out.tfevents.*")
        self._path = max(found, key=lambda path: path.stat().st_mtime_ns, default=None)
        self._end = 0

    def validate_written(self) -> None:
        """Check that the file has more whole records than before, and nothing after them.

        Raises:
          OSError: naming the folder, if not.
        """
        if self._path is None or not self._path.exists():
            return  # no file, or one that someone removed meanwhile
        with self._path.open("rb") as file:
            end = max((end for _, end in iterate_records(file, self._end)), default=self._end)
        if end == self._end or end != self._path.stat().st_size:
            full = os.statvfs(self._folder).f_bavail == 0
            number = errno.ENOSPC if full else errno.EIO
            raise OSError(number, os.strerror(number), self._folder)
        self._end = end
