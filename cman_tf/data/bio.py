"""BIO tags (section 3.1 of both papers): entities to tags and back."""

from __future__ import annotations

from collections.abc import Sequence

from cman_tf.data.types import Entity

OUTSIDE = "O"


def flat_entities(entities: Sequence[Entity]) -> list[Entity]:
    """The entities that one BIO tag a token can express, in text order.

    Of entities that overlap, the longer one stays (the earlier of equals).
    """
    kept: list[Entity] = []
    for entity in sorted(entities, key=lambda e: (e.start - e.end, e.start)):
        if all(entity.end <= k.start or k.end <= entity.start for k in kept):
            kept.append(entity)
    return sorted(kept, key=lambda e: e.start)


def tags_from_entities(entities: Sequence[Entity], length: int) -> list[str]:
    """One BIO tag a token for a sentence of `length` tokens."""
    tags = [OUTSIDE] * length
    for entity in flat_entities(entities):
        tags[entity.start] = f"B-{entity.type}"
        for position in range(entity.start + 1, entity.end):
            tags[position] = f"I-{entity.type}"
    return tags


def entities_from_tags(tags: Sequence[str]) -> tuple[list[Entity], int]:
    """Entities of a tag sequence, and the count of inside tags without a begin.

    Lenient as the baseline's scorer: an inside tag after `O` or after another
    type opens an entity.
    """
    entities: list[Entity] = []
    orphans = 0
    start, kind = 0, None
    for position, tag in enumerate([*tags, OUTSIDE]):
        prefix, _, tag_type = tag.partition("-")
        if kind is not None and not (prefix == "I" and tag_type == kind):
            entities.append(Entity(kind, start, position))
            kind = None
        if kind is None and prefix in ("B", "I"):
            start, kind = position, tag_type
            orphans += prefix == "I"
    return entities, orphans
