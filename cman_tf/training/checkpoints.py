"""Checkpoints: the last epoch, from which training resumes, and the best epoch, which is used."""

from __future__ import annotations

import contextlib
import pathlib

import tensorflow as tf

from cman_tf.errors import DataError
from cman_tf.inference.loading import restore_checkpoint
from cman_tf.models.factory import Model
from cman_tf.runs.record import find_unrecorded, record_weights, start_record
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.weight_average import WeightAverage


class TrainingState:
    """The weights, the optimizer, the epoch and the best score, saved in last/ and best/ of a run's directory.

    Args:
      directory: the run's directory.
      model: the model with its weights built.
      optimizer: the optimizer of the model's weights.
      average: the moving average of the weights, or None. In the best epoch it is saved in place of the weights.
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
        self._checkpoint = checkpoint = tf.train.Checkpoint(
            model=model,
            **optimizer.parts(),
            epoch=self.epoch,
            best_score=self.best_score,
            best_epoch=self.best_epoch,
            **({"average": average} if average else {}),
        )
        folder = pathlib.Path(directory)
        self._last = tf.train.CheckpointManager(checkpoint, str(folder / "last"), max_to_keep=2)
        self._best = tf.train.CheckpointManager(checkpoint, str(folder / "best"), max_to_keep=1)

    def restore_last(self) -> int:
        """Restore the last epoch that was saved, if there is one.

        If a run was killed after saving an epoch as the best and before saving it as the last, the best is restored.

        Returns:
          The epoch's number, or 0 if no epoch was saved.

        Raises:
          DataError: if the checkpoint cannot be restored.
        """
        newest = max(
            (m.latest_checkpoint for m in (self._last, self._best) if m.latest_checkpoint), key=_number, default=""
        )
        if newest:
            restore_checkpoint(newest, lambda: self._checkpoint.restore(newest))
            if int(self.epoch) != _number(newest) or int(self.best_epoch) > int(self.epoch):
                raise DataError(
                    f"{newest}: is of epoch {int(self.epoch)}, the best being {int(self.best_epoch)}, expected epoch "
                    f"{_number(newest)} as its name says"
                )
            if self.average and newest == self._best.latest_checkpoint:
                self.average.swap()
            # A run that was killed between saving and recording, or that an older version began, has not recorded them.
            saved = [m.latest_checkpoint for m in (self._last, self._best) if m.latest_checkpoint]
            record_weights(self._directory, find_unrecorded(self._directory, saved))
        return int(self.epoch)

    def saved_epoch(self) -> int:
        """Return the number of the last epoch that was saved; 0 if none was."""
        newest = self._last.latest_checkpoint
        return _number(newest) if newest else 0

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
        better = score is None or score > float(self.best_score) or float(self.best_score) == 0.0
        if better:
            self.best_score.assign(score or 0.0)
            self.best_epoch.assign(epoch)
            with self.averaged():
                self._best.save(checkpoint_number=epoch)
        self._last.save(checkpoint_number=epoch)
        managers = (self._last, self._best) if better else (self._last,)
        record_weights(self._directory, [m.latest_checkpoint for m in managers])
        return better

    def averaged(self) -> contextlib.AbstractContextManager:
        """Return a context in which the model has the average of its weights, if there is an average."""
        return self.average.in_use() if self.average else contextlib.nullcontext()


def _number(path: str) -> int:
    """Return the number of a checkpoint: 12 for .../ckpt-12."""
    return int(path.rpartition("-")[2])
