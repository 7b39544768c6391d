"""A file that HDF5 can write to on a full disk."""

from __future__ import annotations

import io
import pathlib
from typing import Any


class PatientFile(io.FileIO):
    """A file that goes on where the disk is full, and says so in the end.

    HDF5 cannot close a file whose last bytes it could not write, and ends the process by a segmentation fault.

    Args:
      path: the file to write.
    """

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__(path, "w+")
        self._failure: OSError | None = None

    def write(self, content: Any, /) -> int:
        """Write all bytes, or keep the error; return their number in any case."""
        view = memoryview(content).cast("B")
        done = 0
        while done < len(view) and self._failure is None:
            try:
                done += super().write(view[done:]) or 0
            except OSError as error:
                self._failure = error
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        """Change the size, or keep the error."""
        try:
            return super().truncate(size)
        except OSError as error:
            self._failure = self._failure or error
            return size or 0

    def raise_failure(self) -> None:
        """Raise the first error, if there was one."""
        if self._failure is not None:
            raise self._failure
