"""The reader and the writer of SpERT's JSON."""

import json

import drec
import pytest
from helpers import write_file

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.formats.spert_json import dump_json

RECORD = {
    "tokens": ["Ann", "Lee", "of", "Rome"],
    "entities": [{"type": "Peop", "start": 0, "end": 2}, {"type": "Loc", "start": 3, "end": 4}],
    "relations": [{"type": "Live_In", "head": 0, "tail": 1}],
}


def test_json(tmp_path):
    path = write_file(tmp_path, json.dumps([RECORD]), "x.json")
    (sentence,) = read_corpus(path).sentences
    assert sentence.entities == (Entity("Peop", 0, 2), Entity("Loc", 3, 4))
    assert sentence.relations == (Relation("Live_In", 0, 1),)
    assert read_corpus(write_file(tmp_path, dump_json([sentence]), "again.json")).sentences == [sentence]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tokens": []}, "record 0: no tokens"),
        ({"tokens": ["Ann", " ", "of", "Rome"]}, 'record 0, token 1: " ", expected text that is not empty'),
        ({"tokens": ["Ann", None, "of", "Rome"]}, "record 0, token 1: null"),
        ({"tokens": ["Ann", "\ud800", "of", "Rome"]}, "record 0, token 1"),
        ({"tokens": "Ann"}, 'tokens is "Ann", expected a list'),
        ({"entities": [{"type": "Peop", "start": 0, "end": 5}]}, "entity 0: span 0 to 5, expected start < end"),
        ({"entities": [{"type": "Peop", "start": 1, "end": 1}]}, "entity 0: span 1 to 1"),
        ({"entities": [{"type": "Peop", "start": 0}]}, "end is null, expected a whole number"),
        ({"entities": [{"type": "", "start": 0, "end": 1}]}, 'entity 0: type is "", expected text that is not empty'),
        ({"entities": [{"type": "P\ud800", "start": 0, "end": 1}]}, "entity 0: type is"),
        ({"orig_id": "\ud800"}, "orig_id is"),
        ({"entities": RECORD["entities"] * 2}, "entity 2: Peop 'Ann Lee' is given twice"),
        ({"relations": [{"type": "Live_In", "head": 0, "tail": 2}]}, "relation 0: entity 2, expected a position among"),
        ({"relations": [{"type": "Live_In", "head": 1, "tail": 1}]}, "Live_In from entity 'Rome' to itself"),
        ({"relations": RECORD["relations"] * 2}, "relation 1: Live_In from entity 0 to 1 is given twice"),
        ({"relations": None}, "relations is null, expected a list"),
    ],
)
def test_json_malformed(tmp_path, change, message):
    path = write_file(tmp_path, json.dumps([{**RECORD, **change}]), "x.json")
    with pytest.raises(DataError, match=message) as error:
        read_corpus(path, problems=Problems(strict=True))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["[1", "{}", "[1]", "[" * 100000])
def test_json_of_another_kind(tmp_path, text):
    with pytest.raises(DataError, match="expected"):
        read_corpus(write_file(tmp_path, text, "x.json"))


def test_dump_and_read_again(tmp_path):
    """A prediction file of DREC's shape says the same after writing and reading."""
    path = tmp_path / "a.txt"
    path.write_text(drec.corpus(2))
    sentences = read_corpus(path, "multihead_root").sentences
    (tmp_path / "b.json").write_text(dump_json(sentences))
    assert read_corpus(tmp_path / "b.json", predictions=True).sentences == sentences
