"""The second form of words is the one that `data.word_vectors.forms` gives."""

import unicodedata

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cman_tf.data.word_vectors import forms
from cman_tf.exporting.code_point_tables import number_rows
from cman_tf.exporting.word_forms import SecondForms


@pytest.fixture(scope="module")
def find():
    second = SecondForms()

    def run(words):
        decoded = tf.strings.unicode_decode(words, "UTF-8")
        owners = number_rows(tf.cast(decoded.row_splits[1:], tf.int32), tf.size(decoded.values))
        return second.find(decoded.values, owners, tf.size(words))

    graph = tf.function(run, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    return lambda words: [word.decode() for word in graph(tf.constant(words, tf.string)).numpy()]


CODES = [code for code in range(0x110000) if unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs", "Lo")]
CASED = [chr(code) for code in CODES if chr(code).upper() != chr(code) or chr(code).lower() != chr(code)]


@pytest.mark.parametrize("pattern", ["{}", "a{}b", "{}Σ", "A{}Σ"])
def test_every_code_point(find, pattern):
    words = [pattern.format(chr(code)) for code in CODES]
    assert find(words) == [forms(word)[1] for word in words]


@settings(max_examples=60)
@given(
    st.lists(
        st.text(
            st.sampled_from([*"aA1.'-\u0301Σσςßẞﬁŉǆǅİıªʰⅷⓐ٣²中", *CASED]) | st.characters(exclude_categories=["Cs"])
        )
    )
)
def test_any_words(find, words):
    assert find(words) == [forms(word)[1] for word in words]
