"""Writing a folder as a whole or not at all."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import tempfile
from collections.abc import Generator

from cman_tf.runs.durable import move_folder_into_place, name_errors, replace_folder


@contextlib.contextmanager
def whole_folder(
    place: str | pathlib.Path, replaces: bool = False, mark: str = ""
) -> Generator[pathlib.Path, None, None]:
    """Give a temporary folder, which takes its place at the end unless there was an error.

    Args:
      place: the folder. Those above it are made.
      replaces: whether a folder that is there at the end is deleted. If not, it must be empty.
      mark: a part of the temporary folder's name, `.NAME.MARK` and eight letters.

    Yields:
      The path of the temporary folder, which is beside its place.

    Raises:
      OSError: naming the folder, if it cannot be written, as on a full disk. Nothing is left of it then.

    >>> folder = pathlib.Path(tempfile.mkdtemp(), "new")
    >>> with whole_folder(folder) as work:
    ...     _ = (work / "a.txt").write_text("Ann left.")
    >>> [file.name for file in folder.iterdir()]
    ['a.txt']
    """
    place = pathlib.Path(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    with name_errors(place):
        work = pathlib.Path(tempfile.mkdtemp(prefix=f".{place.name}.{mark}", dir=place.parent))
    try:
        with name_errors(place):
            yield work
            work.chmod(0o755)
        (replace_folder if replaces else move_folder_into_place)(work, place)
    finally:
        shutil.rmtree(work, ignore_errors=True)
