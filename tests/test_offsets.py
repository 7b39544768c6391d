"""What the character offsets of a file count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.data.problems import Problems
from cman_tf.errors import DataError
from cman_tf.formats.annotated_text import AnnotatedText, Mention
from cman_tf.formats.offsets import find_positions
from cman_tf.formats.source import ReadOptions


def positions(text, *spans, **options):
    mentions = [Mention(f"T{n}", "X", *span, where="a.ann, line 1") for n, span in enumerate(spans)]
    problems = Problems()
    document = AnnotatedText("d", text, mentions, where="a.txt")
    return find_positions(document, ReadOptions(**options), problems), problems.counts


COUNTS = {
    "characters": len,
    "CRLF_as_one_character": lambda text: len(text.replace("\r\n", "\n")),
    "utf16": lambda text: len(text.encode("utf-16-le")) // 2,
    "utf16_and_CRLF_as_one_character": lambda text: len(text.replace("\r\n", "\n").encode("utf-16-le")) // 2,
}


@pytest.mark.parametrize("unit", COUNTS)
@given(before=st.lists(st.sampled_from(["a", " ", "\r\n", "\n", "😀", "é"]), max_size=8).map("".join))
def test_every_way_of_counting_is_found(unit, before):
    """The word stands once in the text; so its text says which way is right."""
    text, count = before + "Ann\r\n😀 left", COUNTS[unit]
    start, tail = count(before), count(before + "Ann\r\n😀 ")
    spans = [(start, start + 3, "Ann"), (tail, tail + 4, "left")]
    found, counts = positions(text, *spans)
    assert [text[a:b] for a, b in found] == ["Ann", "left"]
    assert sum(counts.values()) <= 1
    assert not counts or unit != "characters"


def test_options():
    assert positions("😀 Ann", (3, 6, ""), offsets="utf16")[0] == [(2, 5)]
    assert positions("😀 Ann", (2, 5, ""))[0] == [(2, 5)]
    assert positions("Ann", (0, 2, "Ann"), ends="inclusive")[0] == [(0, 3)]
    assert positions("a\r\nAnn", (2, 5, "Ann"), offsets="characters")[0] == [(3, 6)]
    with pytest.raises(DataError, match=r"T0 says 'Ann', text 3\.\.6"):
        positions("😀 Ann is", (3, 6, "Ann"), offsets="characters")


@pytest.mark.parametrize(
    ("text", "span", "message"),
    [
        ("Ann left", (0, 2, "Ann"), r"T0 says 'Ann', text 0\.\.2 is 'An'; ends are not included, did you mean 0 3\?"),
        ("Ann left", (1, 4, "Ann"), r"T0 says 'Ann', text 1\.\.4 is 'nn '$"),
        ("Ann", (0, 4, "Ann"), r"span 0\.\.4, expected start < end, both within 3 characters$"),
        ("Ann", (2, 2, ""), r"span 2\.\.2, expected start < end"),
        ("Ann", (-1, 2, ""), r"span -1\.\.2, expected start < end"),
        ("😀 Ann", (3, 6, ""), r"both within 5 characters; does the file count UTF-16 units\? \(--offsets=utf16\)"),
        ("Ann " * 99, (0, 396, "x" * 999), "T0 says 'x{40}', text"),
        ("Ann", (10**400, 10**401, ""), r"span 1"),
    ],
)
def test_misfits(text, span, message):
    with pytest.raises(DataError, match=message) as error:
        positions(text, span)
    assert len(str(error.value)) < 300 and str(error.value).startswith("a.ann, line 1: ")


def test_half_a_character():
    with pytest.raises(DataError, match=r"span 1\.\.2"):
        positions("😀 Ann", (1, 2, ""), offsets="utf16")


def test_blanks_are_alike():
    assert positions("New\r\nYork", (0, 9, "New York"))[0] == [(0, 9)]
