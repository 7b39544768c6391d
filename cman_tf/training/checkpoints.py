"""Checkpoints: the last epoch, from which training resumes, and the best epoch, which is used.

A run that was killed at any moment and started again ends with the same files as one that was not killed, apart from
times. Therefore everything that training changes is in the checkpoint, and what a kill left half done is done again.
"""

from __future__ import annotations

import contextlib
import pathlib

import tensorflow as tf

from cman_tf.errors import DataError
from cman_tf.models.factory import Model
from cman_tf.runs.record import find_unrecorded, record_weights, start_record
from cman_tf.training.epoch_position import EpochPosition
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.weight_average import WeightAverage
from cman_tf.training.within_epoch import WithinEpoch, remove_others

_LAST, _BEST = 2, 1  # how many checkpoints are kept in last/ and best/


class TrainingState:
    """The weights, the optimizer, the epoch and the best score, saved in last/ and best/ of a run's directory.

    Args:
      directory: the run's directory.
      model: the model with its weights built.
      optimizer: the optimizer of the model's weights.
      average: the moving average of the weights, or None. In the best epoch it is saved in place of the weights.

    Attributes:
      position: how far training is within the epoch after `epoch`.
      average: the moving average.
      epoch: the number of the last epoch that is done, int64.
      best_score: the best score on dev so far, float64.
      best_epoch: the epoch with that score, int64.
    """

    def __init__(
        self,
        directory: str,
        model: Model,
        optimizer: ModelOptimizer,
        average: WeightAverage | None = None,
    ) -> None:
        self.average, self._directory = average, directory
        start_record(directory)
        self.epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.best_score = tf.Variable(-1.0, dtype=tf.float64, trainable=False)
        self.best_epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.position = EpochPosition()
        self._checkpoint = checkpoint = tf.train.Checkpoint(
            model=model,
            **optimizer.parts(),
            epoch=self.epoch,
            best_score=self.best_score,
            best_epoch=self.best_epoch,
            position=self.position,
            **({"average": average} if average else {}),
        )
        folder = pathlib.Path(directory)
        self._last = tf.train.CheckpointManager(checkpoint, str(folder / "last"), max_to_keep=_LAST)
        self._best = tf.train.CheckpointManager(checkpoint, str(folder / "best"), max_to_keep=_BEST)
        self._within = WithinEpoch(directory, checkpoint)

    def restore_last(self) -> int:
        """Restore the newest state that was saved, if there is one: of the last epoch, or within the epoch after it.

        Returns:
          The number of the last epoch that is done, or 0 if none is.

        Raises:
          DataError: if the checkpoint cannot be restored.
        """
        newest = max(
            (m.latest_checkpoint for m in (self._last, self._best) if m.latest_checkpoint), key=_number, default=""
        )
        within = self._within.find(_number(newest) + 1 if newest else 1)
        if within or newest:
            self._restore(within or newest)
        self._remove_leftovers(keep_within=bool(within))
        if newest and newest == self._best.latest_checkpoint and not within:
            # The run was killed before the same epoch was saved as the last one.
            if self.average:
                self.average.swap()
            self._save_last(better=True)
        # A run that was killed between saving and recording, or that an older version began, has not recorded them.
        saved = [m.latest_checkpoint for m in (self._last, self._best) if m.latest_checkpoint]
        record_weights(self._directory, find_unrecorded(self._directory, saved))
        return int(self.epoch)

    def _restore(self, path: str) -> None:
        """Restore a checkpoint, given its path without an ending; raise DataError if that fails."""
        try:
            self._checkpoint.restore(path)
        except (ValueError, tf.errors.OpError) as error:
            reason = str(error).strip().splitlines()[0]
            raise DataError(f"{path}: {reason}, expected a checkpoint of this run") from None

    def _remove_leftovers(self, keep_within: bool) -> None:
        """Delete what a process that was killed while it saved or deleted a checkpoint has left."""
        for manager, count in ((self._last, _LAST), (self._best, _BEST)):
            if manager.latest_checkpoint:
                remove_others(manager.directory, manager.checkpoints[-count:])
        if not keep_within:
            self._within.clear()

    def saved(self) -> tuple[int, int]:
        """Return the last epoch that is saved, and the number of batches of the epoch after it that are saved."""
        newest = self._last.latest_checkpoint
        return _number(newest) if newest else 0, self._within.batches

    def save_within_epoch(self) -> None:
        """Save a state within the epoch after the last one."""
        self._within.save(int(self.epoch) + 1, self.position.batches)

    def finish_epoch(self, epoch: int, score: float | None) -> bool:
        """Save an epoch as the last one and, if it is the best so far, as the best one.

        Args:
          epoch: the epoch, counted from 1.
          score: the score on dev, or None if there is none. Without scores, and as long as nothing was found on dev (a
            score of 0), the newest epoch is the best, so that patience begins with the first score.

        Returns:
          Whether the epoch is the best so far.
        """
        self.epoch.assign(epoch)
        self.position.clear()
        better = score is None or score > float(self.best_score) or float(self.best_score) == 0.0
        if better:
            self.best_score.assign(score or 0.0)
            self.best_epoch.assign(epoch)
            with self.averaged():
                self._best.save(checkpoint_number=epoch)
        self._save_last(better)
        return better

    def _save_last(self, better: bool) -> None:
        """Save the epoch as the last one, after it was saved as the best one if it is better, and record the files."""
        self._last.save(checkpoint_number=int(self.epoch))
        self._within.clear()
        managers = (self._last, self._best) if better else (self._last,)
        record_weights(self._directory, [m.latest_checkpoint for m in managers])

    def averaged(self) -> contextlib.AbstractContextManager:
        """Return a context in which the model has the average of its weights, if there is an average."""
        return self.average.in_use() if self.average else contextlib.nullcontext()


def _number(path: str) -> int:
    """Return the number of a checkpoint: 12 for .../ckpt-12."""
    return int(path.rpartition("-")[2])
