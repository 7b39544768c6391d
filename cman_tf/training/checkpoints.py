"""Checkpoints: the last epoch, from which training resumes, and the best epoch, which is used.

A run that was killed at any moment and started again ends with the same files as one that was not killed, apart from
times. Therefore everything that training changes is in the checkpoint, and what a kill left half done is done again.
"""

from __future__ import annotations

import contextlib
import pathlib

import tensorflow as tf
from absl import logging

from cman_tf.models.factory import Model
from cman_tf.runs.damaged_checkpoints import find_damage, list_checkpoints, list_resumable, number_of, repair_state
from cman_tf.runs.record import find_unrecorded, record_weights, start_record
from cman_tf.training.epoch_position import EpochPosition
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.restoring import restore_newest, save_checkpoint
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
        for part in ("last", "best"):
            wrong = repair_state(folder / part)
            if wrong:
                logging.warning("%s", wrong)
        self._last = tf.train.CheckpointManager(checkpoint, str(folder / "last"), max_to_keep=_LAST)
        self._best = tf.train.CheckpointManager(checkpoint, str(folder / "best"), max_to_keep=_BEST)
        self._within = WithinEpoch(directory, checkpoint)
        for manager, count in ((self._last, _LAST), (self._best, _BEST)):
            # A process that was killed while it saved or deleted a checkpoint has left parts of it.
            if manager.checkpoints or not list_checkpoints(manager.directory):
                remove_others(manager.directory, manager.checkpoints[-count:])

    def restore_last(self) -> int:
        """Restore the newest state that was saved, if there is one: of the last epoch, or within the epoch after it.

        If a run was killed after saving an epoch as the best and before saving it as the last, the best is restored. If
        a checkpoint is damaged, the one before is.

        Returns:
          The number of the last epoch that is done, or 0 if none is.

        Raises:
          DataError: if there are checkpoints and none can be restored.
        """
        restored = restore_newest(self._directory, self._checkpoint, self._find_lack)
        if restored:
            self._complete(restored)
        self._within.restore(int(self.epoch) + 1)
        return int(self.epoch)

    def _complete(self, restored: pathlib.Path) -> None:
        """Save and record what an earlier process should have saved and recorded with the restored checkpoint."""
        if restored.parent.name == "best":
            if self.average:
                self.average.swap()
            self._save_last(better=True)
        if self._best_is_lost():
            with self.averaged():
                record_weights(self._directory, [save_checkpoint(self._best, int(self.best_epoch))])
        # A run that was killed between saving and recording, or that an older version began, has not recorded them.
        older = [path for path in list_resumable(self._directory) if number_of(path) <= number_of(restored)]
        whole = [str(path) for path in older if not find_damage(self._directory, path)]
        record_weights(self._directory, find_unrecorded(self._directory, whole))

    def _best_is_lost(self) -> bool:
        """Return whether the best epoch before the restored one is not in best/, or not whole."""
        best = pathlib.Path(self._directory, "best", f"ckpt-{int(self.best_epoch)}")
        return bool(find_damage(self._directory, best))

    def _find_lack(self, restored: pathlib.Path) -> str:
        """Return why training cannot go on from a checkpoint: it is of another epoch, or the best is gone."""
        number, epoch = int(self.best_epoch), int(self.epoch)
        if epoch != number_of(restored) or number > epoch:
            return f"{restored}: is of epoch {epoch}, the best being {number}, expected that of its name"
        if not self._best_is_lost() or number_of(restored) == number:  # then the best epoch is saved again
            return ""
        newer = [path for path in list_checkpoints(restored.parent.with_name("best")) if number_of(path) > number]
        if newer:  # its epoch is trained again
            return ""
        return f"{restored}: the best epoch before it, {number}, is damaged or gone in best/"

    def saved(self) -> tuple[int, int]:
        """Return the last epoch that is saved, and the number of batches of the epoch after it that are saved."""
        newest = self._last.latest_checkpoint
        return number_of(newest) if newest else 0, self._within.batches

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
                save_checkpoint(self._best, epoch)
        self._save_last(better)
        return better

    def _save_last(self, better: bool) -> None:
        """Save the epoch as the last one, after it was saved as the best one if it is better, and record the files."""
        save_checkpoint(self._last, int(self.epoch))
        self._within.clear()
        managers = (self._last, self._best) if better else (self._last,)
        record_weights(self._directory, [m.latest_checkpoint for m in managers])

    def averaged(self) -> contextlib.AbstractContextManager:
        """Return a context in which the model has the average of its weights, if there is an average."""
        return self.average.in_use() if self.average else contextlib.nullcontext()
