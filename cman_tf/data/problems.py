"""What is wrong with annotated data: readers report it here, and the caller decides what happens."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from cman_tf.errors import DataError

_SHOWN = 3  # places that a summary names for each kind


class Problem(NamedTuple):
    """One finding: its kind ("duplicate relation"), where it is, and what was found and expected."""

    kind: str
    where: str
    message: str


class Problems:
    """Collects what readers and writers find.

    A reader calls `mend` for what it can repair or leave out, and `note` for what it always repairs. What makes
    the rest of a file unreadable is no problem to collect: the reader raises `DataError` itself.

    Args:
      strict: raise `DataError` at the first problem that is reported to `mend`.

    >>> problems = Problems()
    >>> problems.mend("self relation", "a.json, record 4", "Kill from 'Lee' to itself")
    >>> problems.summarize()
    ["1 self relation: a.json, record 4 (Kill from 'Lee' to itself)"]
    """

    def __init__(self, strict: bool = False) -> None:
        self.strict = strict
        self.found: list[Problem] = []
        self.counts: Counter[str] = Counter()

    def mend(self, kind: str, where: str, message: str) -> None:
        """Report something that the caller repairs or leaves out.

        Args:
          kind: in the singular, such as "duplicate relation".
          where: the file and the place in it.
          message: what was found and what was expected.

        Raises:
          DataError: if the collector is strict.
        """
        if self.strict:
            raise DataError(f"{where}: {message}")
        self.found.append(Problem(kind, where, message))
        self.counts[kind] += 1

    def note(self, kind: str, count: int = 1) -> None:
        """Count something that is repaired even where the collector is strict."""
        self.counts[kind] += count

    def summarize(self) -> list[str]:
        """Give one line for each kind of problem: the count and the first places."""
        lines = []
        for kind in dict.fromkeys(problem.kind for problem in self.found):
            places = [problem for problem in self.found if problem.kind == kind]
            shown = "; ".join(f"{problem.where} ({problem.message})" for problem in places[:_SHOWN])
            more = f"; and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
            lines.append(f"{len(places)} {kind}{'s' if len(places) > 1 else ''}: {shown}{more}")
        return lines
