"""What the character offsets of a file count: code points, UTF-16 units, or line ends of two characters as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cman_tf.data.problems import Problems
from cman_tf.errors import DataError
from cman_tf.formats.showing import show_name, show_text
from cman_tf.formats.source import ReadOptions

if TYPE_CHECKING:
    from cman_tf.formats.text_types import AnnotatedText, Mention

OFFSETS = ("auto", "characters", "utf16")
ENDS = ("exclusive", "inclusive")


def _count_points(text: str) -> Sequence[int]:
    return range(len(text) + 1)


def _count_utf16(text: str) -> Sequence[int]:
    """Return for each offset in UTF-16 units the place of the code point; -1 within a code point."""
    places: list[int] = []
    for place, character in enumerate(text):
        places.append(place)
        if character > "\uffff":
            places.append(-1)
    return [*places, len(text)]


def _merge_line_ends(count: Callable[[str], Sequence[int]]) -> Callable[[str], Sequence[int]]:
    """Count a line end of two characters as one."""

    def merged(text: str) -> Sequence[int]:
        places = count(text)
        return [p for p in places if not (0 < p < len(text) and text[p] == "\n" and text[p - 1] == "\r")]

    return merged


# Each way of counting with the name by which it is reported; the usual one first.
_UNITS: dict[str, Callable[[str], Sequence[int]]] = {
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

    What an offset counts is found by comparing the mentions with the texts that the file gives for them. Without texts
    it counts what `options.offsets` says, or else code points.

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
    if not any(mention.text for mention in document.mentions):
        names = names[:1]
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
        given = f"{str(mention.start)[:20]}..{str(mention.end)[:20]}"
        name = f"{mention.where}: {show_name(mention.key)}" if mention.key else mention.where
        if span is None:
            wide = any(c > "\uffff" for c in document.text) and len(places) == len(document.text) + 1
            hint = "; does the file count UTF-16 units? (--offsets=utf16)" if wide else ""
            return f"{name}: span {given}, expected start < end, both within {len(places) - 1} characters{hint}"
        if not _fits(document.text, mention, span):
            found = show_text(document.text[span[0] : span[1]])
            longer = _find_span(mention, places, more + 1)
            hint = ""
            if longer and not more and _fits(document.text, mention, longer):
                hint = f"; ends are not included, did you mean {mention.start} {mention.end + 1}? (--ends=inclusive)"
            return f"{name} says {show_text(mention.text)}, text {given} is {found}{hint}"
    return f"{document.where}: offsets that do not fit the text"
