"""Finding a trained model's files without TensorFlow."""

from __future__ import annotations

import pathlib
import re

from cman_tf.errors import DataError
from cman_tf.runs.packed_weights import WEIGHTS
from cman_tf.runs.plain_files import read_bytes

_FILES = ("vocabulary.json", "flags.txt")
_EXPECTED = "expected a directory of cman-tf train"


def validate_model_directory(directory: str | pathlib.Path) -> None:
    """Check that a trained model's files are there; what they hold is checked where they are read.

    Raises:
      DataError: if the directory or a file is missing.
    """
    folder = pathlib.Path(directory)
    if not folder.is_dir():
        raise DataError(f"{folder}: no trained model here (no such directory), {_EXPECTED}, or conll04")
    for name in _FILES:
        if not (folder / name).is_file():
            raise DataError(f"{folder}: no trained model here (no {name}), {_EXPECTED}")


def find_checkpoint(directory: str | pathlib.Path, which: str = "best") -> str:
    """Find the newest checkpoint of a run, as a path without an ending, or the weights of a packed model.

    Args:
      directory: the run's directory.
      which: `best` or `last`.

    Raises:
      DataError: if there is none.
    """
    packed = pathlib.Path(directory, WEIGHTS)
    if packed.is_file():
        if which != "best":
            raise DataError(f"{directory}: a packed model has no checkpoint {which!r}, expected --checkpoint=best")
        return str(packed)
    folder = pathlib.Path(directory) / which
    # The file that TensorFlow's CheckpointManager keeps, in the text format of a protocol buffer.
    state = folder / "checkpoint"
    expected = "expected the list of checkpoints"
    text = read_bytes(state, expected, 1 << 20).decode("utf-8", "replace") if state.exists() else ""
    newest = re.search(r'^model_checkpoint_path: "(?:.*/)?([^"/]+)"$', text, re.M)
    if newest is None or not (folder / f"{newest[1]}.index").is_file():
        raise DataError(f"{folder}: no checkpoint, expected one of a run that finished an epoch")
    return str(folder / newest[1])
