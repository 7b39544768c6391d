"""The reader and the writer of DyGIE++'s JSON lines."""

import json
import time

import pytest
from format_checks import fuzz, read_text
from helpers import write_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import sentences

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus, write_corpus
from cman_tf.formats.source import ReadOptions

DOCUMENT = {
    "doc_key": "d1",
    "sentences": [["Ann", "Lee", "was", "born", "in", "1950", "."], ["Oslo", "is", "her", "home", "."]],
    "ner": [[[0, 1, "Peop"], [5, 5, "Year"]], [[7, 7, "Loc"]]],
    "relations": [[[0, 1, 5, 5, "Born_In"]], []],
}
ACROSS = {**DOCUMENT, "relations": [[[0, 1, 5, 5, "Born_In"], [0, 1, 7, 7, "Live_In"]], []]}


def read(folder, *documents, **options):
    """The sentences of a file with these documents."""
    return read_text(folder, "\n".join(map(json.dumps, documents)), **options)


def test_offsets_count_the_tokens_of_the_document(tmp_path):
    one, two = read(tmp_path, DOCUMENT)
    assert one == Sentence(
        tuple(DOCUMENT["sentences"][0]),
        (Entity("Peop", 0, 2), Entity("Year", 5, 6)),
        (Relation("Born_In", 0, 1),),
        "d1.1",
        document_id="d1",
    )
    assert (two.id, two.entities, two.relations) == ("d1.2", (Entity("Loc", 0, 1),), ())


def test_relation_across_sentences(tmp_path):
    problems = Problems()
    found = read(tmp_path, ACROSS, problems=problems)
    assert [len(s.relations) for s in found] == [1, 0]
    assert problems.counts == {"relation across sentences": 1}
    assert "Live_In from 'Ann Lee was' to 'Oslo is her' joins two sentences" in problems.found[0].message
    with pytest.raises(DataError, match="line 1, sentence 0, relations 1: Live_In"):
        read(tmp_path, ACROSS, problems=Problems(strict=True))


def test_sentences_are_joined_on_request(tmp_path):
    more = {**ACROSS, "sentences": [*ACROSS["sentences"], ["End"]], "ner": [*ACROSS["ner"], [[12, 12, "X"]]]}
    more["relations"] = [*ACROSS["relations"], []]
    problems = Problems()
    joined, last = read(tmp_path, more, problems=problems, options=ReadOptions(join_sentences=True))
    assert len(joined.tokens) == 12
    assert joined.entities == (Entity("Peop", 0, 2), Entity("Year", 5, 6), Entity("Loc", 7, 8))
    assert joined.relations == (Relation("Born_In", 0, 1), Relation("Live_In", 0, 2))
    assert (joined.id, last.id, last.entities) == ("d1.1", "d1.3", (Entity("X", 0, 1),))
    assert problems.counts == {"sentences_joined_for_a_relation": 1}


def test_without_labels(tmp_path):
    found = read(tmp_path, {"doc_key": "d", "sentences": [["Ann"], ["Bo"]]}, {"doc_key": "e", "sentences": [["C"]]})
    assert [(s.tokens, s.id) for s in found] == [(("Ann",), "d.1"), (("Bo",), "d.2"), (("C",), "e")]


def change(**values):
    return {**DOCUMENT, **values}


@pytest.mark.parametrize(
    ("document", "counts"),
    [
        (change(relations=[[[0, 1, 5, 5, "B"], [0, 1, 5, 5, "B"]], []]), {"duplicate relation": 1}),
        (change(ner=[[[0, 1, "P"], [0, 1, "P"]], []], relations=[[], []]), {"duplicate entity": 1}),
        (change(relations=[[[0, 1, 0, 1, "B"]], []]), {"self relation": 1}),
        (change(relations=[[[0, 0, 5, 5, "B"]], []]), {"relation without an entity": 1}),
        (change(ner=[[[0, 8, "P"]], []], relations=[[], []]), {"mention across sentences": 1}),
        (change(sentences=[["A", " ", *"bcde."], [" ", "", "\n", "\xa0", "\t"]], ner=[[], [[7, 8, "P"]]]),
         {"blank token": 1, "blank mention": 1, "sentence without tokens": 1, "relation without an entity": 1}),
        (change(ner=[[[0, 1, "P"], [0, 1, "Q"], [5, 5, "Y"]], []]), {"relation on one of several types": 1}),
        (change(clusters=[[[0, 1], [9, 9]]], events=[[[[0, "X"]]], []]),
         {"coreference_clusters_not_read": 2, "events_not_read": 1}),
        ({"doc_key": "d", "sentences": [["a"], []], "ner": [[], []]}, {"sentence without tokens": 1}),
    ],
)  # fmt: skip
def test_what_is_mended(tmp_path, document, counts):
    problems = Problems()
    assert read(tmp_path, document, problems=problems)
    assert problems.counts == counts


def test_blank_tokens_shift_what_follows(tmp_path):
    document = {"sentences": [["\n", "Ann", " ", "Lee", "of", " ", "Oslo"]], "ner": [[[1, 3, "P"], [5, 6, "L"]]]}
    document["relations"] = [[[1, 3, 5, 6, "K"]]]
    (sentence,) = read(tmp_path, document)
    assert sentence.tokens == ("Ann", "Lee", "of", "Oslo")
    assert sentence.entities == (Entity("P", 0, 2), Entity("L", 3, 4))
    assert sentence.relations == (Relation("K", 0, 1),)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (change(ner=[[[0, 12, "P"]], []]), "sentence 0, ner 0: span 0 to 12, .* below 12 tokens; ends are included"),
        (change(ner=[[[5, 4, "P"]], []]), "span 5 to 4, expected start <= end"),
        (change(ner=[[], [[0, 0, "P"]]]), "sentence 1, ner 0: span 0 to 0, expected tokens 7 to 11"),
        (change(ner=[[[10**30, 4, "P"]], []]), r"span 10000000000000000\.\.\. to 4"),
        (change(ner=[[]]), "ner has 1 lists, expected 2, one for each sentence"),
        (change(relations=[[], [], []]), "relations has 3 lists, expected 2"),
        (
            change(relations=[[[0, 1, 5, "B"]], []]),
            r"relations 0: \[0, 1, 5, \"B\"\], expected \[start, end, start, end",
        ),
        (change(ner=[[[0, True, "B"]], []]), r"ner 0: \[0, true, \"B\"\], expected \[start, end, type\]"),
        (change(ner=[[[0, 1, " "]], []]), "expected .start, end, type"),
        (change(ner=[7, []]), "ner of sentence 0: 7, expected a list"),
        (change(ner={}), "ner is {}, expected a list"),
        (change(sentences=[["a", 1], ["b"]]), "sentence 0, token 1: 1, expected text"),
        (change(sentences=[["a"], "b"]), 'sentence 1: "b", expected a list of tokens'),
        (change(doc_key={}), "doc_key is {}, expected text"),
    ],
)
def test_malformed(tmp_path, document, message):
    with pytest.raises(DataError, match=f"line 1.*{message}") as error:
        read_corpus(write_file(tmp_path, json.dumps(document)), "dygie")
    assert "\n" not in str(error.value)


PREDICTED = {
    **DOCUMENT,
    "predicted_ner": [[[0, 1, "Peop", 7.5, 0.75], [0, 1, "Peop", 7.5, 0.75], [5, 5, "Year", 3.0, 0.5]], []],
    "predicted_relations": [[[0, 1, 5, 5, "Born_In", 9.1, 0.25], [2, 3, 5, 5, "Live_In", 1.0, 0.5]], []],
}


def test_predictions(tmp_path):
    assert read(tmp_path, PREDICTED)[0].relations == (Relation("Born_In", 0, 1),)  # the labels of people
    one, two = read(tmp_path, PREDICTED, predictions=True)
    assert one.entities == (Entity("Peop", 0, 2), Entity("Year", 5, 6))
    assert (one.entity_scores, one.relation_scores) == ((0.75, 0.5), (0.25,))
    assert one.unattached_relations == (("Live_In", 3, 5),)
    assert not two.entities
    problems = Problems()
    alone = {key: value for key, value in PREDICTED.items() if key not in ("ner", "relations")}
    assert read(tmp_path, alone, problems=problems)[0].entities == one.entities
    assert problems.counts["documents_with_predicted_labels_only"] == 1
    write_corpus([one, two], tmp_path / "written", "dygie")
    assert read_corpus(tmp_path / "written", predictions=True).sentences == [one, two]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(corpus=st.lists(st.tuples(sentences(), st.sampled_from(["", "d", "e"])), min_size=1, max_size=4))
def test_what_is_written_is_read_again(corpus, tmp_path):
    problems = Problems()
    whole = [Sentence(s.tokens, s.entities, s.relations, document_id=document) for s, document in corpus]
    write_corpus(whole, tmp_path / "corpus", "dygie", problems)
    for again, sentence in zip(read_corpus(tmp_path / "corpus").sentences, whole):
        assert (again.tokens, again.entities) == (sentence.tokens, sentence.entities)
        assert not sentence.document_id or again.document_id == sentence.document_id
        if not problems.counts:
            assert again.relations == sentence.relations


def test_the_writer_groups_documents(tmp_path):
    corpus = [Sentence((t,), (Entity("P", 0, 1),), id=t, document_id=d) for t, d in zip("abcd", ["x", "x", "", ""])]
    write_corpus(corpus, tmp_path / "corpus", "dygie")
    records = [json.loads(line) for line in (tmp_path / "corpus").read_text().splitlines()]
    assert [record["doc_key"] for record in records] == ["x", "c", "d"]
    assert records[0]["ner"] == [[[0, 0, "P"]], [[1, 1, "P"]]]


def test_any_change_gives_sentences_or_one_error(tmp_path):
    fuzz(tmp_path, "\n".join(map(json.dumps, (PREDICTED, ACROSS))).encode(), "dygie", 200)


@pytest.mark.parametrize("join", [False, True])
def test_many_annotations_take_linear_time(tmp_path, join):
    count = 30_000
    document = {
        "doc_key": "d",
        "sentences": [["t"] * count, ["u"] * count],
        "ner": [[[n, count - 1, "P"] for n in range(count)], [[n, n, "P"] for n in range(count, 2 * count)]],
        "relations": [[[n, count - 1, count + n, count + n, "K"] for n in range(count)], []],
    }
    start = time.monotonic()
    problems = Problems()
    found = read(tmp_path, document, problems=problems, options=ReadOptions(join_sentences=join))
    assert sum(len(s.relations) for s in found) == (count if join else 0)
    assert problems.counts["relation across sentences"] == (0 if join else count)
    write_corpus(found, tmp_path / "again", "dygie")
    assert time.monotonic() - start < 10
