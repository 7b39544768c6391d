"""What the character offsets of a file count: code points, UTF-16 units, or line ends of two characters as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cman_tf.data.problems import Problems
from cman_tf.errors import DataError
from cman_tf.formats.source import ReadOptions

if TYPE_CHECKING:
    from cman_tf.formats.annotated_text import AnnotatedText, Mention

OFFSETS = ("auto", "characters", "utf16")
ENDS = ("exclusive", "inclusive")


def _count_points(text: str) -> list[int]:
    return list(range(len(text) + 1))


def _count_utf16(text: str) -> list[int]:
    """Return for each offset in UTF-16 units the place of the code point; -1 within a code point."""
    places: list[int] = []
    for place, character in enumerate(text):
        places.append(place)
        if character > "\uffff":
            places.append(-1)
    return [*places, len(text)]


def _merge_line_ends(count: Callable[[str], list[int]]) -> Callable[[str], list[int]]:
    """Count a line end of two characters as one."""

    def merged(text: str) -> list[int]:
        places = count(text)
        return [p for p in places if not (0 < p < len(text) and text[p] == "\n" and text[p - 1] == "\r")]

    return merged


# Each way of counting with the name by which it is reported; the usual one first.
_UNITS: dict[str, Callable[[str], list[int]]] = {
    "characters": _count_points,
    "CRLF_as_one_character": _merge_line_ends(_count_points),
    "utf16": _count_utf16,
    "utf16_and_CRLF_as_one_character": _merge_line_ends(_count_utf16),
}


def normalize_blanks(text: str) -> str:
    """Return the text with each run of blanks as one blank.

    >>> normalize_blanks("New\\r\\n York ")
    'New York'
    """
    return " ".join(text.split())


def find_positions(document: AnnotatedText, options: ReadOptions, problems: Problems) -> list[tuple[int, int]]:
    """Return the code points at which the mentions of a document begin and end.

    What an offset counts is found by comparing the mentions with the texts that the file gives for them.

    Args:
      document: the document.
      options: `offsets` and `ends`.
      problems: the collector to which unusual ways of counting are reported.

    Raises:
      DataError: if a span is not within the text, or if no way of counting gives the mentions' texts.
    """
    more = int(options.ends == "inclusive")
    names = list(_UNITS)
    if options.offsets != "auto":
        names = [name for name in names if name.startswith(options.offsets)] + [
            name for name in names if options.offsets == "characters" and name.startswith("CRLF")
        ]
    if "\r\n" not in document.text:
        names = [name for name in names if "CRLF" not in name]
    if options.offsets == "auto" and not any(c > "\uffff" for c in document.text):
        names = [name for name in names if "utf16" not in name]
    for name in names:
        places = _UNITS[name](document.text)
        spans = [_find_span(mention, places, more) for mention in document.mentions]
        if all(span and _fits(document.text, mention, span) for mention, span in zip(document.mentions, spans)):
            if name != "characters" and document.mentions:
                problems.note(f"documents_with_offsets_in_{name}")
            return [span for span in spans if span]
    raise DataError(_describe_misfit(document, _UNITS[names[0]](document.text), more))


def _find_span(mention: Mention, places: Sequence[int], more: int) -> tuple[int, int] | None:
    start, end = mention.start, mention.end + more
    if not 0 <= start < end < len(places) or places[start] < 0 or places[end] < 0:
        return None
    return places[start], places[end]


def _fits(text: str, mention: Mention, span: tuple[int, int]) -> bool:
    return not mention.text or normalize_blanks(text[span[0] : span[1]]) == normalize_blanks(mention.text)


def _describe_misfit(document: AnnotatedText, places: Sequence[int], more: int) -> str:
    """Describe the first mention whose offsets do not fit."""
    for mention in document.mentions:
        span = _find_span(mention, places, more)
        given = f"{mention.start} to {mention.end}"
        name = f"{mention.where}: {mention.key}" if mention.key else mention.where
        if span is None:
            return f"{name}: span {given}, expected start < end, both within {len(places) - 1} characters"
        if not _fits(document.text, mention, span):
            found = document.text[span[0] : span[1]][:40]
            longer = _find_span(mention, places, more + 1)
            hint = ""
            if longer and not more and _fits(document.text, mention, longer):
                hint = f"; ends are not included, did you mean {mention.start} {mention.end + 1}? (--ends=inclusive)"
            return f"{name} says {mention.text[:40]!r}, text {given} is {found!r}{hint}"
    return f"{document.where}: offsets that do not fit the text"
