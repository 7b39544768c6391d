"""A tokenizer within a graph cuts what the tokenizer itself cuts."""

import pytest
import tensorflow as tf
from exported_models import ODD, sample_texts
from hypothesis import given, settings
from hypothesis import strategies as st

from cman_tf.data.tokenizers import TOKENIZER_NAMES, find_tokenizer
from cman_tf.data.tokenizers.registry import find_tables
from cman_tf.exporting.tokenizing import GraphTokenizer

BUILT_IN = [name for name in TOKENIZER_NAMES if name != "v1"]
# What the rules tell apart, so that texts are odd more often.
_SIGNS = "aA1 .,:/-'’@_%$()[]\n\r\0\u0301\u200d\ufe0f\xad\u2028😀🏽🇩🇪中ไ—‐²"
TEXTS = st.text(st.sampled_from(_SIGNS) | st.characters(exclude_categories=["Cs"]), max_size=40)
WORDS = st.lists(
    st.sampled_from(
        ["U.S.", "Dr.", "http://", "www.", "can", "not", "n't", "-LRB-", "...", "10,000", "-to", " ", "-", "."]
    )
).map("".join)


@pytest.fixture(scope="module", params=BUILT_IN)
def cut(request):
    """Return the name of a tokenizer and the function that cuts texts in a graph."""
    tokenizer = GraphTokenizer(find_tables(request.param))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def run(texts):
        decoded = tf.strings.unicode_decode(texts, "UTF-8")
        return tokenizer.tokenize(decoded.values, tf.cast(decoded.row_splits, tf.int32))

    def call(texts):
        found = [[] for _ in texts]
        for row, start, end in zip(*(values.numpy().tolist() for values in run(tf.constant(texts, tf.string)))):
            found[row].append((texts[row][start:end], start, end))
        return found

    return request.param, call


@settings(max_examples=30)
@given(texts=st.lists(TEXTS | WORDS, min_size=1, max_size=8))
def test_any_texts(cut, texts):
    name, call = cut
    assert call(texts) == [find_tokenizer(name).tokenize(text) for text in texts]


def test_odd_texts(cut):
    name, call = cut
    short = [text for text in ODD if len(text) < 9000]
    assert call(short) == [find_tokenizer(name).tokenize(text) for text in short]


def test_texts_of_the_sample():
    name = "default"
    tokenizer = GraphTokenizer(find_tables(name))
    texts = sample_texts(60)[len(ODD) :]
    decoded = tf.strings.unicode_decode(texts, "UTF-8")
    found = tf.function(tokenizer.tokenize, autograph=False)(decoded.values, tf.cast(decoded.row_splits, tf.int32))
    expected = [(n, a, b) for n, text in enumerate(texts) for _, a, b in find_tokenizer(name).tokenize(text)]
    assert list(zip(*(values.numpy().tolist() for values in found))) == expected
