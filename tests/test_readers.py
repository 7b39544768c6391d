"""Readers: what is right is read, what is wrong is named."""

import json

import pytest

from cman_tf.data.bio import entities_from_tags, flat_entities, tags_from_entities
from cman_tf.data.corpus import find_split, read_corpus
from cman_tf.data.types import Entity, Relation
from cman_tf.errors import DataError
from cman_tf.formats.spert_json import dump_json, parse_json

COLUMNS = """#doc 7
0\tAnn\tB-Peop\t['N']\t[0]
1\tLee\tI-Peop\t['Live_In', 'Work_For']\t[3, 5]
2\tof\tO\t['N']\t[2]
3\tRome\tB-Loc\t['N']\t[3]
4\tand\tO\t['N']\t[4]
5\tFox\tB-Org\t['N']\t[5]
#doc 8
0\tRain\tO\t['N']\t[0]
"""
RECORD = {
    "tokens": ["Ann", "Lee", "of", "Rome"],
    "entities": [{"type": "Peop", "start": 0, "end": 2}, {"type": "Loc", "start": 3, "end": 4}],
    "relations": [{"type": "Live_In", "head": 0, "tail": 1}],
}


def write(folder, text, name="train.txt"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_columns(tmp_path):
    corpus = read_corpus(write(tmp_path, COLUMNS))
    first, second = corpus.sentences
    assert first.id == "7"
    assert first.tokens == ("Ann", "Lee", "of", "Rome", "and", "Fox")
    assert first.entities == (Entity("Peop", 0, 2), Entity("Loc", 3, 4), Entity("Org", 5, 6))
    assert first.relations == (Relation("Live_In", 0, 1), Relation("Work_For", 0, 2))
    assert second.tokens == ("Rain",)
    assert not second.entities
    assert corpus.mended == {"inside_tags_without_begin": 0}


def test_columns_inside_tag_opens_an_entity(tmp_path):
    text = COLUMNS.replace("B-Loc", "I-Loc").replace("I-Peop", "I-Org")
    corpus = read_corpus(write(tmp_path, text))
    kinds = [(e.type, e.start, e.end) for e in corpus.sentences[0].entities]
    assert kinds == [("Peop", 0, 1), ("Org", 1, 2), ("Loc", 3, 4), ("Org", 5, 6)]
    assert corpus.summary()["inside_tags_without_begin"] == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0\tAnn\tB-Peop", "0\tAnn\tx\tB-Peop", "line 2: 6 columns, expected 5"),
        ("0\tAnn", "0\t ", "line 2, token ' ': empty token"),
        ("3\tRome", "4\tRome", "line 5, token 'Rome': index '4', expected 3"),
        ("B-Loc", "Loc", "line 5, token 'Rome': tag 'Loc', expected O, B-TYPE or I-TYPE"),
        ("[3, 5]", "[3]", "line 3, token 'Lee': 2 relations and 1 heads"),
        ("['Live_In', 'Work_For']", "['Live_In', 'Work_For'", "line 3, token 'Lee'.*no list of relations"),
        ("[3, 5]", "[3, 6]", "line 3, token 'Lee': head 6, expected a token index from 0 to 5"),
        ("[3, 5]", "[3, -1]", "head -1, expected"),
        ("[3, 5]", "[3, True]", "no list of heads"),
        ("[3, 5]", "{[]}", "no list of heads"),
        ("[3, 5]", "__import__('os').getcwd()", "no list of heads"),
        ("[3, 5]", "[" * 9000 + "]" * 9000, "18000 characters, expected at most"),
        ("[3, 5]", "[" * 4000 + "]" * 4000, "no list of heads"),
        ("[3, 5]", "[3, 2]", "Work_For at token 2, which is in no entity"),
        ("[3, 5]", "[3, 0]", "from an entity to itself"),
        ("[3, 5]", "[1, 5]", "from the token to itself"),
        ("['Live_In', 'Work_For']\t[3, 5]", "['Live_In', 'Live_In']\t[3, 3]", "a second time"),
        ("'Work_For'", "''", "a relation without a name"),
        ("#doc 7\n", "", "line 1: .*expected '#doc ID'"),
        ("#doc 8\n0\tRain\tO\t['N']\t[0]\n", "#doc 8\n", "sentence '8' without tokens"),
    ],
)
def test_columns_malformed(tmp_path, old, new, message):
    assert old in COLUMNS
    path = write(tmp_path, COLUMNS.replace(old, new))
    with pytest.raises(DataError, match=message) as error:
        read_corpus(path)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty, expected sentences"),
        (b" \n ", "empty, expected sentences"),
        (b"#doc 1\n0\tA\xff\tO\t['N']\t[0]\n", "line 2: byte 0xff is not UTF-8"),
        (b"hello", "line 1: 'hello', expected '#doc ID'"),
        (b"[]", "no sentence"),
    ],
)
def test_files_malformed(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read_corpus(write(tmp_path, content))


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_corpus(tmp_path / "absent")


def test_json(tmp_path):
    path = write(tmp_path, json.dumps([RECORD]), "x.json")
    (sentence,) = read_corpus(path).sentences
    assert sentence.entities == (Entity("Peop", 0, 2), Entity("Loc", 3, 4))
    assert sentence.relations == (Relation("Live_In", 0, 1),)
    assert parse_json(dump_json([sentence]), "again")[0] == [sentence]


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
        ({"entities": RECORD["entities"] * 2}, "entity 2: Peop 'Ann Lee' a second time"),
        ({"relations": [{"type": "Live_In", "head": 0, "tail": 2}]}, "relation 0: entity 2, expected the number"),
        ({"relations": [{"type": "Live_In", "head": 1, "tail": 1}]}, "Live_In from entity 'Rome' to itself"),
        ({"relations": RECORD["relations"] * 2}, "relation 1: Live_In from entity 0 to 1 a second time"),
        ({"relations": None}, "relations is null, expected a list"),
    ],
)
def test_json_malformed(tmp_path, change, message):
    path = write(tmp_path, json.dumps([{**RECORD, **change}]), "x.json")
    with pytest.raises(DataError, match=message) as error:
        read_corpus(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["[1", "{}", "[1]", "[" * 100000])
def test_json_of_another_kind(tmp_path, text):
    with pytest.raises(DataError, match="expected"):
        read_corpus(write(tmp_path, text, "x.json"))


def test_format_by_flag(tmp_path):
    path = write(tmp_path, json.dumps([RECORD]), "x.json")
    with pytest.raises(DataError, match="a token before any sentence"):
        read_corpus(path, "multihead")


def test_find_split(tmp_path):
    for name in ("conll04_train.json", "conll04_dev.json", "conll04_train_dev.json", "test.txt"):
        write(tmp_path, "x", name)
    assert find_split(tmp_path, "train").endswith("conll04_train.json")
    assert find_split(tmp_path, "dev").endswith("conll04_dev.json")
    assert find_split(tmp_path, "test").endswith("test.txt")
    write(tmp_path, "x", "test.json")
    with pytest.raises(DataError, match="test.json, test.txt for the test split, expected one"):
        find_split(tmp_path, "test")
    with pytest.raises(DataError, match="no such directory"):
        find_split(tmp_path / "absent", "test")


def test_tags_round_trip(sentences):
    for sentence in sentences:
        tags = tags_from_entities(sentence.entities, len(sentence.tokens))
        assert entities_from_tags(tags) == (list(sentence.entities), 0)
    assert tags_from_entities([Entity("A", 0, 1), Entity("A", 1, 3)], 4) == ["B-A", "B-A", "I-A", "O"]


def test_overlapping_entities_keep_the_longest():
    inner, outer, other = Entity("Drug", 1, 2), Entity("Effect", 0, 3), Entity("Drug", 4, 5)
    assert flat_entities([inner, outer, other]) == [outer, other]


@pytest.mark.parametrize(
    ("folder", "sentences", "entities", "relations"),
    [
        ("conll04_multihead", (910, 243, 288), (3393, 877, 1079), (1273, 353, 422)),
        ("conll04_spert", (922, 231, 288), (3377, 893, 1079), (1283, 343, 422)),
    ],
)
def test_real_corpora(data_dir, folder, sentences, entities, relations):
    for split, *expected in zip(("train", "dev", "test"), sentences, entities, relations):
        summary = read_corpus(find_split(data_dir / folder, split)).summary()
        counts = [summary["sentences"], sum(summary["entities"].values()), sum(summary["relations"].values())]
        assert counts == expected
        assert summary.get("inside_tags_without_begin", 0) == (
            2 if (folder, split) == ("conll04_multihead", "train") else 0
        )
