"""Cutting a text into sentences, by rules that need no model."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterable, Iterator

from cman_tf.data.tokenizers.words import COMPANIES, MONTHS, OTHERS, STATES, TITLES

_CLOSERS = "\"'”’»)\\]}」』）】》〉"
# A blank line; a full stop of a script that needs no blank behind it; a full stop before a blank.
_BORDER = re.compile(
    r"(?P<paragraph>\n(?:[^\S\n]*\n)+|\u2029)"
    rf"|(?P<wide>[。！？｡।॥؟۔։።។]+[{_CLOSERS}]*)"
    rf"|(?<![.!?…])(?P<stop>[.!?…]+)[{_CLOSERS}]*(?=\s)"
)
_WORD_BACKWARDS = re.compile(r"[^\s\"'“”‘’«»()\[\]{}]*")
_AFTER = re.compile(r"\s*[\"'`“‘„«(\[{「『（¿¡-]*(?P<word>\w*)(?P<period>\.?)")
# A period behind them ends no sentence.
_NEVER_LAST = frozenset(f"{TITLES} vs cf ca e.g i.e Fig Figs fig figs Eq Eqs Ref Refs Vol pp".split()) - {"Jr", "Sr"}
# A period behind them ends a sentence if the next word is one that often begins a sentence.
_SELDOM_LAST = frozenset(f"{COMPANIES} {MONTHS} {STATES} {OTHERS} Jr Sr al approx".split())
_FIRST_WORDS = frozenset(
    "A After All Also Although An And As At Because Before But By During Each For From He Her Here His How However I If "
    "In It Its Many Meanwhile Most My No Not Now On One Our She Since So Some That The Their Then There These They This "
    "Those Thus To Today Two Under Until We What When Where Which While Who Why With You Your".split()
)
_ACRONYM = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_NUMBERING = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})")
_AFTER_QUOTES = tuple("とっ、，,")  # they go on after a quotation
_LOOKED_AT = 64  # characters before a full stop


def split_sentences(text: str, keep: Iterable[tuple[int, int]] = ()) -> list[tuple[int, int]]:
    """Cut a text into sentences.

    A single line break is a blank, so that lines of a fixed width are joined. A blank line ends a sentence.

    Args:
      text: the text.
      keep: spans of characters inside of which nothing is cut: mentions, or spans that cover a pair of mentions.

    Returns:
      For each sentence its first character and the character after its last. Every character that is not blank lies in
      one sentence.

    >>> text = "Dr. Lee left. He lives in Rome."
    >>> [text[start:end] for start, end in split_sentences(text)]
    ['Dr. Lee left.', 'He lives in Rome.']
    """
    crosses = _Crossing(keep)
    sentences: list[tuple[int, int]] = []
    start = 0
    for end, following in itertools.chain(_find_borders(text), [(len(text), len(text))]):
        if end < len(text) and crosses.is_inside(end, following):
            continue
        first, last = _strip(text, start, end)
        if first < last:
            sentences.append((first, last))
        start = following
    return sentences


class _Crossing:
    """Tells whether a border lies inside of a span, in logarithmic time."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._reached = list(itertools.accumulate((end for _, end in ordered), max))

    def is_inside(self, end: int, following: int) -> bool:
        """Return whether a span begins before `end`, where a sentence would end, and goes on behind `following`."""
        before = bisect.bisect_left(self._starts, end)
        return before > 0 and self._reached[before - 1] > following


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())


def _find_borders(text: str) -> Iterator[tuple[int, int]]:
    """Yield the end of each sentence but the last, and where the next one begins."""
    start = 0
    for found in _BORDER.finditer(text):
        end = found.end()
        if found["wide"] and found["wide"][-1] in _CLOSERS and text[end : end + 1] in _AFTER_QUOTES:
            continue
        if found["stop"] and not _ends_sentence(text, start, found.start("stop"), found["stop"], end):
            continue
        yield (found.start(), end) if found["paragraph"] else (end, end)
        start = end


def _ends_sentence(text: str, start: int, place: int, stop: str, end: int) -> bool:
    """Return whether a full stop before a blank ends a sentence.

    Args:
      text: the text.
      start: the first character of the sentence.
      place: the first character of the stop.
      stop: the stop itself, such as `.` or `?!`.
      end: the character after the stop and the quotes and brackets behind it.
    """
    after = _AFTER.match(text, end)
    word_after = after["word"] if after else ""
    if word_after[:1].islower():
        return False
    if stop != ".":
        return True
    before = text[max(start, place - _LOOKED_AT) : place]
    found = _WORD_BACKWARDS.match(before[::-1])
    word = before[len(before) - found.end() :] if found and found.end() else ""
    is_first = not before[: len(before) - len(word)].strip()
    if word in _NEVER_LAST or is_first and _NUMBERING.fullmatch(word):  # 1. Introduction
        return False
    if word.rpartition("-")[2] in _SELDOM_LAST or _ACRONYM.fullmatch(word) and not (len(word) == 1 and word.islower()):
        return word_after in _FIRST_WORDS and not (after and after["period"])  # not J. A. Smith
    return True
