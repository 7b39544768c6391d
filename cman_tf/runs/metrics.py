"""The numbers of each epoch of a run, in metrics.jsonl."""

from __future__ import annotations

import json
import math
import pathlib
from typing import Any

from cman_tf.errors import DataError
from cman_tf.runs.files import write_atomically
from cman_tf.runs.json_values import parse_json
from cman_tf.runs.plain_files import read_text
from cman_tf.runs.schema import find_mismatch, nullable, number, object_of, record, whole

_MAX_BYTES = 256 << 20
_EXPECTED = "expected an epoch's record; delete the file to go on without the records of the earlier epochs"
_REQUIRED = record({"epoch": whole(1), "seconds": number(0), "dev_seconds": number(0)}, others=True)
_NUMBERS = object_of(nullable(number()))


class Metrics:
    """A run's metrics.jsonl, with one line for each epoch.

    Args:
      directory: the run's directory.
      last_epoch: the epoch from which training resumes. Lines of later epochs, which a killed run may have left, are
        dropped.

    Raises:
      DataError: if a line of the file is not the record of an epoch, or if the epochs do not follow each other.
    """

    def __init__(self, directory: str, last_epoch: int) -> None:
        self.path = pathlib.Path(directory) / "metrics.jsonl"
        self.lines: list[str] = []
        if not self.path.exists():
            return
        before = 0
        for place, line in enumerate(_split(read_text(self.path, "expected the records of epochs", _MAX_BYTES)), 1):
            epoch = self._read_epoch(place, line)
            if before and epoch != before + 1:
                raise DataError(f"{self.path}, line {place}: epoch {epoch} after epoch {before}, expected {before + 1}")
            before = epoch
            if epoch <= last_epoch:
                self.lines.append(line)

    def _read_epoch(self, place: int, line: str) -> int:
        """Return the number of a line's epoch."""
        try:
            content = parse_json(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self.path}, line {place}: not JSON ({str(error)[:100]}), {_EXPECTED}") from None
        mismatch = find_mismatch(content, _REQUIRED) or find_mismatch(content, _NUMBERS)
        if mismatch:
            raise DataError(f"{self.path}, line {place}: {mismatch}, {_EXPECTED}")
        return content["epoch"]

    def add(self, record: dict[str, Any]) -> None:
        """Append a record and write the whole file. A number that is not finite is written as null."""
        known = {name: value if math.isfinite(value) else None for name, value in record.items()}
        self.lines.append(json.dumps(known, allow_nan=False))
        write_atomically(self.path, "\n".join(self.lines) + "\n")

    def records(self) -> list[dict[str, Any]]:
        """Return the records of all epochs so far, oldest first."""
        return [json.loads(line) for line in self.lines]


def _split(text: str) -> list[str]:
    """Return the lines of a file, which ends with a line end."""
    return text.removesuffix("\n").split("\n") if text else []
