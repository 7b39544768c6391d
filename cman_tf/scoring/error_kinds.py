"""Kinds of errors: what is wrong with a false alarm, and why something was missed.

A false alarm is compared with what was missed in its sentence, and a miss with the sentence's false alarms. What was
found correctly explains no error. Each error has one kind, the first in `KINDS` that fits, so that the errors of all
kinds add up to the false positives and the false negatives of the score.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple, Union

from cman_tf.scoring.conventions import Fact

KINDS: dict[str, dict[str, str]] = {
    "entities": {
        "type": "the span is right, the type is wrong",
        "boundary": "the span shares some tokens, not all, with that of the other; its type may be wrong, too",
        "spurious": "a false alarm that shares no token with a missed entity",
        "missed": "a missed entity that shares no token with a false alarm",
    },
    "relations": {
        "direction": "the relation's type is right, head and tail are exchanged",
        "type": "both spans are right, in either direction, and the relation's type is wrong",
        "argument": "the relation's type is right, and one argument or both are wrong; at least one shares a token",
        "spurious": "a false alarm that is none of these for any missed relation",
        "missed": "a missed relation that is none of these for any false alarm",
    },
}
_Span = tuple[int, int]


class Explanation(NamedTuple):
    """Why a fact is an error.

    Attributes:
      kind: a key of `KINDS` for the task.
      counterpart: the fact that stands in its place: the missed one for a false alarm, and the reverse; None for
        spurious and missed ones.
    """

    kind: str
    counterpart: Fact | None


class Explanations(NamedTuple):
    """The errors of one sentence and one task.

    Attributes:
      false: each false alarm with its explanation, in a fixed order.
      missed: each missed fact with its explanation.
    """

    false: dict[Fact, Explanation]
    missed: dict[Fact, Explanation]


def explain_errors(task: str, gold: set[Fact], predicted: set[Fact]) -> Explanations:
    """Find the kind of each error of a sentence.

    Args:
      task: entities or relations.
      gold: the sentence's gold facts, by any convention.
      predicted: its predicted facts, by the same convention.

    >>> explain_errors("entities", {("Loc", 3, 5)}, {("Loc", 4, 5)}).false
    {('Loc', 4, 5): Explanation(kind='boundary', counterpart=('Loc', 3, 5))}
    """
    false, missed = predicted - gold, gold - predicted
    index = _EntityIndex if task == "entities" else _RelationIndex
    return Explanations(_explain(false, index(missed), "spurious"), _explain(missed, index(false), "missed"))


def _explain(errors: set[Fact], others: _Index, alone: str) -> dict[Fact, Explanation]:
    return {fact: others.explain(fact) or Explanation(alone, None) for fact in sorted(errors, key=repr)}


def span_of(fact: Fact) -> _Span:
    """Return the first token of an entity's fact and the one after its last, with or without its type."""
    return fact[-2], fact[-1]


class _Overlaps:
    """Finds a fact that shares a token with a span, in logarithmic time."""

    def __init__(self, placed: Iterable[tuple[_Span, Fact]]) -> None:
        rows = sorted(placed, key=repr)
        rows.sort(key=lambda row: row[0])
        self._starts = [span[0] for span, _ in rows]
        self._farthest: list[tuple[int, Fact]] = []  # of the rows up to each one: the last end, and whose it is
        for (_, end), fact in rows:
            if not self._farthest or end > self._farthest[-1][0]:
                self._farthest.append((end, fact))
            else:
                self._farthest.append(self._farthest[-1])

    def find(self, span: _Span) -> Fact | None:
        before = bisect_left(self._starts, span[1])  # those that begin before the span ends
        if before and self._farthest[before - 1][0] > span[0]:
            return self._farthest[before - 1][1]
        return None


class _EntityIndex:
    """Finds the entity that explains an error."""

    def __init__(self, facts: set[Fact]) -> None:
        self._at: dict[_Span, Fact] = {span_of(fact): fact for fact in sorted(facts, key=repr)}
        self._any = _Overlaps((span_of(fact), fact) for fact in facts)
        self._typed = {kind: _Overlaps(rows) for kind, rows in _by_type(facts, 0).items()}

    def explain(self, fact: Fact) -> Explanation | None:
        span = span_of(fact)
        if span in self._at:
            return Explanation("type", self._at[span])
        same = self._typed[fact[0]].find(span) if fact[0] in self._typed else None
        other = same or self._any.find(span)
        return Explanation("boundary", other) if other else None


class _RelationIndex:
    """Finds the relation that explains an error."""

    def __init__(self, facts: set[Fact]) -> None:
        self._at: dict[tuple[_Span, _Span], dict[str, Fact]] = {}
        for fact in sorted(facts, key=repr):
            self._at.setdefault(_spans(fact), {})[fact[0]] = fact
        self._heads = {kind: _Overlaps(rows) for kind, rows in _by_type(facts, 1).items()}
        self._tails = {kind: _Overlaps(rows) for kind, rows in _by_type(facts, 2).items()}

    def explain(self, fact: Fact) -> Explanation | None:
        kind, (head, tail) = fact[0], _spans(fact)
        same, reverse = self._at.get((head, tail), {}), self._at.get((tail, head), {})
        if kind in reverse and head != tail:
            return Explanation("direction", reverse[kind])
        for name, other in (*same.items(), *reverse.items()):
            if name != kind:
                return Explanation("type", other)
        if kind not in self._heads:
            return None
        found = same.get(kind) or self._heads[kind].find(head) or self._tails[kind].find(tail)
        return Explanation("argument", found) if found else None


_Index = Union[_EntityIndex, _RelationIndex]


def _spans(relation: Fact) -> tuple[_Span, _Span]:
    return span_of(relation[1]), span_of(relation[2])


def _by_type(facts: set[Fact], place: int) -> dict[str, list[tuple[_Span, Fact]]]:
    """Group facts by type, each with its own span (0), or that of its head (1) or tail (2)."""
    groups: dict[str, list[tuple[_Span, Fact]]] = {}
    for fact in facts:
        groups.setdefault(fact[0], []).append((span_of(fact[place] if place else fact), fact))
    return groups
