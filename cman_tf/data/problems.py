"""Problems in annotated data. Readers and writers report them here, and the caller decides what happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from cman_tf.errors import DataError, one_line, shorten_words

_SHOWN = 3  # a summary names this many places of each kind
_MAX_SHOWN_CHARACTERS = 200  # of a message, and of one place in a summary


class Problem(NamedTuple):
    """One problem: its kind (such as "duplicate relation"), where it is, and what was found and expected."""

    kind: str
    where: str
    message: str


class Problems:
    """Collects the problems that readers and writers find.

    A reader calls `mend` for what it can repair or leave out, and `note` for what it always repairs. A problem that
    makes the rest of a file unreadable is not collected: the reader raises `DataError` itself. The memory that a
    collector takes does not grow with the number of problems: it keeps the first three of each kind.

    Args:
      strict: whether `mend` raises `DataError` at the first problem.
      sink: a function that is called with each problem, for example to write it to a file.

    >>> problems = Problems()
    >>> problems.mend("self relation", "a.json, record 4", "Kill from 'Lee' to itself")
    >>> problems.summarize()
    ["1 self relation: a.json, record 4 (Kill from 'Lee' to itself)"]
    """

    def __init__(self, strict: bool = False, sink: Callable[[Problem], None] | None = None) -> None:
        self.strict = strict
        self.counts: Counter[str] = Counter()
        self._sink = sink
        self._first: dict[str, list[Problem]] = {}

    @property
    def found(self) -> list[Problem]:
        """The first problems of each kind, in the order of the kinds' first appearance."""
        return [problem for problems in self._first.values() for problem in problems]

    def mend(self, kind: str, where: str, message: str) -> None:
        """Report a problem that the caller then repairs or leaves out.

        Args:
          kind: a name in the singular, such as "duplicate relation".
          where: the file and the place in it.
          message: what was found and what was expected.

        Raises:
          DataError: if the collector is strict.
        """
        message = shorten_words(one_line(message))[:_MAX_SHOWN_CHARACTERS]
        if self.strict:
            raise DataError(f"{where}: {message}")
        problem = Problem(kind, shorten_words(one_line(where)), message)
        if self._sink:
            self._sink(problem)
        kept = self._first.setdefault(kind, [])
        if len(kept) < _SHOWN:
            kept.append(problem)
        self.counts[kind] += 1

    def note(self, kind: str, count: int = 1) -> None:
        """Count repairs that are made even if the collector is strict."""
        self.counts[kind] += count

    def summarize(self) -> list[str]:
        """Return one line for each kind of problem: the count and the first places."""
        lines: list[str] = []
        for kind, first in self._first.items():
            count = self.counts[kind]
            shown = "; ".join(f"{p.where} ({p.message})"[:_MAX_SHOWN_CHARACTERS] for p in first)
            more = f"; and {count - len(first)} more" if count > len(first) else ""
            lines.append(f"{count} {pluralize(kind) if count > 1 else kind}: {shown}{more}")
        return lines


def pluralize(kind: str) -> str:
    """Return the plural of a kind of problem: the first noun, or the noun before a preposition.

    >>> [pluralize(kind) for kind in ("self relation", "mention inside a token", "relation on an omitted entity")]
    ['self relations', 'mentions inside a token', 'relations on an omitted entity']
    """
    words = kind.split(" ")
    small = {"inside", "on", "without", "of", "in", "at", "across", "named", "that", "with", "between", "cut", "not"}
    place = next((number for number, word in enumerate(words) if number and word in small), len(words)) - 1
    noun = words[place]
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"
    return " ".join([*words[:place], plural, *words[place + 1 :]])
