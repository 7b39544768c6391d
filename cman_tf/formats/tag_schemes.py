"""Schemes of tags, one tag for each token: IOB1, IOB2, BIOES (BMES, too) and BILOU."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from cman_tf.data.types import Entity

OUTSIDE = "O"
_TAG = re.compile(r"([BIEMSLU])-(.*\S.*)", re.DOTALL)
_FIRST = frozenset("BSU")  # of an entity
_LAST = frozenset("ESLU")
_BIOES_TAGS, _BILOU_TAGS = frozenset("ESM"), frozenset("LU")


@functools.lru_cache(maxsize=4096)
def parse_tag(tag: str) -> tuple[str, str] | None:
    """Return the prefix and the type of a tag, ("O", "") for an outside tag, and None if it is no tag.

    >>> parse_tag("B-Peop"), parse_tag("O"), parse_tag("NNP")
    (('B', 'Peop'), ('O', ''), None)
    """
    if tag == OUTSIDE:
        return OUTSIDE, ""
    match = _TAG.fullmatch(tag)
    return (match[1], match[2].strip(" ")) if match else None


def decode_tags(tags: Sequence[tuple[str, str]]) -> tuple[list[Entity], int, int]:
    """Read the entities from the tags of a sentence, in any of the schemes.

    A tag without a begin opens an entity, and an entity without an end ends before the next one. So IOB1 and IOB2 are
    read by the same rules: an inside tag after `O` or after another type opens an entity.

    Args:
      tags: a (prefix, type) pair for each token.

    Returns:
      The entities in text order, the number of inside and end tags that no begin tag precedes, and the number of tags
      after which an end is missing, which matters in BIOES and BILOU only.

    >>> decode_tags([("B", "M"), ("E", "M"), ("S", "M")])
    ([Entity(type='M', start=0, end=2), Entity(type='M', start=2, end=3)], 0, 0)
    """
    entities: list[Entity] = []
    orphans = unfinished = 0
    start, kind = 0, ""
    for position, (prefix, tag_type) in enumerate([*tags, (OUTSIDE, "")]):
        if kind and (prefix in _FIRST or tag_type != kind):
            entities.append(Entity(kind, start, position))
            unfinished += 1
            kind = ""
        if prefix == OUTSIDE:
            continue
        if not kind:
            start, kind = position, tag_type
            orphans += prefix not in _FIRST
        if prefix in _LAST:
            entities.append(Entity(kind, start, position + 1))
            kind = ""
    return entities, orphans, unfinished


class SchemeFinder:
    """Finds the scheme of a file's tags, which are given one at a time.

    >>> finder = SchemeFinder()
    >>> for tag in ("I-Peop", "I-Peop", "O", "I-Peop", "B-Peop"):
    ...     finder.add(*parse_tag(tag))
    >>> finder.scheme
    'IOB1'
    """

    def __init__(self) -> None:
        self._prefixes: set[str] = set()
        self._orphans = False  # an inside tag opens an entity, as in IOB1
        self._begins = False  # a begin tag opens an entity where IOB1 would have an inside tag
        self._previous = ""

    def add(self, prefix: str, kind: str) -> None:
        """Look at the next tag."""
        self._prefixes.add(prefix)
        if kind != self._previous:
            self._orphans = self._orphans or prefix == "I"
            self._begins = self._begins or prefix == "B"
        self._previous = kind

    def end_sentence(self) -> None:
        """Begin a new sentence."""
        self._previous = ""

    @property
    def scheme(self) -> str:
        """The scheme: `IOB1`, `IOB2`, `BIOES` or `BILOU`; empty if the tags mix the last two."""
        if self._prefixes & _BILOU_TAGS:
            return "" if self._prefixes & _BIOES_TAGS else "BILOU"
        if self._prefixes & _BIOES_TAGS:
            return "BIOES"
        return "IOB1" if self._orphans and not self._begins else "IOB2"
