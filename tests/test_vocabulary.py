"""The vocabulary of a training set."""

import numpy as np
import pytest

from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.data.word_vectors import UNKNOWN
from cman_tf.errors import DataError


def test_vocabulary_of_training_alone(sentences, vocabulary):
    assert vocabulary.words[0] == vocabulary.characters[0] == UNKNOWN
    assert vocabulary.tags[0] == "O"
    assert vocabulary.tags[1:] == ["B-Loc", "B-Org", "B-Peop", "I-Loc", "I-Org", "I-Peop"]
    assert vocabulary.relations == ["Live_In", "Located_In", "OrgBased_In", "Work_For"]
    assert list(vocabulary.word_ids(["zebra", "is"])) == [0, vocabulary.words.index("is")]
    assert list(vocabulary.character_ids("R€", 10)) == [vocabulary.characters.index("R"), 0]
    assert list(vocabulary.character_ids("Rome", 3)) == list(vocabulary.character_ids("Roe", 3))


def test_vocabulary_check(vocabulary):
    with pytest.raises(DataError, match="dev, sentence 0: tag 'B-Drug', expected one of O, B-Loc"):
        vocabulary.check([Sentence(("x",), (Entity("Drug", 0, 1),))], "dev")
    bad = Sentence(("x", "y"), (Entity("Loc", 0, 1), Entity("Loc", 1, 2)), (Relation("Near", 0, 1),))
    with pytest.raises(DataError, match="dev, sentence 0: relation 'Near', expected one of Live_In"):
        vocabulary.check([bad], "dev")


def test_another_vocabulary_is_not_overwritten(tmp_path, sentences, vocabulary):
    vocabulary.save(tmp_path)
    vocabulary.save(tmp_path)
    before = (tmp_path / "vocabulary.json").read_bytes()
    with pytest.raises(DataError, match="holds a run with another vocabulary"):
        Vocabulary.build(sentences[:2]).save(tmp_path)
    assert (tmp_path / "vocabulary.json").read_bytes() == before


def test_vocabulary_round_trip(tmp_path, sentences):
    table = np.arange(6, dtype=np.float32).reshape(2, 3)
    for vectors in (None, (["rome", "fox"], table)):
        made = Vocabulary.build(sentences, vectors)
        folder = tmp_path / str(vectors is None)
        made.save(folder)
        read = Vocabulary.load(folder)
        assert (read.words, read.characters, read.tags) == (made.words, made.characters, made.tags)
        assert read.relations == made.relations
    np.testing.assert_array_equal(read.vectors[1:], table)
    assert read.words == [UNKNOWN, "rome", "fox"]
    assert np.abs(read.vectors[0]).max() <= 0.5**0.5
    assert made.coverage([Sentence(("Rome", "x", "FOX", "y"))]) == 50.0
    with pytest.raises(DataError, match="no trained model here"):
        Vocabulary.load(tmp_path / "absent")


def test_other_word_vectors_are_not_taken_for_the_same(tmp_path, sentences):
    words = ["Ann", "Rome"]
    table = np.ones((2, 3), np.float32)
    Vocabulary.build(sentences, (words, table)).save(tmp_path)
    Vocabulary.build(sentences, (words, table)).save(tmp_path)
    with pytest.raises(DataError, match="word_vectors.npy: other vectors than those of --word_vectors"):
        Vocabulary.build(sentences, (words, 2 * table)).save(tmp_path)
