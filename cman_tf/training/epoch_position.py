"""How far a training has come within an epoch. Every checkpoint holds it, so that a resumed epoch loses nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import tensorflow as tf


class EpochPosition(tf.train.experimental.PythonState):
    """The batches of the current epoch that are done, and the sums of what they returned.

    Between two epochs there is nothing in it.

    Attributes:
      batches: the number of batches that are done.
      sums: the sums over these batches of the numbers that a step returns, each divided by the epoch's batches.
      seconds: the time that the batches took, in the processes that were interrupted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clear()

    def clear(self) -> None:
        """Begin a new epoch."""
        self.batches, self.seconds = 0, 0.0
        self.sums: dict[str, float] = {}

    def add(self, logs: Mapping[str, float], total: int) -> None:
        """Count a batch.

        Args:
          logs: the numbers that the step returned, by name.
          total: the number of batches in the epoch.
        """
        self.batches += 1
        for name, value in logs.items():
            self.sums[name] = self.sums.get(name, 0.0) + value / total

    def serialize(self) -> str:
        """Return the position as text, from which `deserialize` makes the same numbers to the last bit."""
        return json.dumps({"batches": self.batches, "sums": self.sums, "seconds": self.seconds})

    def deserialize(self, string_value: str) -> None:
        """Take the position from the text of a checkpoint.

        Raises:
          ValueError: if the text is of something else.
        """
        found = json.loads(string_value)
        try:
            batches, seconds = int(found["batches"]), float(found["seconds"])
            sums = {str(name): float(value) for name, value in found["sums"].items()}
        except (KeyError, TypeError, AttributeError, OverflowError):
            raise ValueError("no position within an epoch") from None
        if batches < 0 or not 0 <= seconds < math.inf:
            raise ValueError("no position within an epoch")
        self.batches, self.seconds, self.sums = batches, seconds, sums
