"""The tokenizer."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cman_tf.data.tokenizer import split_long_text, tokenize


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("  ", []),
        (
            "Sirhan Sirhan shot Robert Kennedy in Los Angeles.",
            ["Sirhan", "Sirhan", "shot", "Robert", "Kennedy", "in", "Los", "Angeles", "."],
        ),
        ("Mr. Lee of St. Albans, Vt., U.S., left.", "Mr. Lee of St. Albans , Vt. , U.S. , left .".split()),
        ("It cost $1,234.50 (50-to 70-mph).", "It cost $ 1,234.50 ( 50-to 70-mph ) .".split()),
        ("J. Smith's co-worker", ["J.", "Smith", "'s", "co-worker"]),
        ("O’Brien don't say 'no' in 1990's", "O ’Brien don 't say ' no ' in 1990 's".split()),
        ("Ann Lee 's town , they 're here", "Ann Lee 's town , they 're here".split()),
        ("yes--no -- and so on...", "yes -- no -- and so on ...".split()),
        ("東京 Москва 🙂", ["東京", "Москва", "🙂"]),
        ("हिन्दी cafe\u0301.", ["हिन्दी", "cafe\u0301", "."]),
    ],
)
def test_tokenize(text, tokens):
    found = tokenize(text)
    assert [token for token, _, _ in found] == tokens
    assert all(text[start:end] == token for token, start, end in found)


def test_pieces():
    tokens = [("." if i % 7 == 6 else "x", i, i + 1) for i in range(100)]
    cuts = split_long_text(tokens, 30)
    assert [a for a, _ in cuts] == [0] + [b for _, b in cuts[:-1]]
    assert cuts[-1][1] == 100
    assert all(b - a <= 30 for a, b in cuts)
    assert all(tokens[b - 1][0] == "." for _, b in cuts[:-1])
    assert split_long_text([("x", 0, 1)] * 65, 30) == [(0, 30), (30, 60), (60, 65)]
    assert split_long_text([], 30) == []


@given(st.text())
@example("Mr. É. d'Arc--\u0301a...\u00a0x\u200by 1,2.3")
def test_any_text_is_covered(text):
    """Offsets slice back to the tokens, in order, and every character outside them is a blank."""
    end_before = 0
    for token, start, end in tokenize(text):
        assert token and text[start:end] == token
        assert start >= end_before and not text[end_before:start].strip()
        end_before = end
    assert not text[end_before:].strip()
