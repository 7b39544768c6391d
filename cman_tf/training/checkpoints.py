"""Checkpoints: the last epoch to go on from, the best epoch to use."""

from __future__ import annotations

import contextlib
import pathlib

import tensorflow as tf

from cman_tf.data.tokenizer import TOKENIZERS
from cman_tf.errors import DataError
from cman_tf.models.factory import Model
from cman_tf.runs.record import record_weights, start_record
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.weight_average import WeightAverage


class TrainingState:
    """Weights, optimizer, epoch and best score, under last/ and best/ of a run.

    Args:
      directory: the run's.
      model: with its weights made.
      optimizer: its optimizer.
      average: its weights' average, or None. As the best epoch it is saved in the weights' place.
    """

    def __init__(
        self,
        directory: str,
        model: Model,
        optimizer: ModelOptimizer,
        average: WeightAverage | None = None,
    ) -> None:
        self.average, self._directory = average, directory
        start_record(directory, TOKENIZERS[-1])
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
        """Go on from the last epoch saved, if any; returns its number, else 0.

        That is the best one's where a run was killed between saving it as best and as last.

        Raises:
          DataError: if it cannot be read.
        """
        newest = max(
            (m.latest_checkpoint for m in (self._last, self._best) if m.latest_checkpoint), key=_number, default=""
        )
        if newest:
            try:
                self._checkpoint.restore(newest)
            except (ValueError, tf.errors.OpError) as error:
                reason = str(error).strip().splitlines()[0]
                raise DataError(f"{newest}: {reason}, expected a checkpoint of this run") from None
            if self.average and newest == self._best.latest_checkpoint:
                self.average.swap()
        return int(self.epoch)

    def finish_epoch(self, epoch: int, score: float | None) -> bool:
        """Save the epoch, and keep it as the best if its dev score is, or if it has none;
        returns whether it is."""
        self.epoch.assign(epoch)
        better = score is None or score > float(self.best_score)
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
        """The model with its weights' average, where there is one."""
        return self.average.in_use() if self.average else contextlib.nullcontext()


def _number(path: str) -> int:
    """12 for .../ckpt-12."""
    return int(path.rpartition("-")[2])
