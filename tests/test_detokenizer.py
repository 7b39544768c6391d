"""Text rebuilt from tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import TEXTS

from cman_tf.data.detokenizer import find_joints, rebuild_text

PIECES = st.sampled_from("a - / ' \" ` '' `` ( ) , . 's n't + +/- 000 12 # and -LRB- 中 。 l' ’ Ann gon na".split())


@given(st.lists(st.one_of(TEXTS, PIECES), max_size=12), st.booleans())
def test_offsets_give_the_tokens(tokens, join_hyphens):
    text, offsets = rebuild_text(tokens, join_hyphens)
    assert [text[start:end] for start, end in offsets] == tokens
    gaps = [text[end:start] for (_, end), (start, _) in zip(offsets, offsets[1:])]
    assert set(gaps) <= {"", " "}
    assert (offsets[-1][1] if offsets else 0) == len(text)
    assert find_joints(tokens, join_hyphens) == ([False] if tokens else []) + [gap == "" for gap in gaps]


@pytest.mark.parametrize(
    "text",
    [
        "Ann Lee, who left, lives here.",
        "Ann|'s town; they|'d|'ve gone, did|n't they?",
        "It cost $|3.50 (|50|%|)|.",
        "He paid $160|,|000, on Oct. 24, 1962, to 12 men.",
        'He said "|no|", then: "|yes|.|"',
        "the authors|' \"|results|\" of Graves|' disease",
        "a '|normal|' test, yet",
        "`|`|No|,|'|' he said, and `|so|'|.",
        "``|No|,|'' he said",
        "methotrexate|-|induced rash in a 25-year|-|old man",
        "pre|- and post|-|operative, mid|-|to|-|late",
        "5 mg|/|kg of alpha(1|)|-|agonist, 7.4 +|/- 3.5 of CD4|+ cells",
        "-LRB- Ann -RRB- left",
        "I wan|na go, gim|me that, I can not",
        "Report -- a case",
        "l'|homme qu'|il",
        "张|三|住|在|北京|。",
        "東京|に|住む|AI|会社",
        "이것은 책이다|.",
        "张|3|年|A|I|。",
        "case no|. 2|: [|a|] and {|b|}",
    ],
)
def test_examples(text):
    """`|` stands between tokens that are written together."""
    tokens = [token for part in text.split() for token in split_joined(part)]
    assert rebuild_text(tokens)[0] == text.replace("|", "")


def split_joined(part):
    """The tokens of a part between blanks: cut at `|` and before the punctuation at its end."""
    pieces = part.split("|")
    last = pieces[-1]
    if len(last) > 1 and last[-1] in ",;:?." and last not in ("Oct.",):
        pieces[-1:] = [last[:-1], last[-1]]
    return pieces


def test_lone_hyphens_can_be_dashes():
    tokens = ["Berlin", "-", "a", "report"]
    assert rebuild_text(tokens, join_hyphens=False)[0] == "Berlin - a report"
    assert rebuild_text(tokens)[0] == "Berlin-a report"
    assert rebuild_text(["-", "a"])[0] == "- a"
