"""The one sentence type that every reader gives and everything else takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

ROOT = "ROOT"  # type of the pseudo-entity that relations may have in DREC; no entity in scoring


def is_token(value: object) -> bool:
    """Whether it is text, not only blanks, that UTF-8 can express (no lone surrogate)."""
    return isinstance(value, str) and bool(value.strip()) and not any("\ud800" <= c <= "\udfff" for c in value)


@dataclasses.dataclass(frozen=True)
class Entity:
    """A typed span of tokens, from `start` to `end`, the end not included."""

    type: str
    start: int
    end: int


def entity_at(entities: Sequence[Entity]) -> dict[int, int]:
    """Each token that is in an entity to the entity's position (the last one's, of several)."""
    return {token: number for number, e in enumerate(entities) for token in range(e.start, e.end)}


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
    """Tokens with their entities and the relations between those.

    `unattached_relations`, of predictions only: (type, head token, tail token) of each relation
    predicted of tokens that are not in two entities.
    """

    tokens: tuple[str, ...]
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    id: str = ""
    unattached_relations: tuple[tuple[str, int, int], ...] = ()
