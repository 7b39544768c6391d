"""Long texts in overlapping windows, and one result from the results of the windows."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import NamedTuple

from cman_tf.errors import DataError

Window = tuple[int, int]  # its first token in the text, and the token after its last


class FoundEntity(NamedTuple):
    """An entity that was found: its type, its first token, the token after its last, and its score."""

    type: str
    start: int
    end: int
    score: float


class FoundRelation(NamedTuple):
    """A relation that was found: its type, the positions of its arguments among the entities, and its score."""

    type: str
    head: int
    tail: int
    score: float


class Found(NamedTuple):
    """What was found in a window or in a whole text. Tokens are counted from its beginning."""

    entities: Sequence[FoundEntity]
    relations: Sequence[FoundRelation] = ()


def overlapping_windows(length: int, limit: int, overlap: int) -> list[Window]:
    """Cut a text into windows that overlap.

    Args:
      length: the number of tokens of the text.
      limit: the most tokens in a window.
      overlap: the least number of tokens that a window shares with the next one.

    Returns:
      The windows, in the order of the text. The last one is as long as the others.

    Raises:
      DataError: if the windows would not advance.

    >>> overlapping_windows(10, 5, 2)
    [(0, 5), (3, 8), (5, 10)]
    """
    if not 0 <= overlap < limit:
        raise DataError(f"windows of {limit} tokens with an overlap of {overlap}, expected 0 <= overlap < limit")
    if length <= 0:
        return []
    starts = [*range(0, max(length - limit, 0), limit - overlap), max(length - limit, 0)]
    return [(start, min(start + limit, length)) for start in starts]


def merge_windows(windows: Sequence[Window], found: Sequence[Found]) -> Found:
    """Merge what was found in the windows of a text.

    An entity that several windows found is one entity with their highest score. Where windows found different entities
    that overlap, the one counts that lies farther from the edges of its window. An entity at the very edge of its
    window may be cut. It only counts if no other window that covers it and the tokens around it has missed it.

    Args:
      windows: the windows, as `overlapping_windows` gives them.
      found: what was found in each window.

    Returns:
      What was found in the text. Entities are in the order of the text.

    >>> parts = [Found([FoundEntity("Loc", 3, 4, 0.9)]), Found([FoundEntity("Loc", 1, 3, 0.8)])]
    >>> merge_windows([(0, 4), (2, 6)], parts).entities
    [FoundEntity(type='Loc', start=3, end=5, score=0.8)]
    """
    merged = _Merged(windows)
    for window, part in zip(windows, found):
        for entity in part.entities:
            merged.add(window, entity)
    return merged.resolve(found)


_Key = tuple[str, int, int]


class _Merged:
    """The entities of all windows, by type and place in the text."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self._windows = windows
        self._starts = [start for start, _ in windows]
        self._length = windows[-1][1] if windows else 0
        self._scores: dict[_Key, float] = {}
        self._margins: dict[_Key, int] = {}
        self._finders: dict[_Key, set[Window]] = {}

    def add(self, window: Window, entity: FoundEntity) -> None:
        """Add an entity of a window."""
        key = _shift(window, entity)
        self._scores[key] = max(entity.score, self._scores.get(key, entity.score))
        self._margins[key] = max(self._margin(window, key), self._margins.get(key, 0))
        self._finders.setdefault(key, set()).add(window)

    def _margin(self, window: Window, key: _Key) -> int:
        """Return the distance of an entity from the nearer edge of a window. The ends of the text are no edges."""
        before = key[1] - window[0] if window[0] else self._length
        after = window[1] - key[2] if window[1] < self._length else self._length
        return min(before, after)

    def resolve(self, found: Sequence[Found]) -> Found:
        """Return the entities that count, and the relations between them."""
        winners: dict[_Key, _Key] = {}
        taken: dict[int, list[_Key]] = {}  # the accepted entities of each token
        for key in sorted(self._scores, key=lambda k: (-self._margins[k], -self._scores[k], k)):
            rival = self._find_rival(key, taken)
            if rival is not None:
                if rival[0] == key[0]:
                    winners[key] = rival
            elif self._margins[key] or not self._was_missed(key):
                winners[key] = key
                for token in range(key[1], key[2]):
                    taken.setdefault(token, []).append(key)
        kept = sorted((key for key in winners if winners[key] == key), key=lambda k: (k[1], k[2], k[0]))
        place = {key: number for number, key in enumerate(kept)}
        relations: dict[tuple[str, int, int], float] = {}
        for window, part in zip(self._windows, found):
            for relation in part.relations:
                head, tail = (winners.get(_shift(window, part.entities[end])) for end in (relation.head, relation.tail))
                has_become_self = head == tail and relation.head != relation.tail
                if head is None or tail is None or has_become_self:
                    continue
                triple = (relation.type, place[head], place[tail])
                relations[triple] = max(relation.score, relations.get(triple, relation.score))
        return Found(
            [FoundEntity(*key, self._scores[key]) for key in kept],
            [
                FoundRelation(*triple, relations[triple])
                for triple in sorted(relations, key=lambda t: (t[1], t[2], t[0]))
            ],
        )

    def _find_rival(self, key: _Key, taken: dict[int, list[_Key]]) -> _Key | None:
        """Return an accepted entity that overlaps with one, and that no window found together with it."""
        for token in range(key[1], key[2]):
            for other in taken.get(token, ()):
                if not self._finders[key] & self._finders[other]:
                    return other
        return None

    def _was_missed(self, key: _Key) -> bool:
        """Return whether a window that did not find an entity covers it and the tokens around it."""
        number = bisect.bisect_right(self._starts, key[1]) - 1
        while number >= 0 and self._windows[number][1] >= key[2]:
            window = self._windows[number]
            if window not in self._finders[key] and self._margin(window, key) > 0:
                return True
            number -= 1
        return False


def _shift(window: Window, entity: FoundEntity) -> _Key:
    return entity.type, entity.start + window[0], entity.end + window[0]
