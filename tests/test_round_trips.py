"""A corpus that is written in one format, read, written in another and read again keeps what both formats can hold."""

import dataclasses
import importlib.util
import pathlib
import tempfile
from collections import Counter

import pytest
from hypothesis import given, settings
from strategies import corpora

from cman_tf.data.problems import Problems
from cman_tf.data.types import ROOT, group_documents
from cman_tf.formats.corpus_files import read_corpus, write_corpus
from cman_tf.formats.registry import REGISTRY

# What a format can hold besides tokens, flat entities and the relations between them, which all of them do but the
# triples: those hold the entities of relations only.
HOLDS = {
    "spert": {"overlaps", "same places", "names", "documents", "texts"},
    "spert_lines": {"overlaps", "same places", "names", "documents", "texts"},
    "multihead": {"names"},
    "multihead_root": {"names"},
    "conll": {"borders"},
    "dygie": {"overlaps", "borders", "documents"},
    "spacy": {"borders", "documents", "texts"},
    "spacy_json": {"borders", "documents", "texts"},
}
PARTIAL = {"triples", "triples_csv"}
NEEDS = {"spacy": "spacy"}
FORMATS = [
    name
    for name, format in REGISTRY.items()
    if format.read and format.is_written and importlib.util.find_spec(NEEDS.get(name, "json"))
]


@dataclasses.dataclass
class Content:
    """What a corpus holds, however it is cut into sentences."""

    tokens: list
    entities: Counter
    relations: Counter
    names: list
    documents: list
    borders: list
    texts: str

    @classmethod
    def of(cls, sentences):
        tokens, entities, relations = [], Counter(), Counter()
        for sentence in sentences:
            spans = [(e.type, e.start + len(tokens), e.end + len(tokens)) for e in sentence.entities]
            entities.update(span for span in spans if span[0] != ROOT)
            relations.update((r.type, spans[r.head], spans[r.tail]) for r in sentence.relations)
            tokens += sentence.tokens
        documents = [s.document_id for s in sentences for _ in s.tokens]
        return cls(
            tokens,
            entities,
            relations,
            [s.id for s in sentences],
            documents,
            [place for place in range(1, len(tokens)) if documents[place] != documents[place - 1]],
            " ".join(d.text or " ".join(t for s in d.sentences for t in s.tokens) for d in group_documents(sentences)),
        )


def pass_through(sentences, name, problems):
    """Write sentences in a format and read them again."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, f"corpus{REGISTRY[name].ending}")
        write_corpus(sentences, path, name, problems)
        return read_corpus(path, name, problems=problems).sentences


def compare(before, after, names, problems):
    """Nothing is lost that all of the formats hold; nothing is lost without a report; nothing is added."""
    lost = sum((before.entities - after.entities).values()) + sum((before.relations - after.relations).values())
    reported = sum(problem_count for kind, problem_count in problems.counts.items() if " " in kind)
    assert after.tokens == before.tokens
    assert not after.entities - before.entities and not after.relations - before.relations
    assert lost <= reported
    if not PARTIAL & set(names):
        assert after.relations == before.relations or "same places" not in held(names)
        assert after.entities == before.entities or "overlaps" not in held(names)
    for thing in held(names) & {"names", "documents", "borders"}:
        if thing == "names" or all(before.documents):  # formats name documents that have no name
            assert getattr(after, thing) == getattr(before, thing), thing


def held(names):
    """What all of these formats hold; of a format that is not in the table nothing is known."""
    return set.intersection(*(HOLDS.get(name, set()) for name in names))


@pytest.mark.parametrize("first", FORMATS)
@settings(max_examples=15)
@given(corpus=corpora())
def test_two_formats_keep_what_both_hold(first, corpus):
    before, problems = Content.of(corpus), Problems()
    between = pass_through(corpus, first, problems)
    compare(before, Content.of(between), [first], problems)
    if first not in PARTIAL:  # entities that do not overlap
        assert Content.of(between).entities == before.entities
        assert Content.of(between).relations == before.relations
    for second in FORMATS:
        problems = Problems()
        after = Content.of(pass_through(between, second, problems))
        compare(Content.of(between), after, [second], problems)
        compare(before, after, [first, second], reported_twice(problems))
        if not PARTIAL & {first, second}:
            assert (after.entities, after.relations) == (before.entities, before.relations)
        if {first, second} <= {"spert", "spacy", "spacy_json"}:
            assert after.texts.split() == before.texts.split()


def reported_twice(problems):
    """Problems to which those of the first format need not be added: a partial format reports what it leaves out."""
    counts = Problems()
    counts.counts = problems.counts + Counter({"left out before": 10**6})
    return counts


@pytest.mark.parametrize("first", FORMATS)
@settings(max_examples=15)
@given(corpus=corpora(flat=False))
def test_overlapping_entities_are_kept_or_reported(first, corpus):
    before, problems = Content.of(corpus), Problems()
    after = Content.of(pass_through(corpus, first, problems))
    compare(before, after, [first], problems)


def test_every_format_of_the_table_is_there():
    assert set(HOLDS) <= set(REGISTRY)
