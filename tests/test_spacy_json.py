"""The reader and the writer of spaCy's JSON; spaCy itself reads what is written."""

import json
import time

import pytest
from format_checks import fuzz, read_text
from helpers import write_file

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus, write_corpus

TEXT = "Ann Lee left  Oslo.\nBo stayed. "
TOKENS = [(0, 3), (4, 7), (8, 12), (13, 14), (14, 18), (18, 19), (19, 20), (20, 22), (23, 29), (29, 30)]
DOCUMENT = {
    "text": TEXT,
    "ents": [{"start": 0, "end": 7, "label": "Per"}, {"start": 14, "end": 18, "label": "Loc"}],
    "sents": [{"start": 0, "end": 20}, {"start": 20, "end": 30}],
    "tokens": [{"id": number, "start": start, "end": end} for number, (start, end) in enumerate(TOKENS)],
}


def with_relations(**values):
    return {**DOCUMENT, **values}


def test_given_tokens_and_sentences_are_kept(tmp_path):
    one, two = read_text(tmp_path, json.dumps([{**DOCUMENT, "meta": {"id": 7}}]))
    assert one.tokens == ("Ann", "Lee", "left", "Oslo", ".")  # blanks are no tokens
    assert one.entities == (Entity("Per", 0, 2), Entity("Loc", 3, 4))
    assert two.tokens == ("Bo", "stayed", ".")
    assert one.text + two.text == TEXT
    assert (one.id, two.id, one.document_id) == ("7.1", "7.2", "7")


@pytest.mark.parametrize(
    "relations",
    [
        {"_": {"rel": [{"head": 0, "tail": 4, "label": "Left"}]}},
        {"_": {"rel": [{"head": 0, "tail": 4, "label": "Left", "score": 0.9}]}},
        {"_": {"rel": {"(0, 4)": {"Left": 1.0, "Lives": 0.2}}}},
        {"rel": {"0,4": {"Left": 0.5}}},
        {"relations": [{"head": 1, "child": 4, "label": "Left"}]},
        {
            "relations": [
                {
                    "head": 9,
                    "child": 9,
                    "label": "Left",
                    "head_span": {"start": 0, "end": 7},
                    "child_span": {"start": 14, "end": 18},
                }
            ]
        },
    ],
)
def test_relations(tmp_path, relations):
    one, _ = read_text(tmp_path, json.dumps(with_relations(**relations)))
    assert one.relations == (Relation("Left", 0, 1),)


def test_prodigy(tmp_path):
    record = {**DOCUMENT, "spans": DOCUMENT["ents"], "relations": [{"head": 1, "child": 4, "label": "K"}]}
    del record["ents"], record["sents"]
    problems = Problems()
    lines = "\n".join(json.dumps({**record, "answer": answer}) for answer in ("accept", "reject"))
    found = read_text(tmp_path, lines, problems=problems)
    assert sum(len(s.entities) for s in found) == 2 and found[0].relations == (Relation("K", 0, 1),)
    assert problems.counts["rejected example"] == 1


def test_what_is_mended(tmp_path):
    rel = [{"head": h, "tail": t, "label": "K"} for h, t in ((0, 4), (0, 4), (0, 0), (0, 2), (0, 10**6))]
    problems = Problems()
    read_text(tmp_path, json.dumps(with_relations(_={"rel": rel})), problems=problems)
    assert problems.counts["relation without an entity"] == 2
    assert problems.counts["self relation"] == problems.counts["duplicate relation"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": 1}, "text is 1, expected a string"),
        ({"text": "\ud800"}, "lone surrogate"),
        ({"ents": [{"start": 0, "end": 99, "label": "P"}]}, "ent 0: span 0.*99, expected start < end"),
        ({"ents": [{"start": 0, "end": 3, "label": ""}]}, 'ent 0: label is "", expected text'),
        ({"tokens": [{"start": 3, "end": 5}, {"start": 4, "end": 6}]}, "tokens 1: span 4 to 6, .* from 5"),
        ({"sents": [{"start": 0, "end": 99}]}, "sents 0: span 0 to 99, expected start < end"),
        ({"_": {"rel": 7}}, "rel is 7, expected a list of relations"),
        ({"_": {"rel": [{"head": 0}]}}, "relation 0: .*expected head, tail"),
        ({"_": {"rel": {"x": {}}}}, 'rel: "x", expected a pair of tokens'),
        ({"_": {"rel": {"0,4": {"K": True}}}}, "expected types and scores"),
    ],
)  # fmt: skip
def test_malformed(tmp_path, change, message):
    with pytest.raises(DataError, match=message) as error:
        read_corpus(write_file(tmp_path, json.dumps([{**DOCUMENT, **change}])), "spacy_json")
    assert "\n" not in str(error.value)


CORPUS = [
    Sentence(("Ann", "left", "Oslo"), (Entity("P", 0, 1), Entity("L", 2, 3)), (Relation("K", 1, 0),), document_id="d"),
    Sentence(("Bo", "."), text=" Bo\n .", offsets=((1, 3), (5, 6)), document_id="d"),
    Sentence(("C",), text="C", offsets=((0, 1),), document_id="d"),
    Sentence(("D",), document_id="d"),
]


@pytest.mark.extra(name="spacy")
def test_what_is_written_is_read_again_by_spacy_too(tmp_path):
    import spacy

    write_corpus(CORPUS, tmp_path / "corpus", "spacy_json")
    (record,) = json.loads((tmp_path / "corpus").read_text())
    doc = spacy.tokens.Doc(spacy.blank("xx").vocab).from_json(
        {k: v for k, v in record.items() if k != "_"}, validate=True
    )
    assert doc.text == "Ann left Oslo Bo\n .C D"
    assert [ent.text for ent in doc.ents] == ["Ann", "Oslo"]
    assert [sent.text for sent in doc.sents] == ["Ann left Oslo", "Bo\n .", "C", "D"]
    assert doc.to_json()["tokens"] == record["tokens"]
    again = read_corpus(tmp_path / "corpus").sentences
    assert [(s.tokens, s.entities, s.relations) for s in again] == [(s.tokens, s.entities, s.relations) for s in CORPUS]


def test_what_spacy_cannot_hold(tmp_path):
    entities = (Entity("P", 0, 1), Entity("Q", 0, 2))
    sentences = [
        Sentence(("a", "b"), entities, (Relation("K", 0, 1),), unattached_relations=(("K", 0, 1),)),
        Sentence(("a", "b"), text="a!b", offsets=((0, 1), (2, 3))),
    ]
    problems = Problems()
    write_corpus(sentences, tmp_path / "corpus", "spacy_json", problems)
    again = read_corpus(tmp_path / "corpus").sentences
    assert [s.tokens for s in again] == [("a", "b")] * 2
    assert again[0].entities == (Entity("Q", 0, 2),)
    assert problems.counts == {
        "overlapping entity": 1,
        "relation on an omitted entity": 1,
        "relation without an entity": 1,
        "text outside of tokens": 1,
    }


def test_the_file_of_a_colleague(tmp_path):
    """The example that was refused before."""
    tokens = [(0, 3), (4, 8), (9, 14), (15, 18), (19, 24), (25, 29), (29, 30)]
    record = {
        "text": "Ada Reed works for Orion Labs.",
        "ents": [{"start": 0, "end": 8, "label": "PERSON"}, {"start": 19, "end": 29, "label": "ORG"}],
        "tokens": [{"id": number, "start": start, "end": end} for number, (start, end) in enumerate(tokens)],
    }
    (sentence,) = read_text(tmp_path, json.dumps([record]))
    assert sentence.tokens == ("Ada", "Reed", "works", "for", "Orion", "Labs", ".")
    assert sentence.entities == (Entity("PERSON", 0, 2), Entity("ORG", 4, 6))


def test_any_change_gives_sentences_or_one_error(tmp_path):
    record = with_relations(_={"rel": [{"head": 0, "tail": 4, "label": "Left"}]})
    fuzz(tmp_path, "\n".join([json.dumps(record)] * 2).encode(), "spacy_json", 200)


def test_a_long_document_takes_linear_time(tmp_path):
    count = 30_000
    entities = tuple(Entity("P", n, n + 1) for n in range(count))
    relations = tuple(Relation("K", n, n + 1) for n in range(count - 1))
    start = time.monotonic()
    write_corpus([Sentence(("t",) * count, entities, relations)], tmp_path / "corpus", "spacy_json")
    (again,) = read_corpus(tmp_path / "corpus").sentences
    assert len(again.relations) == count - 1
    assert time.monotonic() - start < 10
