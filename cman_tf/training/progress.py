"""How a training says where it is: it tells an object that its caller hands in."""

from __future__ import annotations


class Progress:
    """Who is told how a training goes. This one shows nothing; the commands' show it in the terminal."""

    def note(self, text: str) -> None:
        """Take note of a line about the inputs, before the first epoch."""

    def start_epoch(self, epoch: int, epochs: int, batches: int) -> None:
        """Take note that an epoch begins.

        Args:
          epoch: its number, from 1.
          epochs: the number of the last one, unless training stops early.
          batches: of the epoch.
        """

    def finish_batch(self, loss: float, best_score: float) -> None:
        """Take note that a batch is done.

        Args:
          loss: of the batch.
          best_score: the best dev score so far, in percent, or a negative number before the first.
        """

    def finish_epoch(self, summary: str) -> None:
        """Take note that an epoch is done and evaluated; `summary` is one line about it."""


NO_PROGRESS = Progress()
