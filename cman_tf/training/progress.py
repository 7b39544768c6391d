"""Reporting the progress of a training to an object that the caller passes in."""

from __future__ import annotations


class Progress:
    """An object to which a training reports. This class shows nothing; the commands have classes that show it."""

    def note(self, text: str) -> None:
        """Report a line about the inputs, before the first epoch."""

    def start_epoch(self, epoch: int, epochs: int, batches: int, done: int = 0) -> None:
        """Report that an epoch begins.

        Args:
          epoch: the epoch's number, from 1.
          epochs: the number of the last epoch, unless training stops early.
          batches: the number of batches in the epoch.
          done: the number of them that an earlier process has done.
        """

    def finish_batch(self, loss: float, best_score: float) -> None:
        """Report that a batch is done.

        Args:
          loss: the loss of the batch.
          best_score: the best dev score so far, in percent, or a negative number before the first score.
        """

    def finish_epoch(self, summary: str) -> None:
        """Report that an epoch is done and evaluated. `summary` is one line about it."""


NO_PROGRESS = Progress()
