"""Finding a trained model's files without TensorFlow."""

from __future__ import annotations

import pathlib

from absl import logging

from cman_tf.errors import DataError
from cman_tf.runs.damaged_checkpoints import choose_whole
from cman_tf.runs.packed_weights import WEIGHTS

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
    if (folder / "saved_model.pb").is_file():
        raise DataError(f"{folder}: an exported model, {_EXPECTED}; tf.saved_model.load reads exported ones")
    for name in _FILES:
        if not (folder / name).is_file():
            raise DataError(f"{folder}: no trained model here (no {name}), {_EXPECTED}")


def find_checkpoint(directory: str | pathlib.Path, which: str = "best") -> str:
    """Find the newest checkpoint of a run, as a path without an ending, or the weights of a packed model.

    If it is damaged, the one before is taken, and one line says so.

    Args:
      directory: the run's directory.
      which: `best` or `last`.

    Raises:
      DataError: if there is none, or none that is whole.
    """
    packed = pathlib.Path(directory, WEIGHTS)
    if packed.is_file():
        if which != "best":
            raise DataError(f"{directory}: a packed model has no checkpoint {which!r}, expected --checkpoint=best")
        return str(packed)
    chosen, damages = choose_whole(directory, which)
    if chosen is None and not damages:
        raise DataError(
            f"{pathlib.Path(directory, which)}: no checkpoint, expected one of a run that finished an epoch"
        )
    if chosen is None:
        other = "last" if which == "best" else "best"
        is_whole = choose_whole(directory, other)[0] is not None
        advice = f", run the same training command again, or choose --checkpoint={other}" if is_whole else ""
        raise DataError(
            f"{damages[0]}; no older one is left, expected a whole checkpoint; restore the directory{advice}"
        )
    for damage in damages:
        logging.warning("%s; %s is used instead", damage, chosen)
    return str(chosen)
