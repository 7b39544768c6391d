"""Writing the content that a format yields: one file as a whole, or the files of a new folder."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable
from typing import BinaryIO

from cman_tf.errors import DataError
from cman_tf.runs.files import write_atomically
from cman_tf.runs.whole_folder import whole_folder


def write_file(path: str | pathlib.Path, chunks: Iterable[str | bytes]) -> None:
    """Write a file as a whole, chunk by chunk, so that a large file does not have to fit into memory.

    Args:
      path: the file. Missing folders are made.
      chunks: its content; text is written as UTF-8.
    """

    def write_chunks(file: BinaryIO) -> None:
        for chunk in chunks:
            file.write(chunk.encode("utf-8") if isinstance(chunk, str) else chunk)

    write_atomically(path, write_chunks)


def write_folder(path: str | pathlib.Path, pieces: Iterable[tuple[str, bytes]]) -> None:
    """Write a new folder as a whole: its files are written to a temporary folder, which is then moved to its place.

    Args:
      path: the folder, which must not exist, or be empty.
      pieces: the name of each file and its content.

    Raises:
      DataError: if the folder exists and is not empty, or if a name is not that of a file in it.
      OSError: naming the folder, if it cannot be written, as on a full disk. Nothing is left of it then.
    """
    folder = pathlib.Path(path)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder}: exists and is not an empty folder, expected the name of a new one")
    with whole_folder(folder) as temporary:
        for name, content in pieces:
            if pathlib.PurePath(name).name != name or name in ("", ".", ".."):
                raise DataError(f"{folder}: file name {name[:40]!r}, expected a name without folders")
            (temporary / name).write_bytes(content)
