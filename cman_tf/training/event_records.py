"""Checking that TensorBoard's events reached their file: TensorFlow says nothing of those that a full disk swallows."""

from __future__ import annotations

import errno
import os
import pathlib
import struct

_AROUND = 16  # bytes of a record around its content: the length, 8, and two checksums


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
        end = _find_end(self._path, self._end)
        if end == self._end or end != self._path.stat().st_size:
            full = os.statvfs(self._folder).f_bavail == 0
            number = errno.ENOSPC if full else errno.EIO
            raise OSError(number, os.strerror(number), self._folder)
        self._end = end


def _find_end(path: pathlib.Path, start: int) -> int:
    """Return the place after the last whole record, beginning at the start of a record."""
    size = path.stat().st_size
    with path.open("rb") as file:
        while start + _AROUND <= size:
            file.seek(start)
            (length,) = struct.unpack("<Q", file.read(8))
            if start + _AROUND + length > size:
                break
            start += _AROUND + length
    return start
