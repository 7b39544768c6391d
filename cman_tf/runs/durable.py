"""Files that survive a full disk and a power cut: they are moved to their place whole, and errors name that place.

A message never names the temporary file, which the user did not ask for and which is removed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import shutil
from collections.abc import Generator
from typing import Any, BinaryIO

_SWITCH = "CMAN_FSYNC"  # "off" leaves out the waiting for the disk, as the tests do
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)  # full, or failing
# What a file system answers that cannot write a folder's entries to the disk on demand, or a folder that may be
# written but not read.
_CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF)


def move_into_place(temporary: str | pathlib.Path, path: str | pathlib.Path) -> None:
    """Move a finished temporary file to its place, so that after a power cut the old or the new file is there, whole.

    The file is written to the disk before it gets its name, and the name after it. This takes a few milliseconds.

    Args:
      temporary: the file, which is closed, in the folder of `path`.
      path: its place. A file that is there is replaced.

    Raises:
      OSError: naming `path`, if the disk is full or fails.
    """
    with name_errors(path):
        sync_file(temporary)
        os.replace(temporary, path)
        sync_file(pathlib.Path(path).parent)


def move_folder_into_place(temporary: str | pathlib.Path, folder: str | pathlib.Path) -> None:
    """Move a finished temporary folder to its place as `move_into_place` does a file; its files are on the disk then.

    Args:
      temporary: the folder, beside its place.
      folder: its place, where nothing is, or an empty folder.

    Raises:
      OSError: naming `folder`, if the disk is full or fails.
    """
    with name_errors(folder):
        for where, _, names in os.walk(temporary):
            for name in names:
                sync_file(os.path.join(where, name))
            sync_file(where)
        os.rename(temporary, folder)
        sync_file(pathlib.Path(folder).parent)


def replace_folder(temporary: pathlib.Path, folder: pathlib.Path) -> None:
    """Move a finished temporary folder to its place, where nothing or a folder is, which is deleted.

    Args:
      temporary: the folder, beside its place.
      folder: its place.

    Raises:
      OSError: as `move_folder_into_place` does.
    """
    if not folder.exists() or not any(folder.iterdir()):
        move_folder_into_place(temporary, folder)
        return
    old = temporary.with_name(f"{temporary.name}.old")
    os.rename(folder, old)
    move_folder_into_place(temporary, folder)
    shutil.rmtree(old)


def sync_file(path: str | pathlib.Path) -> None:
    """Wait until a file, or the entries of a folder, are on the disk. Nothing is done if $CMAN_FSYNC is `off`."""
    if os.environ.get(_SWITCH) == "off":
        return
    is_folder = os.path.isdir(path)
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if not (is_folder and error.errno in _CANNOT_SYNC):
            raise


@contextlib.contextmanager
def name_errors(path: str | pathlib.Path) -> Generator[None, None, None]:
    """Within this, an error of the disk becomes an OSError that names the file that was asked for.

    TensorFlow, HDF5 and NumPy raise errors of their own for a full disk, whose text repeats the system's.

    Args:
      path: the file.

    Raises:
      OSError: for errors of the system, and for errors of other packages that repeat one.

    >>> with name_errors("run/ckpt-1"):
    ...     raise RuntimeError("INTERNAL: .ckpt-1.tmp; No space left on device")
    Traceback (most recent call last):
        ...
    OSError: [Errno 28] No space left on device: 'run/ckpt-1'
    """
    try:
        yield
    except OSError as error:
        number = error.errno or _find_number(error)
        if number is None or not _is_temporary(error.filename, pathlib.Path(path)):
            raise
        raise OSError(number, os.strerror(number), str(path)) from None
    except Exception as error:
        number = _find_number(error)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), str(path)) from None


def _is_temporary(name: Any, path: pathlib.Path) -> bool:
    """Return whether an error names no file, or one that may be of a path: hidden beside it, or beginning with it."""
    if not isinstance(name, str):
        return True
    if not pathlib.Path(name).is_relative_to(path.parent):
        return False
    first = (*pathlib.Path(name).relative_to(path.parent).parts, "")[0]
    return first.startswith((".", path.name))


def _find_number(error: Exception) -> int | None:
    """Return the number of the disk's error that the text of another error repeats."""
    return next((number for number in DISK_ERRORS if os.strerror(number) in str(error)), None)


class NamedFile:
    """An open binary file to write to, whose errors name the file that was asked for, not the temporary one.

    Args:
      file: the open file. It is not closed with this one.
      path: the name that errors get.
    """

    def __init__(self, file: BinaryIO, path: str | pathlib.Path) -> None:
        self._file, self._path = file, path

    def write(self, content: Any, /) -> int:
        """Write bytes, and return their number."""
        with name_errors(self._path):
            return self._file.write(content)
