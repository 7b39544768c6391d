"""Predictions that are made from gold sentences by mistakes of every kind, and text that a page must survive."""

import dataclasses
import json
import random

from helpers import ROOT

from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.formats.corpus_files import read_corpus

# What a page would run, or lose its frame by, if it did not escape it.
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    '"onmouseover="alert(3)',
    "'><img src=x onerror=alert(4)>",
    "javascript:alert(5)",
    "{{ 7 * 7 }}{% raw %}",
    "<!--",
    "&lt;b&gt;",
    "\u202eevil\u202c\u2067abc\u2069",
    "a\u2028b\u2029c",
    "x" * 10_000,
    "שלום",
    "constructor",
    "__proto__",
)


def hostile_sentences():
    """A sentence for each text of `HOSTILE`, with it as token, types and id."""
    found = []
    for text in HOSTILE:
        entities = (Entity(text, 0, 1), Entity("Loc", 1, 3), Entity(f"{text} ", 2, 3))
        relations = (Relation(text, 0, 1), Relation(f"{text}2", 1, 0))
        found.append(Sentence((text, "in", "Rome"), entities, relations, text, document_id=f"{text}d"))
    return found


def make_mistakes(sentences, seed=0):
    """The sentences with predictions: some are right, others have every kind of mistake; the same for the same seed."""
    draw = random.Random(seed)
    return [_change(sentence, draw) for sentence in sentences]


def _change(sentence, draw):
    entities, relations, places = [], [], {}
    for number, entity in enumerate(sentence.entities):
        chance = draw.random()
        if chance > 0.97:
            continue
        places[number] = len(entities)
        if chance < 0.06:
            entity = dataclasses.replace(entity, type=draw.choice(["Peop", "Loc", "Org", "Other"]))
        elif chance < 0.12 and entity.end < len(sentence.tokens):
            entity = dataclasses.replace(entity, end=entity.end + 1)
        elif chance < 0.16:
            entity = dataclasses.replace(entity, start=max(0, entity.start - 1))
        entities.append(entity)
    for relation in sentence.relations:
        chance = draw.random()
        if chance < 0.1 or not {relation.head, relation.tail} <= places.keys():
            continue
        relation = Relation(relation.type, places[relation.head], places[relation.tail])
        if chance < 0.2:
            relation = Relation(relation.type, relation.tail, relation.head)
        elif chance < 0.3:
            relation = dataclasses.replace(relation, type=draw.choice(["Live_In", "Work_For", "Kill"]))
        relations.append(relation)
    if draw.random() < 0.1:
        entities.append(Entity("Other", len(sentence.tokens) - 1, len(sentence.tokens)))
    if len(entities) > 2 and draw.random() < 0.2:
        relations.append(Relation("Live_In", len(entities) - 1, 0))
    scores = [tuple(round(draw.random(), 3) for _ in items) for items in (entities, relations)]
    return dataclasses.replace(
        sentence,
        entities=tuple(entities),
        relations=tuple(relations),
        entity_scores=scores[0],
        relation_scores=scores[1],
    )


def thousand_sentences():
    """1,000 gold sentences: the sample corpus' training data, five times."""
    return read_corpus(ROOT / "cman_tf" / "sample" / "train.json").sentences * 5


def write_records(path, sentences):
    """Write sentences as SpERT's JSON, with scores; returns the path."""
    records = []
    for sentence in sentences:
        entities = [dataclasses.asdict(entity) for entity in sentence.entities]
        relations = [dataclasses.asdict(relation) for relation in sentence.relations]
        for items, scores in ((entities, sentence.entity_scores), (relations, sentence.relation_scores)):
            for item, score in zip(items, scores):
                item["score"] = score
        names = {"orig_id": sentence.id, "document_id": sentence.document_id}
        records.append({"tokens": sentence.tokens, "entities": entities, "relations": relations, **names})
    path.write_text(json.dumps(records))
    return path
