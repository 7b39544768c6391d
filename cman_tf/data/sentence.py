"""The one sentence type that every reader gives and everything else takes."""

from __future__ import annotations

import dataclasses


class DataError(ValueError):
    """Bad input: one line saying where it is, what it is and what was expected."""


@dataclasses.dataclass(frozen=True)
class Entity:
    """A typed span of tokens, from `start` to `end`, the end not included."""

    type: str
    start: int
    end: int


@dataclasses.dataclass(frozen=True)
class Relation:
    """A typed, directed relation from entity number `head` to number `tail`.

    `head` is the relation's first argument (the person in Live_In), as in the
    SpERT format; both are positions in `Sentence.entities`.
    """

    type: str
    head: int
    tail: int


@dataclasses.dataclass(frozen=True)
class Sentence:
    """Tokens with their entities and the relations between those."""

    tokens: tuple[str, ...]
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    id: str = ""
