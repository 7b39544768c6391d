"""Label Studio: the exports, whose annotation is read, what offsets count, and the tasks that are written."""

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


def span(key, start, end, text, *labels, **changes):
    value = {"start": start, "end": end, "text": text, "labels": list(labels)}
    return {"id": key, "from_name": "label", "to_name": "text", "type": "labels", "value": value, **changes}


def relation(head, tail, *labels, direction="right"):
    return {"from_id": head, "to_id": tail, "type": "relation", "direction": direction, "labels": list(labels)}


ANN, ROME = span("a", 0, 3, "Ann", "Per"), span("b", 8, 12, "Rome", "Loc")


def task(*result, text="Ann, in Rome", **changes):
    return {"id": 7, "annotations": [{"id": 1, "result": list(result)}], "data": {"text": text}, **changes}


@pytest.fixture
def read(tmp_path):
    def read(*tasks, strict=False, predictions=False, **options):
        problems = Problems(strict=strict)
        path = write_file(tmp_path, json.dumps(list(tasks)), "export.json")
        corpus = read_corpus(path, "label_studio", predictions, problems, ReadOptions(**options))
        return corpus.sentences, problems

    return read


@pytest.mark.parametrize(
    ("direction", "relations"),
    [
        ("right", (Relation("In", 0, 1),)),
        ("left", (Relation("In", 1, 0),)),
        ("bi", (Relation("In", 0, 1), Relation("In", 1, 0))),
    ],
)
def test_directions(read, direction, relations):
    (sentence,), problems = read(task(ANN, ROME, relation("a", "b", "In", direction=direction)))
    assert sentence.tokens == ("Ann", ",", "in", "Rome") and sentence.document_id == "7"
    assert sentence.entities == (Entity("Per", 0, 1), Entity("Loc", 3, 4)) and sentence.relations == relations
    assert problems.counts["relations_in_both_directions"] == (direction == "bi")


def test_relations_without_a_label_and_with_two(read):
    (sentence,), problems = read(task(ANN, ROME, relation("a", "b"), relation("b", "a", "Is", "Has")))
    assert sentence.relations == (Relation("Relation", 0, 1), Relation("Is", 1, 0), Relation("Has", 1, 0))
    assert problems.counts == {"relation without a label": 1}


@pytest.mark.parametrize(("start", "end", "unit"), [(3, 6, "utf16"), (2, 5, None)])
@pytest.mark.parametrize("text", ["😀 Ann works", "😀 Ann\r\nworks"])
def test_what_offsets_count_is_found(read, text, start, end, unit):
    (sentence,), problems = read(task(span("a", start, end, "Ann", "Per"), text=text))
    assert sentence.tokens[sentence.entities[0].start] == "Ann" and sentence.text == text
    assert problems.counts == ({f"documents_with_offsets_in_{unit}": 1} if unit else {})


@pytest.mark.parametrize(
    ("ann", "bo", "unit"),
    [
        (2, 7, ""),
        (2, 6, "CRLF_as_one_character"),
        (3, 8, "utf16"),
        (3, 7, "utf16_and_CRLF_as_one_character"),
    ],
)
def test_emoji_and_line_end(read, ann, bo, unit):
    spans = span("a", ann, ann + 3, "Ann", "Per"), span("b", bo, bo + 2, "Bo", "Per")
    (sentence,), problems = read(task(*spans, text="😀 Ann\r\nBo"))
    assert [sentence.tokens[entity.start] for entity in sentence.entities] == ["Ann", "Bo"]
    assert problems.counts == ({f"documents_with_offsets_in_{unit}": 1} if unit else {})


def test_offsets_without_texts(read):
    no_text = span("a", 3, 6, "", "Per")
    del no_text["value"]["text"]
    (sentence,), _ = read(task(no_text, text="😀 Ann works"), offsets="utf16")
    assert sentence.tokens[sentence.entities[0].start] == "Ann"
    no_text["value"]["end"] = 12
    with pytest.raises(DataError, match=r"a: span 3\.\.12, .*within 11 characters; .*\(--offsets=utf16\)"):
        read(task(no_text, text="😀 Ann works"))


def test_line_ends_in_the_text_of_a_span(read):
    (sentence,), _ = read(task(span("a", 3, 11, "New\\nYork", "Loc"), text="in New\nYork"))
    assert sentence.entities == (Entity("Loc", 1, 3),)


def people(first, second):
    results = [{"id": 1, "result": [ANN], **first}, {"id": 2, "result": [ROME], **second}]
    return task(annotations=results)


@pytest.mark.parametrize(
    ("first", "second", "annotator", "kind", "counts"),
    [
        ({"completed_by": 3}, {"completed_by": 4}, "", "Per", {"annotations_by_others": 1}),
        ({"completed_by": 3}, {"completed_by": 4}, "4", "Loc", {"annotations_by_others": 1}),
        ({"was_cancelled": True}, {}, "", "Loc", {"cancelled_annotations": 1}),
        ({"completed_by": {"id": 3, "email": "a@x.org"}}, {}, "a@x.org", "Per", {"annotations_by_others": 1}),
        ({}, {"completed_by": {"first_name": "Bo", "last_name": "Li"}}, "Bo Li", "Loc", {"annotations_by_others": 1}),
    ],
)
def test_several_annotators(read, first, second, annotator, kind, counts):
    (sentence,), problems = read(people(first, second), annotator=annotator)
    assert [entity.type for entity in sentence.entities] == [kind] and problems.counts == counts


def test_tasks_that_nobody_annotated(read):
    empty = {"id": 8, "data": {"text": "Bo left"}, "annotations": []}
    sentences, problems = read(task(ANN), empty)
    assert len(sentences) == 1 and problems.counts == {"task without an annotation": 1}
    with pytest.raises(DataError, match="no sentence"):
        read(people({"completed_by": 3}, {}), annotator="9")


def test_predictions_and_older_completions(read):
    predicted = {"predictions": [{"result": [ROME]}]}
    (sentence,), problems = read(task(ANN, **predicted))
    assert sentence.entities[0].type == "Per" and not problems.counts
    (sentence,), _ = read(task(ANN, **predicted), predictions=True)
    assert sentence.entities[0].type == "Loc"
    (sentence,), problems = read(task(annotations=[], **predicted))
    assert sentence.entities[0].type == "Loc" and problems.counts == {"tasks_read_from_predictions": 1}
    (sentence,), _ = read({"id": 1, "completions": [{"result": [ANN]}], "data": {"text": "Ann, in Rome"}})
    assert sentence.entities[0].type == "Per"


def test_which_value_is_the_text(read):
    values = {"title": "About Ann", "body": "Ann, in Rome", "n": 3}
    (sentence,), _ = read(task(ANN, ROME, data=values))
    assert sentence.text == "Ann, in Rome"
    (sentence,), _ = read(task(span("a", 6, 9, "Ann", "Per", to_name="title"), data=values))
    assert sentence.text == "About Ann"
    with pytest.raises(DataError, match=r"2 strings in the data \(title, body\), expected one"):
        read(task(data=values))


def test_other_results_are_counted(read):
    choice = {"id": "c", "type": "choices", "to_name": "text", "value": {"choices": ["x"]}}
    html = span("h", "/p[1]/text()[1]", "/p[1]/text()[1]", "Ann", "Per")
    two = span("t", 0, 3, "Ann", "Per", "Boss")
    other, none = span("o", 0, 3, "Ann", "Per", to_name="title"), span("n", 0, 3, "Ann")
    (sentence,), problems = read(task(ROME, choice, html, two, other, none))
    assert [entity.type for entity in sentence.entities] == ["Loc", "Per", "Boss"]
    assert problems.counts == {
        "results_of_choices_that_are_left_out": 1,
        "span without character offsets": 1,
        "spans_with_several_labels": 1,
        "span of another text": 1,
        "span without a label": 1,
    }


SMALL = [
    {"id": n, "text": text, "label": [{"start": 0, "end": 3, "text": "Ann", "labels": ["Per"]}], "annotator": 1}
    for n, text in enumerate(["Ann left", "Ann ran", "Ann in Rome"])
]


def test_json_min_drops_relations(tmp_path):
    path, problems = write_file(tmp_path, json.dumps(SMALL), "min.json"), Problems()
    corpus = read_corpus(path, problems=problems)
    assert [s.tokens[s.entities[0].start] for s in corpus.sentences] == ["Ann"] * 3
    (line,) = problems.summarize()
    assert "3 texts, 3 entities, 0 relations: a JSON-MIN export drops relations, export JSON" in line


def test_the_csv_export_drops_relations(tmp_path):
    cell = json.dumps(SMALL[0]["label"]).replace('"', '""')
    rows = f'annotation_id,annotator,created_at,id,label,lead_time,text,updated_at\n5,a@x,now,7,"{cell}",2.5,'
    path, problems = write_file(tmp_path, rows + '"Ann,\r\nthat is",now\n', "min.csv"), Problems()
    (sentence,) = read_corpus(path, problems=problems).sentences
    assert sentence.text == "Ann,\r\nthat is" and sentence.entities == (Entity("Per", 0, 1),)
    assert "a CSV export drops relations" in problems.summarize()[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": "Ann"}, "data is .*expected an? object"),
        ({"data": {"n": 1}}, "the data holds no text"),
        ({"annotations": {}}, "annotations is {}, expected a list"),
        ({"annotations": [{"result": 3}]}, "result is 3, expected a list"),
        ({"annotations": [{"result": [3]}]}, "result 0: 3, expected an? object"),
        ({"annotations": [{"result": [span("a", 0, 4, "Ann", "Per")]}]}, r"a says 'Ann', text 0\.\.4 is 'Ann,'"),
        ({"annotations": [{"result": [relation("a", "b", direction="up")]}]}, "direction .*up.*, expected right"),
        ({"annotations": [{"result": [span("a", 0, 3, "Ann", "")]}]}, "type '', expected text"),
        ({"data": {"text": "Ann\ud800"}}, "half a character"),
    ],
)
def test_malformed_tasks(read, change, message):
    with pytest.raises(DataError, match=f"record 0.*{message}"):
        read(task(ANN, **change))


def test_a_written_task(tmp_path, sentences):
    write_corpus(sentences[:1], tmp_path / "tasks.json", "label_studio")
    (written,) = json.loads((tmp_path / "tasks.json").read_text())
    assert written["data"] == {"text": "Ann Lee of Rome works for Fox .", "document_id": "0"}
    (prediction,) = written["predictions"]
    first = {"id": "T1", "from_name": "label", "to_name": "text", "type": "labels"}
    assert prediction["result"][0] == {**first, "value": {"start": 0, "end": 7, "text": "Ann Lee", "labels": ["Peop"]}}
    assert prediction["result"][3] == relation("T1", "T2", "Live_In")


@one_folder
@given(corpus=st.lists(documents(), min_size=1, max_size=3))
def test_what_is_written_is_read_again(corpus, tmp_path):
    sentences = [sentence for document in corpus for sentence in document]
    again, writing, _ = write_and_read(sentences, tmp_path / "tasks.json", "label_studio")
    assert list_spans(again) == list_spans(sentences) and not writing.counts
    scores = [score for s in sentences for score in s.relation_scores]
    if all(s.relation_scores or not s.relations for s in sentences):
        assert sorted(score for s in again for score in s.relation_scores) == sorted(scores)


def test_broken_files_are_refused_in_one_line(tmp_path):
    whole = json.dumps([task(ANN, ROME, relation("a", "b", "In")), people({"completed_by": 3}, {})]).encode()
    table = b"annotation_id,annotator,lead_time,id,label,text\n"
    table += b'1,2,3,4,"[{""start"": 0, ""end"": 3, ""labels"": [""P""]}]",Ann\n'
    files = [whole, json.dumps(SMALL).encode(), table]
    read = sum(
        assert_reads_or_refuses(tmp_path / "x", "label_studio")
        for seed in range(150)
        if (tmp_path / "x").write_bytes(break_file(files[seed % 3], seed))
    )
    assert 0 < read < 150
