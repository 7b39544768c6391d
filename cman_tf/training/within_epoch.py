"""Checkpoints within an epoch, from which a killed training resumes before the epoch has ended."""

from __future__ import annotations

import pathlib
import re
import shutil
from collections.abc import Sequence

import tensorflow as tf
from absl import logging

from cman_tf.runs.files import sha256_of
from cman_tf.runs.record import checkpoint_files, read_record, record_weights

FOLDER = "within_epoch"


class WithinEpoch:
    """The newest checkpoint within an epoch, in within_epoch/ of a run's directory.

    It counts once record.json has its hashes. What a kill left before that is not read, and training repeats the
    batches, with the same result.

    Args:
      directory: the run's directory.
      checkpoint: what is saved.

    Attributes:
      batches: the number of batches of the current epoch that the checkpoint has; 0 if there is none.
    """

    def __init__(self, directory: str, checkpoint: tf.train.Checkpoint) -> None:
        self._directory, self._checkpoint = directory, checkpoint
        self._folder = pathlib.Path(directory) / FOLDER
        self.batches = 0

    def save(self, epoch: int, batches: int) -> None:
        """Save a checkpoint, and delete the one before.

        Args:
          epoch: the epoch that is being trained, counted from 1.
          batches: the number of its batches that are done.
        """
        path = self._folder / f"epoch{epoch}-{batches}"
        self._folder.mkdir(exist_ok=True)
        self._checkpoint.write(str(path))  # unlike `save`, it does not count how often it saved
        record_weights(self._directory, [str(path)])
        remove_others(self._folder, [str(path)])
        self.batches = batches

    def find(self, epoch: int) -> str:
        """Return the newest checkpoint within an epoch, as a path without an ending, or "" if there is none.

        Args:
          epoch: the epoch, counted from 1.
        """
        record = read_record(self._directory)
        recorded = record["weights"] if record else {}
        names = {re.fullmatch(rf"{FOLDER}/(epoch{epoch}-([0-9]+))\.index", name) for name in recorded}
        for found in sorted(filter(None, names), key=lambda found: -int(found[2])):
            path = self._folder / found[1]
            files = {f"{FOLDER}/{file.name}": file for file in checkpoint_files(path)}
            wanted = {name for name in recorded if name.startswith(f"{FOLDER}/{found[1]}.")}
            if files.keys() == wanted and all(sha256_of(file) == recorded[name] for name, file in files.items()):
                self.batches = int(found[2])
                return str(path)
            logging.warning("%s: is not what training saved; it is not used", path)
        return ""

    def clear(self) -> None:
        """Delete all checkpoints within an epoch, as the whole epoch is saved."""
        self.batches = 0
        if self._folder.is_dir():
            shutil.rmtree(self._folder)


def remove_others(folder: str | pathlib.Path, kept: Sequence[str]) -> None:
    """Delete checkpoints, also half-written ones, from a folder.

    Args:
      folder: a folder of checkpoints.
      kept: the paths, without an ending, of the checkpoints that stay.
    """
    stay = {path.name for checkpoint in kept for path in checkpoint_files(checkpoint)}
    for path in pathlib.Path(folder).iterdir():
        if path.name not in stay and re.match(r"(ckpt|epoch[0-9]+)-[0-9]+[._]|checkpoint\.tmp", path.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
