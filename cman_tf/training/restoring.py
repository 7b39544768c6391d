"""Saving a checkpoint so that a full disk does no harm, and restoring the newest one that is whole."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Callable

import tensorflow as tf
from absl import logging

from cman_tf.errors import DataError
from cman_tf.inference.loading import restore_checkpoint
from cman_tf.runs.damaged_checkpoints import choose_resumable, find_damage
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
        for left in (*folder.glob(f"{path.name}[._]*temp*"), *folder.glob("checkpoint.tmp*")):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
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

    def find_fault(path: pathlib.Path) -> str:
        return find_damage(directory, path) or try_restoring(path, checkpoint) or is_enough(path)

    chosen, faults = choose_resumable(directory, find_fault)
    for fault in faults:
        logging.warning("%s; %s is used instead", fault, chosen)
    return chosen


def try_restoring(path: pathlib.Path, checkpoint: tf.train.Checkpoint) -> str:
    """Restore a checkpoint; return why it cannot be."""
    try:
        restore_checkpoint(str(path), lambda: checkpoint.restore(str(path)))
    except DataError as error:
        return str(error).partition(", expected")[0]
    return ""
