"""A model directory as data: everything that is read from it or written into it lies in it.

A directory may come from anyone. A link in it could lead a reader to any file of this machine, or have training write
there; a named pipe would make a reader wait for ever.
"""

from __future__ import annotations

import itertools
import os
import pathlib
import stat
from collections.abc import Iterator

from cman_tf.errors import DataError
from cman_tf.runs.plain_files import name_kind

_MOST = 100_000  # files and folders of a run
_DEEPEST = 50  # folders in folders


def validate_contained(directory: str | pathlib.Path) -> None:
    """Check that a directory holds files, folders and links to its own files and folders, and nothing else.

    The directory itself may be a link: whoever names it has chosen it.

    Args:
      directory: the directory of a run.

    Raises:
      DataError: naming the first link that leads out of the directory, or the first named pipe, socket or device.
    """
    root = pathlib.Path(os.path.realpath(directory))
    for number, (path, mode) in enumerate(_walk(root)):
        if number >= _MOST:
            raise DataError(f"{directory}: more than {_MOST} files, expected a directory of cman-tf train")
        shown = pathlib.Path(directory, path.relative_to(root))
        if stat.S_ISLNK(mode):
            if not _is_inside(path, root):
                raise DataError(
                    f"{shown}: a link that leads out of the run's directory, expected the files themselves in "
                    f"{directory}"
                )
        elif not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise DataError(f"{shown}: is {name_kind(mode)}, expected only files and folders in {directory}")


def validate_recorded_path(path: str | pathlib.Path, what: str) -> None:
    """Check a path that a model directory records, before it is opened. It may lead anywhere, also through links.

    Args:
      path: the path. One that does not exist passes.
      what: what should be there, such as "an encoder", for the message.

    Raises:
      DataError: if the path leads to something that is neither a file nor a folder, to a folder that holds such a
        thing, or to a file system that is not one of data.
    """
    real = pathlib.Path(os.path.realpath(path))
    if real.parts[1:2] in (("proc",), ("sys",), ("dev",)):
        raise DataError(f"{path}: is no file of data, expected {what}")
    if not real.exists():
        return
    entries = [(real, real.stat().st_mode)]
    for number, (found, mode) in enumerate(itertools.chain(entries, _walk(real) if real.is_dir() else ())):
        if number >= _MOST:
            raise DataError(f"{path}: more than {_MOST} files, expected {what}")
        if stat.S_ISLNK(mode) and found.exists():
            mode = found.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
            raise DataError(f"{found}: is {name_kind(mode)}, expected {what}")


def _walk(folder: pathlib.Path) -> Iterator[tuple[pathlib.Path, int]]:
    """Yield the path and the mode of everything below a folder. Links are not followed."""
    waiting = [(folder, 0)]
    while waiting:
        current, depth = waiting.pop()
        if depth > _DEEPEST:
            raise DataError(f"{folder}: folders in folders, {depth} deep, expected at most {_DEEPEST}")
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
            found = [(pathlib.Path(entry.path), entry.stat(follow_symlinks=False).st_mode) for entry in entries]
        except FileNotFoundError:
            continue  # removed in the meantime, as checkpoints of a run in training are
        except OSError as error:
            raise DataError(f"{error.filename or folder}: {error.strerror}, expected a readable directory") from None
        yield from found
        waiting += [(path, depth + 1) for path, mode in reversed(found) if stat.S_ISDIR(mode)]


def _is_inside(link: pathlib.Path, root: pathlib.Path) -> bool:
    """Return whether the target of a link is below a directory, or would be if it existed."""
    try:
        target = os.path.realpath(link)
    except OSError:
        return False
    return not os.path.islink(target) and os.path.commonpath([target, root]) == str(root)
