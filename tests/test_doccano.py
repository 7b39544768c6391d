"""doccano's JSON lines: with relations and without, and both ways."""

import json

import pytest
from documents import assert_reads_or_refuses, break_file, list_spans, write_and_read
from helpers import write_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import documents

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus, write_corpus
from cman_tf.formats.source import ReadOptions

one_folder = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
RECORD = {
    "id": 3,
    "text": "😀 Ann lives in Rome",
    "entities": [
        {"id": 10, "label": "Per", "start_offset": 2, "end_offset": 5},
        {"id": 11, "label": "Loc", "start_offset": 15, "end_offset": 19},
    ],
    "relations": [{"id": 5, "from_id": 10, "to_id": 11, "type": "Live_In"}],
    "Comments": [],
}


def read(tmp_path, *records, **options):
    path = write_file(tmp_path, "".join(json.dumps(record) + "\n" for record in records), "all.jsonl")
    problems = Problems()
    return read_corpus(path, problems=problems, options=ReadOptions(**options)).sentences, problems


def test_relations(tmp_path):
    (sentence,), problems = read(tmp_path, RECORD)
    assert sentence.tokens[1:] == ("Ann", "lives", "in", "Rome") and sentence.document_id == "3"
    assert sentence.entities == (Entity("Per", 1, 2), Entity("Loc", 4, 5))
    assert sentence.relations == (Relation("Live_In", 0, 1),) and not problems.counts


def test_utf16_on_request(tmp_path):
    entities = [{"id": 1, "label": "Per", "start_offset": 3, "end_offset": 6}]
    (sentence,), _ = read(tmp_path, {**RECORD, "entities": entities, "relations": []}, offsets="utf16")
    assert sentence.entities == (Entity("Per", 1, 2),)


@pytest.mark.parametrize("key", ["label", "labels", "entities"])
@pytest.mark.parametrize("text", ["text", "data"])
def test_lists_of_labels(tmp_path, key, text):
    (sentence,), problems = read(tmp_path, {"id": 1, text: "Ann left", key: [[0, 3, "Per"]]})
    assert sentence.entities == (Entity("Per", 0, 1),)
    assert problems.counts == {"texts_of_an_export_without_relations": 1}


def test_an_export_without_relations(tmp_path):
    texts = [{**RECORD, "relations": []}] * 3
    sentences, problems = read(tmp_path, *texts)
    assert len(sentences) == 3 and sum(len(s.entities) for s in sentences) == 6
    assert not any(s.relations for s in sentences) and not problems.counts


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": 3}, "text is 3, expected a string"),
        ({"entities": [3]}, r"entity 0: 3, expected \[start, end, type\]"),
        ({"entities": [{"label": "Per", "start_offset": 0}]}, "end_offset is null, expected a whole number"),
        ({"entities": [[0, 30, "Per"]]}, r"span 0\.\.30, expected .* within 19 characters; .*--offsets=utf16"),
        ({"relations": [{"from_id": 10}]}, "relation 0: .*expected an object with from_id, to_id and type"),
        ({"relations": {}}, "relations is {}, expected a list"),
    ],
)
def test_malformed_records(tmp_path, change, message):
    path = write_file(tmp_path, json.dumps({**RECORD, **change}), "all.jsonl")
    with pytest.raises(DataError, match=f"line 1.*{message}"):
        read_corpus(path, "doccano")


def test_written_lines(tmp_path, sentences):
    write_corpus(sentences[:3], tmp_path / "out", "doccano")
    first, second, third = map(json.loads, (tmp_path / "out").read_text().splitlines())
    assert first["text"] == "Ann Lee of Rome works for Fox ." and second["entities"] == []
    assert first["entities"][1] == {"id": 1, "label": "Loc", "start_offset": 11, "end_offset": 15}
    assert first["relations"][1] == {"id": 1, "from_id": 0, "to_id": 2, "type": "Work_For"}
    assert [entity["id"] for entity in third["entities"]] == [3, 4]


@one_folder
@given(corpus=st.lists(documents(), min_size=1, max_size=3))
def test_what_is_written_is_read_again(corpus, tmp_path):
    sentences = [sentence for document in corpus for sentence in document]
    again, writing, _ = write_and_read(sentences, tmp_path / "out", "doccano")
    assert list_spans(again) == list_spans(sentences) and not writing.counts


def test_broken_files_are_refused_in_one_line(tmp_path):
    files = [json.dumps(RECORD).encode(), b'{"id": 1, "data": "Ann left", "label": [[0, 3, "Per"]]}\n']
    read = 0
    for seed in range(100):
        (tmp_path / "x").write_bytes(break_file(files[seed % 2], seed))
        read += assert_reads_or_refuses(tmp_path / "x", "doccano")
    assert 0 < read < 100
