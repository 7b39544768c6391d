"""Whether a directory holds a trained model, found out without TensorFlow."""

from __future__ import annotations

import pathlib

from cman_tf.errors import DataError

_FILES = ("vocabulary.json", "flags.txt")


def validate_model_directory(directory: str | pathlib.Path, checkpoint: str = "best") -> None:
    """Check that the files of a trained model are there; what they hold is checked where they are read.

    Args:
      directory: a run of `cman-tf train`.
      checkpoint: `best` or `last`, the weights that are wanted.

    Raises:
      DataError: if a file is missing.
    """
    folder = pathlib.Path(directory)
    if not folder.is_dir():
        raise DataError(f"{folder}: no trained model here (no such directory), expected a directory of cman-tf train")
    for name in _FILES:
        if not (folder / name).is_file():
            raise DataError(f"{folder}: no trained model here (no {name}), expected a directory of cman-tf train")
    weights = folder / checkpoint
    if not (weights / "checkpoint").is_file() or not any(weights.glob("*.index")):
        raise DataError(f"{weights}: no checkpoint, expected one of a run that finished an epoch")
