"""The choice of a tokenizer by a corpus."""

import json
import os
import pathlib

import pytest

from cman_tf.data.tokenizer_choice import (
    MEASURED,
    Agreement,
    choose_tokenizer,
    joins_hyphens,
    measure_agreement,
    settle_tokenizer,
)
from cman_tf.data.tokenizers import find_tokenizer
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError

DATA = pathlib.Path(os.environ.get("CMAN_DATA_DIR", "data"))


def sentences(*texts):
    return [Sentence(tuple(text.split())) for text in texts]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("default", ["Ann doesn 't go .", "It cost 3,000 yen ."]),
        ("conll04", ["Ann doesn 't go .", "It cost 3 , 000 yen ."]),
        ("ptb", ["Ann does n't go .", "He said : `` no '' ."]),
        ("hyphens", ["drug - induced rash ,", "5 mg / kg ( 12-year - old ) ."]),
        ("characters", ["张 三 2 0 年 A I 。"]),
        ("whitespace", ["Ann, who left.", "(so, then) yes."]),
    ],
)
def test_each_convention_is_found(name, texts):
    chosen, agreements = choose_tokenizer(sentences(*texts))
    assert chosen == name
    assert agreements[name].share == 1.0
    assert "v1" not in agreements


def test_equal_ones_give_the_default():
    assert choose_tokenizer(sentences("Ann left ."))[0] == "default"
    assert choose_tokenizer([])[0] == "default"


def test_whitespace_is_chosen_for_given_text():
    """Rebuilt text cannot tell whether the corpus was cut at blanks alone; own text can."""
    own = [Sentence(("well-known", "end."), text="x well-known end.", offsets=((2, 12), (13, 17)))]
    other = [Sentence(("Ann", "left"), text="Ann left", offsets=((0, 3), (4, 8)))]
    assert choose_tokenizer([*own, *other])[0] == "whitespace"
    assert choose_tokenizer([*sentences("well-known end."), *sentences("Ann left")])[0] == "default"


def test_own_text_is_cut():
    sentence = Sentence(("a", "-", "b"), text="x a - b y", offsets=((2, 3), (4, 5), (6, 7)))
    assert measure_agreement(find_tokenizer("default"), [sentence]).with_own_text == 1
    assert measure_agreement(find_tokenizer("default"), [sentence]).share == 1.0
    rebuilt = measure_agreement(find_tokenizer("default"), [Sentence(sentence.tokens)])
    assert (rebuilt.share, rebuilt.with_own_text) == (0.0, 0)


def test_examples_show_where():
    found = measure_agreement(find_tokenizer("default"), sentences("He left .", "They do n't go there again ."))
    assert (found.sentences, found.agreeing) == (2, 1)
    assert found.examples == (
        (1, "They don't go there again.", ("They", "do", "n't", "go"), ("They", "don", "'t", "go")),
    )


def test_periods_are_counted_apart():
    found = measure_agreement(find_tokenizer("default"), sentences("He left .", "He left."))
    assert (found.agreeing, found.agreeing_but_for_periods) == (1, 2)
    line = found.describe("default")
    assert line.endswith(
        "50.0 % of the training sentences come back as they were cut, 100.0 % but for periods that end words"
    )
    assert "of 2000 training sentences" in Agreement(2000, 1999, 1999, 0).describe("ptb", is_sample=True)
    assert "99.9 %" in Agreement(100_000, 99_999, 99_999, 0).describe("ptb")


def test_what_a_lone_hyphen_means():
    assert joins_hyphens(sentences("drug - induced rash", "- a"))
    assert not joins_hyphens(sentences("well-known - a report - strife-torn x-y"))
    assert not joins_hyphens(sentences("no hyphen"))


def test_settled_once_for_a_training():
    said = []
    assert settle_tokenizer("auto", sentences("does n't"), said.append) == "ptb"
    assert settle_tokenizer("whitespace", sentences("a b") * (MEASURED + 1), said.append) == "whitespace"
    assert said[0] == "tokenizer: ptb, 100.0 % of the training sentences come back as they were cut"
    assert said[1].startswith("tokenizer: whitespace, 100.0 % of 1001 training sentences")
    with pytest.raises(DataError, match="tokenizer 'nltk', expected one of"):
        settle_tokenizer("nltk", [], said.append)


@pytest.mark.parametrize(
    ("file", "name", "share", "but_for_periods"),
    [
        # In 27 % of CoNLL04's sentences a word keeps the period behind it. We found nothing that tells when.
        ("conll04_spert/conll04_train.json", "conll04", 0.71, 0.98),
        ("conll04_spert/conll04_test.json", "conll04", 0.69, 0.98),
        ("ade_spert/ade_full.json", "hyphens", 0.995, 0.995),
    ],
)
def test_the_papers_corpora(file, name, share, but_for_periods):
    if not (DATA / file).exists():
        pytest.skip(f"{file} is not in $CMAN_DATA_DIR")
    records = json.loads((DATA / file).read_text(encoding="utf-8"))
    corpus = [Sentence(tuple(record["tokens"])) for record in records]
    chosen, _ = choose_tokenizer(corpus)
    assert chosen == name
    found = measure_agreement(find_tokenizer(name), corpus)
    assert found.share >= share
    assert found.share_but_for_periods >= but_for_periods
