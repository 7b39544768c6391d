"""The numbers of each epoch of a run, in metrics.jsonl."""

from __future__ import annotations

import json
import math
import pathlib
from typing import Any

from cman_tf.errors import DataError
from cman_tf.runs.files import write_atomically
from cman_tf.runs.json_values import parse_json


class Metrics:
    """A run's metrics.jsonl, with one line for each epoch.

    Args:
      directory: the run's directory.
      last_epoch: the epoch from which training resumes. Lines of later epochs, which a killed run may have left, are
        dropped.

    Raises:
      DataError: if a line of the file is not the record of an epoch.
    """

    def __init__(self, directory: str, last_epoch: int) -> None:
        self.path = pathlib.Path(directory) / "metrics.jsonl"
        self.lines: list[str] = []
        if self.path.exists():
            for number, line in enumerate(
                self.path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1
            ):
                try:
                    record = parse_json(line)
                    epoch = min(record["epoch"], math.inf)  # TypeError unless it is a number
                    _ = record["seconds"] + record["dev_seconds"] + 0.0
                except (ValueError, KeyError, TypeError, RecursionError):
                    raise DataError(f"{self.path}, line {number}: {line[:30]!r}, expected an epoch's record") from None
                if epoch <= last_epoch:
                    self.lines.append(line)

    def add(self, record: dict[str, Any]) -> None:
        """Append a record and write the whole file."""
        self.lines.append(json.dumps(record))
        write_atomically(self.path, "\n".join(self.lines) + "\n")

    def records(self) -> list[dict[str, Any]]:
        """Return the records of all epochs so far, oldest first."""
        return [json.loads(line) for line in self.lines]
