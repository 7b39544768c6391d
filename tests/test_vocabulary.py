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


def test_unknown_types_are_counted_or_refused(vocabulary):
    ship = Sentence(("x",), (Entity("Ship", 0, 1), Entity("ROOT", 0, 1)))
    near = Sentence(("x", "y"), (Entity("Loc", 0, 1), Entity("Loc", 1, 2)), (Relation("Near", 0, 1),))
    assert vocabulary.unknown_types([ship, near, near]) == {"entity": {"Ship": 1}, "relation": {"Near": 2}}
    assert vocabulary.describe_unknown([ship, near, near], "dev.json") == [
        "dev.json: 1 entity of a type that the model does not know (Ship); scoring counts each as missed",
        "dev.json: 2 relations of a type that the model does not know (Near); scoring counts each as missed",
    ]
    with pytest.raises(DataError, match="dev.json: entity type Ship, expected types that the training data contains"):
        vocabulary.describe_unknown([ship], "dev.json", strict=True)
    assert vocabulary.describe_unknown([Sentence(("x",))], "dev.json", strict=True) == []


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


def test_a_vocabulary_without_vectors_takes_those_of_the_other():
    """A training that starts from a model keeps the model's word vectors unless it has others."""
    sentence = Sentence(("Rome", "x"))
    table = np.ones((2, 3), np.float32)
    other = Vocabulary.build([Sentence(("y",))], (["rome", "fox"], table))
    plain, own = Vocabulary.build([sentence]), Vocabulary.build([sentence], (["x"], np.zeros((1, 3), np.float32)))
    taken = plain.extend(other)
    assert taken.words == ["<unk>", "rome", "fox"] and taken.vectors is other.vectors
    assert own.extend(other).words == ["<unk>", "x"] and own.extend(other).vectors is own.vectors
    assert taken.characters == ["<unk>", *sorted("Romexy")]
