"""The guard against leakage: what counts as a repetition of a sentence, and that k passages are still found."""

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.errors import DataError
from cman_tf.retrieving.leakage import CONTAINED, GRAM, SAME, SHARED, TWICE, Text, find_leak, find_unleaked
from cman_tf.retrieving.passages import Passage

SHORT = "Ann Lee 's brother does n't live in Köln - Deutz , she said ."
LONG = (
    "The committee , which met in Geneva on the second of May , decided after a long debate that the report on the "
    "drug - induced rash of 12 patients should be published by the university before the end of the year ."
)
WORDS = st.text("abcdefg", min_size=1, max_size=6)


def leak(sentence, passage):
    return find_leak(Text(sentence), Text(passage))


@pytest.mark.parametrize(
    "passage",
    [
        SHORT,
        SHORT.upper(),
        "Ann Lee's brother doesn't live in Köln-Deutz, she said.",
        "Ann Lee’s brother doesn’t live in Köln–Deutz; she said",
        "“Ann Lee's brother doesn't live in Köln-Deutz”, she said!",
        "  Ann  Lee's\nbrother\tdoesn't live in K\u00f6ln\u00a0\u2010 Deutz, she said...",
        unicodedata.normalize("NFD", SHORT),
        "Ａｎｎ Lee's brother doesn't live in Köln-Deutz, she said.",
        "Ann Lee's bro\u00adther does\u200bn't live in Koln-Deutz, she said.",
        "Ann Lee's bro-\nther doesn't live in Köln-Deutz, she said.",
        "AnnLee's brother doesn't live in KölnDeutz, shesaid.",
    ],
)
def test_the_same_text_in_another_form(passage):
    assert leak(SHORT, passage) == SAME


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        (SHORT, f"It was late. {SHORT} Then he left."),
        (SHORT, "It was late. ANN LEE’S brother doesn't live in Köln-\nDeutz, she said. Then he left."),
        (f"It was late , and {SHORT}", "Ann Lee's brother doesn't live in Köln-Deutz, she said."),
        (LONG, "Before. " + LONG.replace(" - ", "").replace("university", "uni- versity") + " After."),
        ("Ann left .", "He wept as Ann left."),
        ("安去了奥斯陆。", "昨天安去了奥斯陆。她很高兴。"),
    ],
)
def test_one_within_the_other(sentence, passage):
    assert leak(sentence, passage) == CONTAINED
    assert leak(passage, sentence) == CONTAINED


def test_a_long_sentence_with_a_word_changed():
    """Wherever the word is: a sentence of 26 words or more keeps 13 words in a row."""
    words = LONG.split()
    assert len(Text(LONG).words.split()) >= 2 * GRAM
    for place, word in enumerate(words):
        changed = " ".join([*words[:place], "other" if word.isalnum() else word, *words[place + 1 :]])
        assert leak(LONG, f"Before. {changed} After.") in (SHARED, CONTAINED)


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("He left .", "She left."),  # the letters are within those of the passage, the words are not
        ("Ann left .", "Ann has left."),
        (SHORT, "Ann Lee's sister doesn't live in Köln-Deutz, she said."),
        ("the cat sat", "They said 'the cats' at home."),
        ("...", "Ann left."),
        ("Ann left .", "?!"),
        ("", ""),
    ],
)
def test_what_is_no_repetition(sentence, passage):
    assert leak(sentence, passage) == ""


@given(st.lists(WORDS, min_size=30, max_size=40), st.integers(0, 20), st.integers(GRAM - 3, GRAM + 3))
def test_words_in_a_row(words, start, length):
    """Sentence and passage share so many words in a row, and no others."""
    shared = words[start : start + length]
    passage = " ".join(["zx", *shared, "zy"])
    sentence = " ".join(["z1", *shared, "z2"])
    expected = SHARED if len(shared) >= GRAM else ""
    assert leak(sentence, passage) == expected


class Listed:
    """A source whose passages are the same for each sentence."""

    fingerprint = key = name = "listed"

    def __init__(self, texts, sentences=None):
        self.texts, self.sentences, self.asked = texts, sentences, []

    def validate_content(self):
        pass

    def validate_corpus(self, count):
        if self.sentences not in (None, count):
            raise DataError("another corpus")

    def find(self, sentences, k, rows=None):
        self.asked.append((len(sentences), k))
        assert len(rows) == len(sentences)
        found = [Passage(i, text, tuple(text.split()), -float(i)) for i, text in enumerate(self.texts[:k])]
        return [found for _ in sentences]


def test_more_is_asked_for_until_there_are_enough():
    texts = ["ann left .", *(f"ann left , {n}" for n in range(9)), "bo left", "bo wept", "BO  wept!", "bo slept"]
    source = Listed(texts)
    found = find_unleaked(source, [("Ann", "left"), ("Bo", "ran")], 3)
    assert [[p.text for p in passages] for passages in found.passages] == [
        ["bo left", "bo wept", "bo slept"],
        texts[:3],
    ]
    assert found.left_out == {SAME: 1, CONTAINED: 9, SHARED: 0, TWICE: 1}
    assert source.asked == [(2, 6), (1, 12), (1, 24)]  # the second sentence is asked for once


def test_a_source_without_enough():
    found = find_unleaked(Listed(["Ann left.", "Bo left."]), [("Ann", "left")], 3)
    assert [p.number for p in found.passages[0]] == [1]
    assert find_unleaked(Listed([]), [("Ann",)], 3).passages == [[]]
    assert find_unleaked(Listed([]), [], 3).passages == []


def test_a_source_of_another_corpus():
    with pytest.raises(DataError, match="another corpus"):
        find_unleaked(Listed(["a"], sentences=3), [("Ann",)], 1)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_what_is_kept_is_what_sifting_all_would_keep(seed, k):
    draw = random.Random(seed)
    texts = [" ".join(draw.choices("abc", k=draw.randint(1, 3))) for _ in range(30)]
    sentence = tuple(draw.choices("abc", k=2))
    kept, seen = [], set()
    for number, text in enumerate(texts):
        if not leak(" ".join(sentence), text) and Text(text).letters not in seen:
            kept.append(number)
            seen.add(Text(text).letters)
    (found,) = find_unleaked(Listed(texts), [sentence], k).passages
    assert [p.number for p in found] == kept[:k]
