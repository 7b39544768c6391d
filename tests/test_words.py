"""The words of texts: alike whatever their form, and in any script."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.retrieving.words import find_words, fold, split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("drug-induced, 1,000 mg/kg", ["drug", "induced", "1", "000", "mg", "kg"]),
        ("snake_case", ["snake", "case"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("ﬁnd İstanbul", ["find", "istanbul"]),
        ("東京に行く", ["東", "京", "に", "行", "く"]),
        ("서울에 간다", ["서울에", "간다"]),
        ("я еду в Москву", ["я", "еду", "в", "москву"]),
        ("हिन्दी", ["हनद"]),
    ],
)
def test_words(text, words):
    assert split_words(text) == [unicodedata.normalize("NFKD", word) for word in words]


@given(st.text(max_size=30))
def test_forms_of_unicode_do_not_matter(text):
    folded = fold(text)
    assert fold(folded) == folded
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert fold(unicodedata.normalize(form, text)) == folded
    assert not set(find_words(text)) & {"the", "and", ""}
