"""Triples by string, as JSON lines and as a table, and the Cypher statements."""

import csv
import dataclasses
import json
import sys

import pytest
from documents import Spans, assert_reads_or_refuses, break_file, list_spans, write_and_read
from helpers import write_file
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import documents

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus, write_corpus

one_folder = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = "Ann met Bo in New\n York; Bo left Ann's New York-Ville."


def read(tmp_path, content, **options):
    if not isinstance(content, str):
        content = json.dumps(content) + "\n"
    problems = Problems()
    return read_corpus(write_file(tmp_path, content, "x"), problems=problems, **options).sentences, problems


@pytest.mark.parametrize(
    "triple",
    [
        ["Ada", "in", "New York"],
        {"head": "Ada", "relation": "in", "tail": "New York"},
        {"head": "Ada", "type": "in", "tail": "New York", "score": 0.5},
        {"subject": "Ada", "predicate": "in", "object": "New York"},
    ],
)
def test_triples_of_every_kind(tmp_path, triple):
    (sentence,), problems = read(tmp_path, {"text": "Ada is in New\n York.", "triples": [triple]})
    assert sentence.tokens == ("Ada", "is", "in", "New", "York", ".")
    assert sentence.entities == (Entity("Entity", 0, 1), Entity("Entity", 3, 5))
    assert sentence.relations == (Relation("in", 0, 1),) and not problems.counts


def test_ambiguous_and_missing_arguments(tmp_path):
    triples = [["Ann", "met", "Bo"], ["Ann", "met", "Cy"], ["Ann", "in", "New York"], ["nn", "x", "York"]]
    sentences, problems = read(tmp_path, {"text": TEXT, "triples": triples})
    assert not any(s.entities for s in sentences)
    assert problems.counts == {"triple with an ambiguous argument": 3, "triple with a missing argument": 1}
    assert "line 1, triple 0 (met: 'Ann' stands at several places" in problems.summarize()[0]


def test_whole_tokens_only(tmp_path):
    """The "Ann" of "Annual" is no argument; so one place is left."""
    sentences, problems = read(tmp_path, {"text": "Annual fees hit Ann in Rome.", "triples": [["Ann", "in", "Rome"]]})
    assert sentences[0].entities == (Entity("Entity", 3, 4), Entity("Entity", 5, 6)) and not problems.counts


def test_types_and_places(tmp_path):
    triple = {"head": "Bo", "head_type": "Per", "relation": "met", "tail": "Ann", "tail_type": "Per"}
    text = "Bo and Bo met Ann"
    (sentence,), problems = read(tmp_path, {"text": text, "triples": [{**triple, "head_start": 7, "head_end": 9}]})
    assert sentence.entities == (Entity("Per", 2, 3), Entity("Per", 4, 5)) and not problems.counts
    with pytest.raises(DataError, match=r"triple 0: .*says 'Bo', text 0\.\.3 is 'Bo '|triple 0: .*did you mean"):
        read(tmp_path, {"text": text, "triples": [{**triple, "head_start": 0, "head_end": 1}]})


def test_the_table_of_the_cases(tmp_path):
    table = 'sentence,head,relation,tail\n"Ada Reed works for Orion Labs.",Ada Reed,works_for,Orion Labs\n'
    table += '"Ada Reed works for Orion Labs.",Orion Labs,employs,Ada Reed\n\n"Nothing, ""here""",,,\n'
    sentences, problems = read(tmp_path, table)
    assert [s.text for s in sentences] == ["Ada Reed works for Orion Labs.", 'Nothing, "here"']
    assert sentences[0].entities == (Entity("Entity", 0, 2), Entity("Entity", 4, 6))
    assert sentences[0].relations == (Relation("works_for", 0, 1), Relation("employs", 1, 0))
    assert not problems.counts


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_names_and_delimiters(tmp_path, delimiter):
    rows = [["ID", "Text", "Subject", "Predicate", "Object", "x"], ["1", "Ann left Bo", "Ann", "left", "Bo", ""]]
    (sentence,), _ = read(tmp_path, "\ufeff" + "\r\n".join(delimiter.join(row) for row in rows))
    assert sentence.relations == (Relation("left", 0, 1),)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("sentence,head,relation,tail\na,b,c,d,e\n", "line 2: 5 values, expected 4"),
        ('sentence,head,relation,tail\n"a,b\n', "line 2: no row of a table"),
        ("sentence,head,relation,tail\na b,a,,b\n", "line 2: relation is null, expected a string"),
        ("sentence,head,relation,tail,score\na b,a,r,b,high\n", "line 2: score is .*high.*, expected a number"),
        ("sentence,head,relation,tail,head\n", "expected different names of columns"),
        ("a,head,relation,tail\nx,a,r,b\n", "no column sentence"),
    ],
)
def test_malformed_tables(tmp_path, table, message):
    with pytest.raises(DataError, match=message):
        read_corpus(write_file(tmp_path, table), "triples_csv", problems=Problems())


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"text": "a", "triples": 3}, "triples is 3, expected a list"),
        ({"text": "a", "triples": [3]}, "triple 0: 3, expected"),
        ({"text": "a", "triples": [["a", "b"]]}, r"expected \[head, relation, tail\]"),
        ({"text": "a", "triples": [["a", 1, "b"]]}, "relation is 1, expected a string"),
        ({"text": "a", "triples": [{"head": "a", "relation": "r", "tail": "a", "head_type": 3}]}, "head_type is 3"),
    ],
)
def test_malformed_records(tmp_path, record, message):
    with pytest.raises(DataError, match=message):
        read_corpus(write_file(tmp_path, json.dumps(record)), "triples", problems=Problems())


def related(document):
    """What triples hold of a document: the relations between two entities, and their entities."""
    kept = frozenset(end for _, *ends in document.relations for end in ends)
    return Spans(document.text, kept, document.relations)


@one_folder
@given(corpus=st.lists(documents(), min_size=1, max_size=3))
def test_what_is_written_is_read_again(corpus, tmp_path):
    sentences = [sentence for document in corpus for sentence in document]
    again, writing, _ = write_and_read(sentences, tmp_path / "x", "triples")
    assert [related(d) for d in list_spans(again)] == [related(d) for d in list_spans(sentences)]
    alone = sum(len(s.entities) - len({e for r in s.relations for e in (r.head, r.tail)}) for s in sentences)
    assert writing.counts["entity without a relation"] == alone


@one_folder
@given(corpus=st.lists(documents(), min_size=1, max_size=3, unique_by=lambda d: d[0].document_id))
def test_a_written_table_is_read_again(corpus, tmp_path):
    if sys.version_info < (3, 11):  # whose csv refuses the character NUL, in one line of ours
        assume(r"\x00" not in repr(corpus))
    sentences = [sentence for document in corpus for sentence in document]
    again, _, _ = write_and_read(sentences, tmp_path / "x", "triples_csv")
    for document in corpus:  # the reader keeps the sentences of a document apart
        for number, sentence in enumerate(document[:-1]):
            if not sentence.text[-1].isspace():
                document[number] = dataclasses.replace(sentence, text=sentence.text + "\n")
    apart = [sentence for document in corpus for sentence in document]
    assert [related(d) for d in list_spans(again)] == [related(d) for d in list_spans(apart)]
    with open(tmp_path / "x", encoding="utf-8", newline="") as file:
        assert [row["sentence"] for row in csv.DictReader(file)][0] == sentences[0].text


def test_the_names_of_sentences_are_kept(tmp_path):
    corpus = [Sentence(("Ann", "left"), id=name, document_id="d") for name in ("s1", "s2")]
    for place in ("x", "y"):
        write_corpus(corpus, tmp_path / place, "triples_csv")
        corpus = read_corpus(tmp_path / place).sentences
    assert [(s.id, s.document_id, s.tokens) for s in corpus] == [(s, "d", ("Ann", "left")) for s in ("s1", "s2")]


def test_equal_neighbours_stay_two_sentences(tmp_path):
    write_corpus([Sentence(("Ann", "left"))] * 2, tmp_path / "x", "triples_csv")
    assert len(read_corpus(tmp_path / "x").sentences) == 2


def test_scores_are_read_again(tmp_path):
    ann, bo = Entity("Per", 0, 1), Entity("Per", 2, 3)
    sentence = Sentence(("Ann", "met", "Bo"), (ann, bo), (Relation("met", 0, 1),), relation_scores=(0.25,))
    for name in ("triples", "triples_csv", "label_studio", "doccano"):
        write_corpus([sentence], tmp_path / name, name)
        assert read_corpus(tmp_path / name).sentences[0].relation_scores == (0.25,)


def test_broken_files_are_refused_in_one_line(tmp_path):
    objects = [{"head": "Ann", "relation": "r", "tail": "Bo", "head_start": 0, "head_end": 3, "score": 0.5}]
    record = json.dumps({"id": 1, "text": "Ann met Bo", "triples": [["Ann", "met", "Bo"], *objects]}).encode()
    table = b'sentence,head,relation,tail,head_start,head_end,score\n"Ann, Bo",Ann,met,Bo,0,3,0.5\nx,,,,,,\n'
    for name, content in (("triples", record), ("triples_csv", table)):
        read = 0
        for seed in range(100):
            (tmp_path / "x").write_bytes(break_file(content, seed))
            read += assert_reads_or_refuses(tmp_path / "x", name)
        assert 0 < read < 100


def test_many_long_arguments_take_little_time(tmp_path):
    words = ["a", "b"] * 15_000
    triples = [[" ".join(words[: n % 100]) + " c", "r", "b" * n] for n in range(10_000)]
    _, problems = read(tmp_path, {"text": " ".join(words), "triples": triples})
    assert problems.counts["triple with a missing argument"] == 10_000
