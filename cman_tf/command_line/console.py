"""What the commands write to the terminal beside their results: the progress of a training."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO, TypeVar

from cman_tf.training.progress import Progress

_Item = TypeVar("_Item")
_EVERY = 30.0  # seconds between two lines about an epoch, where there is no terminal
_LONG = 60.0  # seconds; shorter epochs have no such lines


def discard_output() -> None:
    """Let what is still to be written to standard output go nowhere, as its reader is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def show_progress() -> Iterator[Progress]:
    """Show a training's progress on stderr: as bars in a terminal, else as lines."""
    if not sys.stderr.isatty():
        yield ProgressLines(sys.stderr)
        return
    bars = ProgressBars(sys.stderr)
    try:
        yield bars
    finally:
        bars.close()


class ProgressLines(Progress):
    """A line for each epoch, and one every 30 seconds in epochs of over a minute.

    Args:
      stream: that the lines are written to; notes go to standard output.
      clock: the time in seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._title, self._batches, self._done, self._left = "", 0, 0, 0
        self._before = 0  # batches of the epoch that an earlier process has done
        self._start = self._first = self._shown = 0.0

    def note(self, text: str) -> None:
        print(text, flush=True)

    def start_epoch(self, epoch: int, epochs: int, batches: int, done: int = 0) -> None:
        self._title, self._batches, self._done = f"epoch {epoch}/{epochs}", batches, done
        self._before = done
        self._left = epochs - epoch
        self._start = self._shown = self._clock()

    def finish_batch(self, loss: float, best_score: float) -> None:
        self._done += 1
        now = self._clock()
        here = self._done - self._before
        if here == 1:
            self._first = now  # in a run's first epoch this batch took much longer: it was compiled for
        elif now - self._shown >= _EVERY and self._done < self._batches:
            left = (now - self._first) / (here - 1) * (self._batches - self._done)
            if now - self._start + left > _LONG:
                self._shown = now
                place = f"{self._title}: batch {self._done} of {self._batches}"
                line = f"{place}, loss {loss:.3f}, about {format_seconds(left)} left"
                print(line, file=self._stream, flush=True)

    def finish_epoch(self, summary: str) -> None:
        # The first batch is the slowest, as it is compiled for; the time of the others tells how long an epoch takes.
        batches = self._done - self._before - 1
        seconds = (self._clock() - self._first) * self._done / batches if batches > 0 else 0.0
        left = seconds * self._left
        print(
            f"{summary}, at most {format_seconds(left)} left" if left > _LONG else summary,
            file=self._stream,
            flush=True,
        )


class ProgressBars(Progress):
    """Two bars, the run's above the epoch's, both with the time left, and a line for each epoch above them.

    Args:
      stream: the terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        from tqdm import tqdm  # not installed with the few packages that score needs

        self._tqdm, self._stream = tqdm, stream
        self._run: Any = None
        self._epoch: Any = None

    def note(self, text: str) -> None:
        print(text, flush=True)

    def start_epoch(self, epoch: int, epochs: int, batches: int, done: int = 0) -> None:
        if self._run is None or (self._run.n, self._run.total) != (epoch - 1, epochs):  # the first of a run or stage
            self.close()
            layout = "{desc}: {n_fmt} of {total_fmt} epochs |{bar}| {elapsed}, at most {remaining} left"
            self._run = self._tqdm(
                total=epochs, initial=epoch - 1, desc="run", bar_format=layout, position=0, file=self._stream
            )
        self._epoch = self._tqdm(
            total=batches, initial=done, desc=f"epoch {epoch}", unit="batch", position=1, leave=False, file=self._stream
        )

    def finish_batch(self, loss: float, best_score: float) -> None:
        best = {"best_dev": f"{best_score:.2f}"} if best_score >= 0 else {}
        self._epoch.set_postfix(loss=f"{loss:.2f}", **best, refresh=False)
        self._epoch.update()

    def finish_epoch(self, summary: str) -> None:
        self._epoch.close()
        self._run.write(summary, file=self._stream)
        self._run.update()

    def close(self) -> None:
        """Leave the terminal as after a line that is done."""
        for bar in (self._epoch, self._run):
            if bar is not None:
                bar.close()


@contextlib.contextmanager
def count_progress(
    unit: str, total: int | None = None, stream: TextIO | None = None, done: int = 0
) -> Iterator[Callable[[int], Any]]:
    """Show how many items are done, if the stream is a terminal.

    Args:
      unit: what the items are.
      total: how many there are; None if that is not known.
      stream: where to show it; None is standard error.
      done: how many were done before.

    Yields:
      A function that is called with the number of items that were done since the last call.
    """
    shown: TextIO = stream or sys.stderr
    if not shown.isatty():
        yield lambda number: None
        return
    from tqdm import tqdm

    with tqdm(total=total, unit=f" {unit}", file=shown, leave=False, mininterval=0.5, initial=done) as bar:
        yield bar.update


def each_counted(items: Iterable[_Item], advance: Callable[[int], Any]) -> Iterator[_Item]:
    """Yield items, and count each of them.

    Args:
      items: the items.
      advance: the function that `count_progress` yields.
    """
    for item in items:
        advance(1)
        yield item


def format_seconds(seconds: float) -> str:
    """A duration as one would say it.

    >>> [format_seconds(x) for x in (44.6, 150, 4000)]
    ['45 s', '3 min', '1 h 7 min']
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = int(seconds / 60 + 0.5)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
