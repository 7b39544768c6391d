"""`--profile_batches=FIRST,LAST`: a profile of some batches for TensorBoard."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator

import tensorflow as tf

from cman_tf.training.profiled_batches import ProfiledBatches


class BatchProfiler:
    """Profiles some batches of a training.

    Args:
      batches: the first and the last batch, counted from 1 in this process; None profiles nothing.
      folder: the folder of TensorBoard's files.
    """

    def __init__(self, batches: ProfiledBatches | None, folder: str | pathlib.Path) -> None:
        self._batches, self._folder = batches, str(folder)
        self._done, self._is_running = 0, False

    @contextlib.contextmanager
    def batch(self) -> Iterator[None]:
        """Return a context for the next batch."""
        self._done += 1
        if self._batches is None:
            yield
            return
        if self._done == self._batches.first:
            tf.profiler.experimental.start(self._folder)
            self._is_running = True
        with tf.profiler.experimental.Trace("train", step_num=self._done, _r=1):
            yield
        if self._done == self._batches.last:
            self.stop()

    def stop(self) -> None:
        """Write the profile if one is being made, also when training ends before the last batch."""
        if self._is_running:
            self._is_running = False
            tf.profiler.experimental.stop()
