"""Annotating documents of spaCy with a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span
from spacy.util import minibatch

from cman_tf.data.types import Document, Entity, Sentence
from cman_tf.errors import DataError
from cman_tf.inference.extraction import Extraction
from cman_tf.inference.inputs import MAX_ENTITIES
from cman_tf.integrations.spacy_relations import SpacyRelation, set_relations

REPLACE, KEEP, GIVEN = "replace", "keep", "given"
ENTS = (REPLACE, KEEP, GIVEN)


class ReadDoc(NamedTuple):
    """What a model reads of a document of spaCy.

    Attributes:
      document: the tokens, without those that are blank, in sentences, with the entities that are given.
      places: the place in spaCy's document of each of the tokens.
      given: the entities that are given, in their order.
    """

    document: Document
    places: list[int]
    given: list[Span]


class SpacyAnnotator:
    """Finds entities and relations in documents of spaCy.

    The model reads the document's tokens, and its sentences, if their borders are set; otherwise the document is one
    sentence.

    Args:
      extractor: the model, a `cman_tf.Extractor`.
      options: the options of `Extractor.extract`.
      ents: `replace`: the entities that the model finds replace those of the document. `keep`: those of the document
        stay, and the model's are added where they do not overlap with them. `given`: the model finds no entities, but
        relations between those of the document whose types it knows.
      extension: the name of the attribute `doc._.NAME` that holds the relations.
    """

    def __init__(self, extractor: Any, options: dict[str, Any], ents: str, extension: str) -> None:
        self._extractor, self._options, self._ents, self._extension = extractor, options, ents, extension

    @property
    def labels(self) -> tuple[str, ...]:
        """The entity types that the component may set."""
        return () if self._ents == GIVEN else self._extractor.entity_types

    def __call__(self, doc: Doc) -> Doc:
        """Annotate one document."""
        self._annotate([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Annotate many documents, as `nlp.pipe` does, in batches."""
        for batch in minibatch(stream, batch_size):
            docs = list(batch)
            self._annotate(docs)
            yield from docs

    def _annotate(self, docs: list[Doc]) -> None:
        types = self._extractor.entity_types if self._ents == GIVEN else ()
        read = [read_doc(doc, types) for doc in docs]
        inputs = [one.document for one in read if one.places]
        found = iter(self._extractor.extract(inputs, **self._options, given_entities=self._ents == GIVEN))
        for doc, one in zip(docs, read):
            self._write(doc, next(found) if one.places else Extraction(), one)

    def _write(self, doc: Doc, found: Extraction, read: ReadDoc) -> None:
        """Set the entities and relations of a document."""
        if self._ents == GIVEN:
            spans = read.given
        else:
            places = read.places
            spans = [Span(doc, places[e.start], places[e.end - 1] + 1, label=e.type) for e in found.entities]
        kept = set(range(len(spans)))
        if self._ents == REPLACE:
            doc.ents = spans
        elif self._ents == KEEP:
            kept = _add_entities(doc, spans)
        number_of = {entity: number for number, entity in enumerate(found.entities)}
        ends = [(number_of[relation.head], number_of[relation.tail]) for relation in found.relations]
        relations = [
            SpacyRelation(spans[head], relation.type, spans[tail], relation.score)
            for relation, (head, tail) in zip(found.relations, ends)
            if head in kept and tail in kept
        ]
        set_relations(doc, self._extension, relations)


def validate_ents(ents: str) -> None:
    """Raise DataError if a value is none of `ENTS`."""
    if ents not in ENTS:
        raise DataError(f"ents is {ascii(ents)[:40]}, expected one of {', '.join(ENTS)}")


def read_doc(doc: Doc, given_types: Iterable[str] = ()) -> ReadDoc:
    """Turn a document of spaCy into one that a model reads.

    Args:
      doc: the document.
      given_types: the types of the entities that are given to the model. An entity that crosses the border of a
        sentence, or that consists of blanks, is not given.

    Returns:
      The document.

    Raises:
      DataError: if there are more such entities than a model reads.
    """
    types = {*given_types}
    read = ReadDoc(Document("", ()), [], [])
    sentences: list[Sentence] = []
    for part in doc.sents if doc.has_annotation("SENT_START") else [doc[:]]:
        tokens = [token.i for token in part if not token.is_space]
        place_of = {token: number for number, token in enumerate(tokens)}
        entities: list[Entity] = []
        for span in part.ents if types else ():
            inside = [place_of[token] for token in range(span.start, span.end) if token in place_of]
            if span.label_ in types and inside:
                entities.append(Entity(span.label_, inside[0], inside[-1] + 1))
                read.given.append(span)
        if tokens:
            sentences.append(Sentence(tuple(doc[token].text for token in tokens), tuple(entities)))
            read.places.extend(tokens)
    if len(read.given) > MAX_ENTITIES:
        raise DataError(f"a document of {len(read.given)} entities, expected at most {MAX_ENTITIES} to relate")
    return read._replace(document=Document("", tuple(sentences)))


def _add_entities(doc: Doc, spans: list[Span]) -> set[int]:
    """Add entities to those of a document where they do not overlap with them.

    Returns:
      The numbers of the spans that are entities of the document now.
    """
    taken = {token for span in doc.ents for token in range(span.start, span.end)}
    fresh = [number for number, span in enumerate(spans) if not taken.intersection(range(span.start, span.end))]
    doc.ents = [*doc.ents, *(spans[number] for number in fresh)]
    present = {(span.start, span.end, span.label) for span in doc.ents}
    return {number for number, span in enumerate(spans) if (span.start, span.end, span.label) in present}
