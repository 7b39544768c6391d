"""Sentences of a text with annotations: where they begin, their tokens, and the entities of each."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.formats.text_types import AnnotatedText, Span


def join_sentences(starts: Sequence[int], spans: Iterable[Span]) -> list[int]:
    """Join neighbouring sentences where a span reaches from one into another.

    Args:
      starts: the first character of each sentence, in order.
      spans: character spans, in any order.

    Returns:
      The starts that are left.

    >>> join_sentences([0, 10, 20], [(5, 12)])
    [0, 20]
    """
    removed: list[Span] = sorted((start, end) for start, end in spans)
    left: list[int] = []
    reach, place = -1, 0
    for start in starts:
        while place < len(removed) and removed[place][0] < start:
            reach = max(reach, removed[place][1])
            place += 1
        if start == 0 or reach <= start:
            left.append(start)
    return left


def merge_empty(pieces: Sequence[tuple[int, int, list[Span]]]) -> list[tuple[int, int, list[Span]]]:
    """Give the text of sentences without tokens to their neighbours."""
    merged: list[tuple[int, int, list[Span]]] = []
    for start, end, tokens in pieces:
        if merged and (not tokens or not merged[-1][2]):
            first, _, before = merged.pop()
            merged.append((first, end, before or tokens))
        else:
            merged.append((start, end, tokens))
    return [piece for piece in merged if piece[2]]


def cut_tokens(text: str, tokens: Iterable[Span], edges: Sequence[int]) -> tuple[list[Span], int]:
    """Cut tokens at the edges of mentions.

    Args:
      text: the text.
      tokens: its tokens.
      edges: the characters at which mentions begin or end, in order.

    Returns:
      The tokens, without blank ones, and the number of tokens that were cut.

    >>> cut_tokens("pre-war", [(0, 7)], [4, 7])
    ([(0, 4), (4, 7)], 1)
    """
    found: list[Span] = []
    count = 0
    for first, last in tokens:
        inside = edges[bisect.bisect_right(edges, first) : bisect.bisect_left(edges, last)]
        count += bool(inside)
        for one, other in zip([first, *inside], [*inside, last]):
            if text[one:other].strip():
                found.append((one, other))
    return found, count


def find_bare(spans: Iterable[Span], tokens: Sequence[Span]) -> list[Span]:
    """Return the spans in which no token lies; those that overlap become one.

    Args:
      spans: spans of characters, in order.
      tokens: tokens, none of which crosses an edge of a span.

    >>> find_bare([(0, 1), (0, 3), (1, 2)], [(2, 3)])
    [(0, 1), (1, 2)]
    """
    firsts = [first for first, _ in tokens]
    found: list[Span] = []
    for start, end in spans:
        place = bisect.bisect_left(firsts, start)
        if place < len(tokens) and tokens[place][0] < end:
            continue
        if found and start < found[-1][1]:
            start, end = found[-1][0], max(found.pop()[1], end)
        found.append((start, end))
    return found


class SentencePart:
    """A sentence that is being made.

    Args:
      start: its first character in the text.
      end: the character after its last one.
      tokens: its tokens' places in the text.

    Attributes:
      start: its first character in the text.
      entities: its entities, each with its score.
    """

    def __init__(self, start: int, end: int, tokens: list[Span]) -> None:
        self.start, self._end, self._tokens = start, end, tokens
        self._firsts = [first for first, _ in tokens]
        self._lasts = [last for _, last in tokens]
        self.entities: dict[Entity, float | None] = {}
        self._position: dict[Entity, int] = {}
        self._relations: dict[Relation, float | None] = {}

    def add_entity(self, kind: str, start: int, end: int, score: float | None) -> int | None:
        """Add a mention; returns the position of its entity, or None if no token lies in it."""
        first, last = bisect.bisect_left(self._firsts, start), bisect.bisect_right(self._lasts, end)
        if first >= last:
            return None
        entity = Entity(kind, first, last)
        self.entities.setdefault(entity, score)
        return self._position.setdefault(entity, len(self._position))

    def add_relation(self, relation: Relation, score: float | None) -> bool:
        """Add a relation between positions of entities; returns whether it is new."""
        before = len(self._relations)
        self._relations.setdefault(relation, score)
        return len(self._relations) > before

    def make_sentence(self, document: AnnotatedText, name: str) -> Sentence:
        """Return the sentence."""
        return Sentence(
            tuple(document.text[first:last] for first, last in self._tokens),
            tuple(self.entities),
            tuple(self._relations),
            name,
            text=document.text[self.start : self._end],
            offsets=tuple((first - self.start, last - self.start) for first, last in self._tokens),
            document_id=document.id,
            entity_scores=_all_scores(self.entities.values()),
            relation_scores=_all_scores(self._relations.values()),
        )


def _all_scores(scores: Iterable[float | None]) -> tuple[float, ...]:
    """Return the scores, or none if one is missing."""
    given = list(scores)
    found = tuple(score for score in given if score is not None)
    return found if len(found) == len(given) else ()
