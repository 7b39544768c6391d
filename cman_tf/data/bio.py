"""BIO tags (section 3.1 of both papers): entities to tags and back."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from cman_tf.data.types import Entity

OUTSIDE = "O"


def flat_entities(entities: Sequence[Entity]) -> list[Entity]:
    """Choose the entities that one BIO tag for each token can express.

    Where entities overlap, the longest one is kept; among equally long ones, the first.

    Args:
      entities: the entities of one sentence, in any order.

    Returns:
      The entities that are kept, in text order.

    >>> flat_entities([Entity("Loc", 2, 3), Entity("Org", 0, 3)])
    [Entity(type='Org', start=0, end=3)]
    """
    kept: list[Entity] = []  # in text order, so that only two neighbours can overlap a new one
    starts: list[int] = []
    for entity in sorted(entities, key=lambda e: (e.start - e.end, e.start)):
        place = bisect.bisect_right(starts, entity.start)
        after_last = place == 0 or kept[place - 1].end <= entity.start
        before_next = place == len(kept) or entity.end <= kept[place].start
        if after_last and before_next:
            kept.insert(place, entity)
            starts.insert(place, entity.start)
    return kept


def tags_from_entities(entities: Sequence[Entity], length: int) -> list[str]:
    """Return one BIO tag for each token.

    Args:
      entities: the entities of one sentence. Where they overlap, `flat_entities` chooses.
      length: number of tokens in the sentence.

    >>> tags_from_entities([Entity("Peop", 0, 2)], 3)
    ['B-Peop', 'I-Peop', 'O']
    """
    tags = [OUTSIDE] * length
    for entity in flat_entities(entities):
        tags[entity.start] = f"B-{entity.type}"
        for position in range(entity.start + 1, entity.end):
            tags[position] = f"I-{entity.type}"
    return tags


def entities_from_tags(tags: Sequence[str]) -> tuple[list[Entity], int]:
    """Read the entities from a tag sequence.

    It is as lenient as the baseline's scorer: an inside tag after `O` or after another type opens an entity.

    Args:
      tags: one BIO tag for each token.

    Returns:
      The entities in text order, and the number of inside tags that no begin tag precedes.

    >>> entities_from_tags(["I-Peop", "I-Peop", "O"])
    ([Entity(type='Peop', start=0, end=2)], 1)
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
