"""Extractions as text for people, in colours where a terminal shows them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from cman_tf.inference.extraction import Extraction

_COLOURS = (31, 32, 33, 34, 35, 36, 91, 92, 93, 94, 95, 96)  # of ANSI terminals, without black and white
_RESET = "\033[0m"


def show_extraction(found: Extraction, colours: bool = False) -> str:
    """Show what was found in a text: the text, its entities, its relations, and the candidates if there are any.

    Args:
      found: what was found.
      colours: whether to show each entity type in a colour of its own.

    >>> from cman_tf.inference.extraction import ExtractedEntity
    >>> ann = ExtractedEntity("Ann", "Peop", 0, 1, 0, 3, 0.9)
    >>> print(show_extraction(Extraction("Ann left", ("Ann", "left"), ((0, 3), (4, 8)), (ann,))))
    Ann left
      Peop: Ann (0.90)
    """
    text = "".join(_colour_text(found)) if colours else found.text
    lines = [_hide_controls(text, keep="\033" if colours else "")]
    for entity in found.entities:
        kind = _colour(entity.type, entity.type) if colours else entity.type
        lines.append(f"  {kind}: {_hide_controls(entity.text)} ({entity.score:.2f})")
    lines += [f"  {_hide_controls(str(relation))}" for relation in found.relations]
    lines += [f"  ? {_hide_controls(str(relation))}" for relation in found.candidates]
    return "\n".join(lines)


def _colour(text: str, kind: str) -> str:
    return f"\033[{_COLOURS[zlib.crc32(kind.encode()) % len(_COLOURS)]}m{text}{_RESET}"


def _colour_text(found: Extraction) -> Iterator[str]:
    """Yield the parts of the text, with its entities in colours."""
    place = 0
    for entity in sorted(found.entities, key=lambda e: e.start_char):
        if entity.start_char >= place:  # of given entities that overlap, the first is coloured
            yield _hide_controls(found.text[place : entity.start_char])
            yield _colour(_hide_controls(entity.text), entity.type)
            place = entity.end_char
    yield _hide_controls(found.text[place:])


def _hide_controls(text: str, keep: str = "") -> str:
    """Replace control characters, which a terminal would obey, but for the ends of lines and tabs."""
    return "".join("\ufffd" if c < " " and c not in f"\n\t{keep}" or "\x7f" <= c < "\xa0" else c for c in text)
