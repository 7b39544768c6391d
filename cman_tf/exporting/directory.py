"""Writing the directory of an exported model as a whole."""

from __future__ import annotations

import contextlib
import os
import pathlib
from collections.abc import Iterator

from cman_tf.errors import DataError
from cman_tf.runs.whole_folder import whole_folder

CARD = "export.json"  # what an exported model is, beside its SavedModel


def validate_export_directory(directory: str | pathlib.Path, overwrite: bool = False) -> None:
    """Check that a directory may be written.

    Args:
      directory: the directory.
      overwrite: whether an exported model that is there is replaced.

    Raises:
      DataError: if it exists, or if it cannot. An empty directory is no obstacle.
    """
    place = pathlib.Path(directory)
    for above in place.parents:
        if above.exists() and not above.is_dir():
            raise DataError(f"{above}: is no directory, expected the name of a new directory below one")
    if not os.path.lexists(place) or (place.is_dir() and not any(place.iterdir())):
        return
    if not overwrite:
        raise DataError(f"{place}: exists, expected the name of a new directory, or --overwrite")
    if not (place / CARD).is_file() or not (place / "saved_model.pb").is_file():
        raise DataError(f"{place}: exists and is no exported model; --overwrite replaces only a directory of export")


@contextlib.contextmanager
def new_directory(directory: str | pathlib.Path, overwrite: bool = False) -> Iterator[pathlib.Path]:
    """Give a temporary directory that becomes the directory at the end, unless there was an error.

    Args:
      directory: the directory. Missing folders above it are made.
      overwrite: whether an exported model that is there is replaced.

    Yields:
      The path of the temporary directory.

    Raises:
      DataError: if the directory exists, as `validate_export_directory` says.
      OSError: naming the directory, if it cannot be written, as on a full disk. Nothing is left of it then.
    """
    place = pathlib.Path(directory)
    validate_export_directory(place, overwrite)
    with whole_folder(place.resolve(), replaces=overwrite) as work:
        yield work
        validate_export_directory(place, overwrite)
