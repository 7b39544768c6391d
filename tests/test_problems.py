"""The collector of problems: first places, counts, strictness, and constant memory."""

import pytest

from cman_tf.data.problems import Problems, pluralize
from cman_tf.errors import DataError


def test_the_first_three_places_are_kept_and_all_are_counted():
    seen = []
    problems = Problems(sink=seen.append)
    for number in range(5):
        problems.mend("self relation", f"a.json, record {number}", "x" * number)
    problems.note("tokens_cut", 7)
    assert problems.summarize() == [
        "5 self relations: a.json, record 0 (); a.json, record 1 (x); a.json, record 2 (xx); and 2 more"
    ]
    assert problems.counts == {"self relation": 5, "tokens_cut": 7}
    assert len(seen) == 5 and len(problems.found) == 3


def test_strict_raises_at_the_first_problem():
    problems = Problems(strict=True)
    problems.note("repairs", 2)  # no error
    with pytest.raises(DataError, match="^a.json: twice$"):
        problems.mend("duplicate", "a.json", "twice")


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("duplicate entity", "duplicate entities"),
        ("byte order mark inside the file", "byte order marks inside the file"),
        ("relation across sentences", "relations across sentences"),
        ("relation named N", "relations named N"),
        ("text without a token", "texts without a token"),
    ],
)
def test_plurals(kind, plural):
    assert pluralize(kind) == plural
