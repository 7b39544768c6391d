"""The language in which the tokenizers' rules are written, and its translation into an automaton.

A pattern is a regular expression over the classes of `code_points`:

    x           the ASCII character x, with a backslash before one of <>()|*+?/
    <a b>       one character of the classes or groups a and b
    <^a b>      one character of all other classes
    x* x+ x?    repetition, as usual
    (x|y)       grouping and choice
    x / y       x, but only where y follows; y is not part of the token and has a fixed length

Blanks in a pattern mean nothing. A digit stands for the class of all digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cman_tf.data.tokenizers.code_points import CLASSES, find_classes

_ALL = frozenset(range(len(CLASSES)))
_PARTS = re.compile(r"\\(.)|<((?:\\.|[^>\\])+)>|([()|*+?/])|(\s+)|(.)", re.DOTALL)


class Automaton:
    """A nondeterministic automaton. States are numbers.

    Attributes:
      steps: for each state, the sets of classes that lead on, each with the next state.
      jumps: for each state, the states that are reached without a character.
      ends: for each final state, the number of the rule, and how many characters belong to what must follow.
    """

    def __init__(self) -> None:
        self.steps: list[list[tuple[frozenset[int], int]]] = []
        self.jumps: list[list[int]] = []
        self.ends: dict[int, tuple[int, int]] = {}

    def add_state(self) -> int:
        """Add a state and return it."""
        self.steps.append([])
        self.jumps.append([])
        return len(self.steps) - 1

    def add_rule(self, pattern: str, number: int) -> int:
        """Add a rule.

        Args:
          pattern: the rule's pattern.
          number: the rule's number. Of two rules that match the same text, the one of the smaller number counts.

        Returns:
          The state from which the pattern begins.
        """
        start = self.add_state()
        parser = _Parser(pattern, self)
        final = parser.parse(start)
        self.ends[final] = (number, parser.lookahead)
        return start


class _Parser:
    """Reads one pattern and adds it to an automaton."""

    def __init__(self, pattern: str, automaton: Automaton) -> None:
        self.lookahead, self._pattern, self._automaton = 0, pattern, automaton
        self._parts = list(_split(pattern))
        self._next = 0

    def parse(self, start: int) -> int:
        """Add the whole pattern behind a state and return its last state."""
        state = self._sequence(start)
        if self._peek() == "/":
            self._next += 1
            while self._next < len(self._parts):
                part = self._parts[self._next]
                if isinstance(part, str):
                    raise ValueError(f"{self._pattern}: {part} after /, expected single characters")
                state = self._step(state, part)
                self._next += 1
                self.lookahead += 1
        if self._next < len(self._parts):
            raise ValueError(f"{self._pattern}: {self._parts[self._next]} without its other half")
        return state

    def _peek(self) -> str | frozenset[int] | None:
        return self._parts[self._next] if self._next < len(self._parts) else None

    def _step(self, state: int, classes: frozenset[int]) -> int:
        end = self._automaton.add_state()
        self._automaton.steps[state].append((classes, end))
        return end

    def _jump(self, state: int, target: int) -> None:
        self._automaton.jumps[state].append(target)

    def _choice(self, start: int) -> int:
        end = self._automaton.add_state()
        while True:
            branch = self._automaton.add_state()
            self._jump(start, branch)
            self._jump(self._sequence(branch), end)
            if self._peek() != "|":
                return end
            self._next += 1

    def _sequence(self, state: int) -> int:
        while (part := self._peek()) is not None and part not in ("|", ")", "/"):
            self._next += 1
            before = self._automaton.add_state()
            self._jump(state, before)
            if part == "(":
                after = self._choice(before)
                if self._peek() != ")":
                    raise ValueError(f"{self._pattern}: ( without )")
                self._next += 1
            elif isinstance(part, str):
                raise ValueError(f"{self._pattern}: {part} without what it repeats")
            else:
                after = self._step(before, part)
            state = self._automaton.add_state()
            self._jump(after, state)
            repeat = self._peek()
            if isinstance(repeat, str) and repeat in "*+?":
                self._next += 1
                if repeat in "*?":
                    self._jump(before, state)
                if repeat in "*+":
                    self._jump(after, before)
        return state


def _split(pattern: str) -> Iterator[str | frozenset[int]]:
    """Cut a pattern into operators (text) and sets of classes."""
    for escaped, names, operator, blank, character in _PARTS.findall(pattern):
        if operator:
            yield operator
        elif names:
            yield parse_classes(names)
        elif not blank:
            name = escaped or character
            yield find_classes("digit" if name.isdigit() else name)


def parse_classes(names: str) -> frozenset[int]:
    """Return the classes of a list of names, or all others if it begins with `^`."""
    listed = names.lstrip("^").replace("\\", "").split()
    found = frozenset[int]().union(*(find_classes(name) for name in listed))
    return _ALL - found if names.startswith("^") else found
