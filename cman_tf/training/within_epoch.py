"""Checkpoints within an epoch, from which a killed training resumes before the epoch has ended."""

from __future__ import annotations

import pathlib
import re
import shutil
from collections.abc import Sequence

import tensorflow as tf
from absl import logging

from cman_tf.errors import DataError
from cman_tf.runs.durable import name_errors, sync_file
from cman_tf.runs.files import sha256_of
from cman_tf.runs.record import checkpoint_files, read_record, record_weights
from cman_tf.training.restoring import try_restoring

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
        self._kept: list[str] = []
        self.batches = 0

    def save(self, epoch: int, batches: int) -> None:
        """Save a checkpoint, and delete the one before.

        Args:
          epoch: the epoch that is being trained, counted from 1.
          batches: the number of its batches that are done.

        Raises:
          OSError: naming the checkpoint, if the disk is full. The one before is as it was.
        """
        path = self._folder / f"epoch{epoch}-{batches}"
        self._folder.mkdir(exist_ok=True)
        try:
            with name_errors(path):
                self._checkpoint.write(str(path))  # unlike `save`, it does not count how often it saved
                for file in (*checkpoint_files(path), self._folder):
                    sync_file(file)
            record_weights(self._directory, [str(path)])
        except BaseException:
            remove_others(self._folder, self._kept)
            raise
        self._kept, self.batches = [str(path)], batches
        remove_others(self._folder, self._kept)

    def restore(self, epoch: int) -> None:
        """Restore the newest checkpoint within an epoch. All are deleted if none is of this epoch.

        Args:
          epoch: the epoch, counted from 1.

        Raises:
          DataError: if TensorFlow cannot read what record.json describes.
        """
        found = self._find(epoch)
        if found is None:
            self.clear()
            return
        reason = try_restoring(found, self._checkpoint)
        if reason:
            raise DataError(f"{reason}, expected a checkpoint of this run; delete {self._folder} to go on without it")
        self._kept, self.batches = [str(found)], int(found.name.rpartition("-")[2])

    def _find(self, epoch: int) -> pathlib.Path | None:
        """Find the newest checkpoint within an epoch whose files are those that the record describes."""
        record = read_record(self._directory)
        recorded = record["weights"] if record else {}
        names = {re.fullmatch(rf"{FOLDER}/(epoch{epoch}-([0-9]{{1,18}}))\.index", name) for name in recorded}
        for match in sorted(filter(None, names), key=lambda match: -int(match[2])):
            path = self._folder / match[1]
            files = {f"{FOLDER}/{file.name}": file for file in checkpoint_files(path)}
            if not files:
                continue  # it was deleted when the next one was saved
            wanted = {name for name in recorded if name.startswith(f"{FOLDER}/{match[1]}.")}
            if files.keys() == wanted and all(sha256_of(file) == recorded[name] for name, file in files.items()):
                return path
            logging.warning("%s: was changed since training wrote it; it is not used", path)
        return None

    def clear(self) -> None:
        """Delete all checkpoints within an epoch, as the whole epoch is saved."""
        self._kept, self.batches = [], 0
        if self._folder.is_dir():
            shutil.rmtree(self._folder)


def remove_others(folder: str | pathlib.Path, kept: Sequence[str]) -> None:
    """Delete checkpoints, also half-written ones, from a folder.

    Args:
      folder: a folder of checkpoints; it need not exist.
      kept: the paths, without an ending, of the checkpoints that stay.
    """
    stay = {path.name for checkpoint in kept for path in checkpoint_files(checkpoint)}
    for path in pathlib.Path(folder).glob("*"):
        if path.name not in stay and re.match(r"(ckpt|epoch[0-9]+)-[0-9]+[._]|checkpoint\.tmp", path.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
