"""Corpus files: found, told apart, read; the real corpora."""

import json

import pytest
from helpers import write_file

from cman_tf.data.bio import flat_entities
from cman_tf.data.corpus import find_split
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus

RECORD = {
    "tokens": ["Ann", "Lee", "of", "Rome"],
    "entities": [{"type": "Peop", "start": 0, "end": 2}, {"type": "Loc", "start": 3, "end": 4}],
    "relations": [{"type": "Live_In", "head": 0, "tail": 1}],
}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty, expected sentences"),
        (b" \n ", "empty, expected sentences"),
        (b"#doc 1\n0\tA\xff\tO\t['N']\t[0]\n", "line 2: byte 0xff is not UTF-8"),
        (b"hello", "line 1: 'hello', expected a file that begins with one of .*'#doc ID'"),
        (b"[]", "no sentence"),
    ],
)
def test_files_malformed(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read_corpus(write_file(tmp_path, content))


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_corpus(tmp_path / "absent")


def test_format_by_flag(tmp_path):
    path = write_file(tmp_path, json.dumps([RECORD]), "x.json")
    with pytest.raises(DataError, match="a token before the first sentence"):
        read_corpus(path, "multihead")
    with pytest.raises(DataError, match="format 'nope', expected one of .*multihead"):
        read_corpus(path, "nope")


def test_find_split(tmp_path):
    for name in ("conll04_train.json", "conll04_dev.json", "conll04_train_dev.json", "test.txt"):
        write_file(tmp_path, "x", name)
    assert find_split(tmp_path, "train").endswith("conll04_train.json")
    assert find_split(tmp_path, "dev").endswith("conll04_dev.json")
    assert find_split(tmp_path, "test").endswith("test.txt")
    write_file(tmp_path, "x", "test.json")
    with pytest.raises(DataError, match="test.json, test.txt for the test split, expected one"):
        find_split(tmp_path, "test")
    with pytest.raises(DataError, match="no such directory"):
        find_split(tmp_path / "absent", "test")


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


def test_ade_corpus(data_dir):
    """The folds that run_ade_cv.sh reads: their test parts make up the corpus."""
    folds = [read_corpus(data_dir / "ade_spert" / f"ade_split_{fold}_test.json").sentences for fold in range(10)]
    sentences = [sentence for fold in folds for sentence in fold]
    assert (len(sentences), sum(len(s.relations) for s in sentences)) == (4272, 6821)
    assert [sum(len(s.relations) for s in fold) for fold in folds][:3] == [666, 724, 688]
    assert sum(len(flat_entities(s.entities)) < len(s.entities) for s in sentences) == 119
