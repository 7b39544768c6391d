"""What is always repaired is said in sentences."""

import re

import pytest
from helpers import ROOT

from cman_tf.data.notes import describe_note, list_notes
from cman_tf.data.problems import Problems


@pytest.mark.parametrize(
    ("name", "count", "sentence"),
    [
        ("documents_with_offsets_in_CRLF_as_one_character", 1, "offsets of 1 document count CRLF as one character"),
        (
            "documents_with_offsets_in_utf16_and_CRLF_as_one_character",
            2,
            "offsets of 2 documents count UTF-16 units, and CRLF as one character",
        ),
        ("tags_in_scheme_IOB1", 1, "tags of 1 file read in the scheme IOB1"),
        (
            "tags_in_column_4_read_and_not_in_2_3",
            1,
            "tags of 1 file read from column 4, not from 2 and 3; see --tag_column",
        ),
        ("results_of_choices_that_are_left_out", 2, "2 results of the type choices left out"),
        ("results_of_another_type_that_are_left_out", 1, "1 result of another type than spans and relations left out"),
        ("inside_tags_without_begin", 1, "1 inside tag without a begin tag, read as the begin of an entity"),
        ("something_new", 2, "something new: 2"),
    ],
)
def test_sentences(name, count, sentence):
    assert describe_note(name, count) == sentence


def test_every_name_in_the_code_has_a_sentence():
    """Names that are put together have their parts between braces; an example stands for each."""
    examples = {"{_UNITS[name]}": "utf16"}
    names = set()
    for path in (ROOT / "cman_tf").rglob("*.py"):
        names |= set(re.findall(r'problems\.note\(\s*f?"([^"]+)"', path.read_text()))
    brat = (ROOT / "cman_tf" / "formats" / "brat_lines.py").read_text()
    names |= set(re.findall(r'"(\w+_left_out)"', brat))
    assert len(names) > 25
    for name in names:
        shown = re.sub(r"\{.+?\}", lambda part: examples.get(part[0], "utf16"), name)
        assert ": 1" not in describe_note(shown, 1), shown


def test_problems_with_places_are_not_repeated():
    problems = Problems()
    problems.mend("self relation", "a.json", "x")
    problems.note("notes_left_out")
    problems.note("inside_tags_without_begin", 0)
    assert list_notes(problems) == ["1 note left out"]
