"""Extraction from Python."""

import pytest

import cman_tf
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.inference.extractor import MAX_TOKENS

pytestmark = pytest.mark.e2e


def test_python_interface(trained, eight_sentences):
    model = cman_tf.load(trained("dynamic_cman"))
    sentence = read_corpus(eight_sentences / "test.json").sentences[1]
    text = " ".join(sentence.tokens)
    output = model.extract(text)
    assert len(output["entities"]) == len(sentence.entities)
    together = model.extract_all(["", text, "x y z " * 30])
    assert together[1]["entities"] == output["entities"]
    long = model.extract(" ".join([text] * 80))  # of more than one piece
    assert len(long["entities"]) > 20 * len(sentence.entities)
    assert long["entities"][0]["start"] == 0 and long["entities"][-1]["start"] > MAX_TOKENS
    assert all(r["head"] < len(long["entities"]) for r in long["relations"])
    for wrong, message in (("Ann", "a list of texts"), (b"Ann", "a list of texts"), ([None], "NoneType, expected str")):
        with pytest.raises(TypeError, match=message):
            model.extract_all(wrong)
    with pytest.raises(DataError, match="no trained model here"):
        cman_tf.load("absent")
