"""Problems in annotated data. Readers report them here, and the caller decides what happens."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from cman_tf.errors import DataError

_SHOWN = 3  # a summary names this many places of each kind


class Problem(NamedTuple):
    """One problem: its kind (such as "duplicate relation"), where it is, and what was found and expected."""

    kind: str
    where: str
    message: str


class Problems:
    """Collects the problems that readers and writers find.

    A reader calls `mend` for what it can repair or leave out, and `note` for what it always repairs. A problem that
    makes the rest of a file unreadable is not collected: the reader raises `DataError` itself.

    Args:
      strict: whether `mend` raises `DataError` at the first problem.

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
        """Report a problem that the caller then repairs or leaves out.

        Args:
          kind: a name in the singular, such as "duplicate relation".
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
        """Count repairs that are made even if the collector is strict."""
        self.counts[kind] += count

    def summarize(self) -> list[str]:
        """Return one line for each kind of problem: the count and the first places."""
        lines: list[str] = []
        for kind in dict.fromkeys(problem.kind for problem in self.found):
            places = [problem for problem in self.found if problem.kind == kind]
            shown = "; ".join(f"{problem.where} ({problem.message})" for problem in places[:_SHOWN])
            more = f"; and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
            lines.append(f"{len(places)} {kind}{'s' if len(places) > 1 else ''}: {shown}{more}")
        return lines
