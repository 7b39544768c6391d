"""Saving a checkpoint so that a full disk does no harm, and restoring the newest one that is whole."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import tensorflow as tf
from absl import logging

from cman_tf.errors import DataError
from cman_tf.runs.damaged_checkpoints import find_damage, list_checkpoints, number_of
from cman_tf.runs.durable import name_errors, sync_file
from cman_tf.runs.record import checkpoint_files


def save_checkpoint(manager: tf.train.CheckpointManager, number: int) -> str:
    """Save a checkpoint, and wait until it is on the disk.

    Args:
      manager: the manager of last/ or best/.
      number: the checkpoint's number.

    Returns:
      Its path without an ending.

    Raises:
      OSError: naming that path, if the disk is full. The checkpoints from before are as they were.
    """
    folder = pathlib.Path(manager.directory)
    path = folder / f"ckpt-{number}"
    try:
        with name_errors(path):
            manager.save(checkpoint_number=number)
            for file in checkpoint_files(path):
                sync_file(file)
            sync_file(folder)
    except BaseException:
        for left in folder.glob(f"{path.name}[._]*temp*"):
            if left.is_file():
                left.unlink()
        if not path.with_suffix(".index").exists():
            for left in checkpoint_files(path):
                left.unlink()
        raise
    return str(path)


def restore_newest(
    directory: str, checkpoint: tf.train.Checkpoint, is_enough: Callable[[pathlib.Path], str]
) -> pathlib.Path | None:
    """Restore the newest checkpoint of a run that is whole. One line is logged for each one that is not.

    Args:
      directory: the run's directory.
      checkpoint: what is restored.
      is_enough: a function that is called after restoring. It returns why the run cannot go on from there; empty if it
        can.

    Returns:
      The checkpoint's path without an ending; None if the run has none.

    Raises:
      DataError: if the run has checkpoints, and none of them can be used.
    """
    found = [path for part in ("last", "best") for path in list_checkpoints(pathlib.Path(directory, part))]
    found.sort(key=number_of, reverse=True)  # last/ comes first of those with the same number
    reasons = []
    for path in found:
        reason = find_damage(directory, path) or try_restoring(path, checkpoint) or is_enough(path)
        if not reason:
            for reason in reasons:
                logging.warning("%s; %s is used instead", reason, path)
            return path
        reasons.append(reason)
    if not reasons:
        return None
    more = f" (nor can {len(reasons) - 1} others be used)" if len(reasons) > 1 else ""
    raise DataError(
        f"{reasons[0]}{more}, expected a checkpoint of this run; restore the directory, or choose another --model_dir"
    )


def try_restoring(path: pathlib.Path, checkpoint: tf.train.Checkpoint) -> str:
    """Restore a checkpoint; return why it cannot be."""
    try:
        checkpoint.restore(str(path))
    except (ValueError, IndexError, RuntimeError, tf.errors.OpError) as error:  # TensorFlow's for damaged files
        return f"{path}: {str(error).strip().splitlines()[0]}"
    return ""
