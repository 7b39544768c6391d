"""Checking, without TensorFlow, that a directory holds a trained model."""

from __future__ import annotations

import pathlib

from cman_tf.errors import DataError

_FILES = ("vocabulary.json", "flags.txt")


def validate_model_directory(directory: str | pathlib.Path, checkpoint: str = "best") -> None:
    """Check that the files of a trained model exist. Their contents are checked when they are read.

    Args:
      directory: the directory of a run of `cman-tf train`.
      checkpoint: the weights that are wanted, `best` or `last`.

    Raises:
      DataError: if a file is missing.
    """
    folder = pathlib.Path(directory)
    if not folder.is_dir():
        raise DataError(
            f"{folder}: no trained model here (no such directory), expected a directory that cman-tf train wrote"
        )
    for name in _FILES:
        if not (folder / name).is_file():
            raise DataError(
                f"{folder}: no trained model here ({name} is missing), expected a directory that cman-tf train wrote"
            )
    weights = folder / checkpoint
    if not (weights / "checkpoint").is_file() or not any(weights.glob("*.index")):
        raise DataError(f"{weights}: no checkpoint, expected one of a run that finished an epoch")
