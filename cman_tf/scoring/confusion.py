"""Confusion matrices: which type was predicted where which type is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

from cman_tf.scoring.conventions import Fact

# (gold type, predicted type) to how often; None stands for nothing there.
Confusions = Mapping[tuple[Optional[str], Optional[str]], int]
_Cell = tuple[Optional[str], Optional[str]]


class Matrix(NamedTuple):
    """A confusion matrix that can be shown.

    Attributes:
      labels: the types, most frequent ones first; the last row and column stand for nothing.
      rows: a row for each gold type and for nothing, with a count for each predicted type and for nothing.
      summed: the number of types that were added up under the last of `labels` because there are too many.
    """

    labels: list[str]
    rows: list[list[int]]
    summed: int


def count_confusions(gold: Sequence[set[Fact]], predicted: Sequence[set[Fact]]) -> Counter[_Cell]:
    """Count pairs of a gold type and a predicted type at the same place.

    The place of an entity is its span, and that of a relation the spans of its two arguments, whatever their types.
    Where several types stand at one place, equal ones are paired first, and the others in the order of their names.
    So the counts of (type, type) are the true positives, and what else has a type as gold is its false negatives, as
    predicted its false positives.

    Args:
      gold: the gold facts of each sentence, by any convention.
      predicted: the predicted facts of the same sentences.

    >>> dict(count_confusions([{("Loc", 0, 1)}], [{("Org", 0, 1), ("Loc", 3, 4)}]))
    {('Loc', 'Org'): 1, (None, 'Loc'): 1}
    """
    counts: Counter[_Cell] = Counter()
    for right, found in zip(gold, predicted):
        places: dict[Fact, tuple[list[str], list[str]]] = {}
        for side, facts in enumerate((right - found, found - right)):
            for fact in facts:
                places.setdefault(_find_place(fact), ([], []))[side].append(fact[0])
        counts.update((fact[0], fact[0]) for fact in right & found)
        for missed, false in places.values():
            # A relation of the right type whose arguments have wrong types is no confusion of types.
            same = Counter(missed) & Counter(false)
            counts.update((kind, None) for kind in same.elements())
            counts.update((None, kind) for kind in same.elements())
            missed, false = (sorted((Counter(kinds) - same).elements()) for kinds in (missed, false))
            both = min(len(missed), len(false))
            counts.update(zip(missed, false))
            counts.update((kind, None) for kind in missed[both:])
            counts.update((None, kind) for kind in false[both:])
    return counts


def _find_place(fact: Fact) -> Fact:
    """Return the span of an entity, (start, end), or the spans of a relation's arguments."""
    first, second = fact[1:]
    if isinstance(first, int):
        return first, second
    return (*first[-2:], *second[-2:])


def make_matrix(confusions: Confusions, most: int = 25) -> Matrix:
    """Put counts into rows and columns.

    Args:
      confusions: from `count_confusions`.
      most: how many types get a row of their own. The others share one.

    >>> make_matrix({("Loc", "Loc"): 5, ("Loc", None): 1}).rows
    [[5, 1], [0, 0]]
    """
    weights: Counter[str] = Counter()
    for cell, number in confusions.items():
        for kind in cell:
            if kind is not None:
                weights[kind] += number
    order = sorted(weights, key=lambda kind: (-weights[kind], kind))
    summed = len(order) - most if len(order) > most else 0
    labels = [*order[:most], f"{summed} other types"] if summed else order
    place = {kind: min(number, most) for number, kind in enumerate(order)}
    rows = [[0] * (len(labels) + 1) for _ in range(len(labels) + 1)]
    for (right, found), number in confusions.items():
        row, column = (len(labels) if kind is None else place[kind] for kind in (right, found))
        rows[row][column] += number
    return Matrix(labels, rows, summed)
