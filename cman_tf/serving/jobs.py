"""The texts of one request while they wait for the model."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from cman_tf.errors import DataError
from cman_tf.inference.records import Record


class Job:
    """The texts of one request.

    Args:
      records: the texts.
      options: options of `Extractor.extract`. Texts with the same options are answered together.
      until: the time of `time.monotonic` at which the sender is told that it took too long; the model does not begin
        after it.

    Attributes:
      future: holds the lines of JSON, in the order of the texts, when all are there; or the exception of a text.
      is_abandoned: whether nobody waits for the answer any more.
    """

    def __init__(self, records: Sequence[Record], options: dict[str, Any], until: float = math.inf) -> None:
        self.records, self.options, self._until = records, options, until
        self.future: Future[list[str]] = Future()
        self.future.set_running_or_notify_cancel()
        self.is_abandoned = False
        self.taken = 0
        self._lines: dict[int, str] = {}
        if not records:
            self.future.set_result([])

    @property
    def is_dropped(self) -> bool:
        """Whether no more of its texts need an answer."""
        return self.is_abandoned or time.monotonic() > self._until

    @property
    def waiting(self) -> tuple[int, int]:
        """The texts that the model has not begun, and their characters."""
        left = self.records[self.taken :]
        return len(left), sum(record.size for record in left)

    def finish(self, place: int, outcome: str | Exception) -> None:
        """Take the answer of the text at a place, or what went wrong with it."""
        if self.future.done():
            return
        if isinstance(outcome, Exception):
            self.is_abandoned = True  # the other texts need no answer
            self.future.set_exception(_name_text(outcome, place))
            return
        self._lines[place] = outcome
        if len(self._lines) == len(self.records):
            self.future.set_result([self._lines[place] for place in range(len(self.records))])


def _name_text(error: Exception, place: int) -> Exception:
    """Name the text of a request in an error of the extractor, which saw it as its first one."""
    if not isinstance(error, DataError):
        return error
    message = str(error)
    for start in ("text 0: ", "text 0, ", "text: "):
        message = message.removeprefix(start)
    return DataError(f"texts, item {place}: {message}")
