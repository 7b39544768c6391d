"""Relation signatures: learned, stored, read; relations that do not fit are left out."""

import pytest
from helpers import write_file

from cman_tf.data.signatures import find_signatures, learn_signatures, read_signatures, save_signatures
from cman_tf.data.types import Entity, Relation
from cman_tf.errors import DataError
from cman_tf.inference.constraints import DecodingOptions, constrain

PEOP, LOC = Entity("Peop", 0, 1), Entity("Loc", 1, 2)
LIVE, BACK = Relation("Live_In", 0, 1), Relation("Live_In", 1, 0)


def test_learned_and_stored(sentences, vocabulary, tmp_path):
    learned = learn_signatures(sentences)
    assert learned["Live_In"] == {("Peop", "Loc")} and learned["Work_For"] == {("Peop", "Org")}
    save_signatures(tmp_path, learned)
    assert read_signatures(tmp_path / "signatures.json") == learned
    assert find_signatures("train", tmp_path, vocabulary) == learned
    assert find_signatures("off", tmp_path, vocabulary) is None
    assert find_signatures(str(tmp_path / "signatures.json"), "absent", vocabulary) == learned


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "JSON, but not an object"),
        ('{"Live_In": "Peop"}', "Live_In is 'Peop', not a list, expected relation types with their pairs"),
        ('{"Live_In": [["Peop"]]}', "expected relation types with their pairs"),
        ('{"Live_In": [["Peop", "Ship"]]}', "Live_In: entity type 'Ship', expected one of Loc, Org, Peop"),
        ('{"Own": []}', "relation type 'Own', expected one of Live_In"),
        ("{", "not JSON"),
    ],
)
def test_wrong_files(content, message, vocabulary, tmp_path):
    path = write_file(tmp_path, content, "types.json")
    with pytest.raises(DataError, match=message) as error:
        find_signatures(path, tmp_path, vocabulary)
    assert str(error.value).startswith(path) and "\n" not in str(error.value)


def test_a_run_without_signatures(vocabulary, tmp_path):
    with pytest.raises(DataError, match="no signatures.json, as an earlier version trained the run"):
        find_signatures("train", tmp_path, vocabulary)


@pytest.mark.parametrize(
    ("signatures", "symmetric", "expected"),
    [
        (None, (), {LIVE: 0.6, BACK: 0.9}),
        ({"Live_In": {("Peop", "Loc")}}, (), {LIVE: 0.6}),
        ({"Live_In": frozenset()}, (), {}),
        ({"Work_For": frozenset()}, (), {LIVE: 0.6, BACK: 0.9}),  # a type without a signature may have any
        (None, ("Live_In",), {BACK: 0.9}),
        ({"Live_In": {("Peop", "Loc")}}, ("Live_In",), {BACK: 0.9}),
    ],
)
def test_constraints(signatures, symmetric, expected):
    options = DecodingOptions(signatures=signatures, symmetric=frozenset(symmetric))
    assert constrain({LIVE: 0.6, BACK: 0.9}, [PEOP, LOC], options) == expected
    assert constrain({BACK: 0.9, LIVE: 0.6}, [PEOP, LOC], options) == expected
