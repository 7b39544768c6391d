"""A part of a spaCy pipeline that sets `doc.ents` and `doc._.relations`.

    nlp.add_pipe("cman_tf", config={"model": "conll04"})

spaCy finds this factory by the package's entry point, so that nothing has to be imported.
"""

# Without `from __future__ import annotations`: spaCy reads the annotations of `make_pipe` as they are.
import dataclasses
import os
from collections.abc import Iterable, Iterator
from typing import Any, Optional

from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc, Span
from spacy.util import filter_spans, minibatch

import cman_tf
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError

# Plain values, so that `doc.to_bytes` can write them.
_RELATIONS, _SCORES = "cman_tf_relations", "cman_tf_scores"


@dataclasses.dataclass(frozen=True)
class SpanRelation:
    """A relation between two spans of a document.

    Attributes:
      head: the first argument (the person in `Live_In`).
      type: the name of its type.
      tail: the second argument.
      score: its probability.
    """

    head: Span
    type: str
    tail: Span
    score: float

    def __str__(self) -> str:
        return f"{self.head.text} -- {self.type} -> {self.tail.text} ({self.score:.2f})"


@Language.factory(
    "cman_tf",
    assigns=["doc.ents", "doc._.relations"],
    default_config={
        "model": "conll04",
        "relation_threshold": None,
        "entity_threshold": None,
        "thresholds": "default",
        "constrain_types": "off",
        "overwrite_ents": True,
    },
)
def make_pipe(
    nlp: Language,
    name: str,
    model: str,
    relation_threshold: Optional[float],
    entity_threshold: Optional[float],
    thresholds: str,
    constrain_types: str,
    overwrite_ents: bool,
) -> "CmanPipe":
    """Make the pipeline part. spaCy calls this from `nlp.add_pipe`.

    Args:
      nlp: the pipeline.
      name: the part's name in the pipeline.
      model: the directory of a run of `cman-tf train`, or `conll04`.
      relation_threshold: relations above this score are found; None: the model's default.
      entity_threshold: entities of at least this score are found; None: the model's default.
      thresholds: `default` or `tuned`, as for `cman_tf.load`.
      constrain_types: as for `cman_tf.load`.
      overwrite_ents: whether `doc.ents` is replaced. If not, earlier entities stay, and found ones that overlap them
        are left out of `doc.ents`, but not of `doc._.relations`.

    Raises:
      DataError: if the model cannot be loaded.
    """
    del nlp
    extractor = cman_tf.load(model, constrain_types=constrain_types, thresholds=thresholds)
    given = {"relation_threshold": relation_threshold, "entity_threshold": entity_threshold}
    options = {key: value for key, value in given.items() if value is not None}
    return CmanPipe(name, extractor, options, overwrite_ents)


class CmanPipe(Pipe):
    """Finds entities and relations in documents with the tokens of spaCy.

    The model reads sentence by sentence if the document has sentence borders, else the document as one sentence.

    Args:
      name: the part's name in the pipeline.
      extractor: the loaded model.
      options: options of `Extractor.extract`.
      overwrite_ents: whether `doc.ents` is replaced.
    """

    def __init__(self, name: str, extractor: Any, options: dict[str, Any], overwrite_ents: bool = True) -> None:
        self.name, self._extractor, self._options, self._overwrites = name, extractor, options, overwrite_ents
        self._process = os.getpid()
        if not Doc.has_extension("relations"):
            Doc.set_extension("relations", getter=get_relations)
        if not Span.has_extension("cman_score"):
            Span.set_extension("cman_score", getter=get_score)

    def __call__(self, doc: Doc) -> Doc:
        """Set the entities and relations of one document."""
        self._annotate([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Set the entities and relations of many documents, `batch_size` at a time."""
        for docs in minibatch(stream, size=batch_size):
            batch = list(docs)
            self._annotate(batch)
            yield from batch

    @property
    def labels(self) -> tuple[str, ...]:
        """The entity types that the model knows."""
        return self._extractor.entity_types

    def _annotate(self, docs: list[Doc]) -> None:
        if os.getpid() != self._process:
            raise DataError("cman_tf in a process that did not load it, expected nlp.pipe with n_process=1")
        parts = [(doc, places) for doc in docs for places in _cut(doc)]
        sentences = [Sentence(tuple(doc[place].text for place in places)) for doc, places in parts]
        found = self._extractor.extract(sentences, **self._options) if sentences else []
        entities: dict[int, list[tuple[int, int, str, float]]] = {id(doc): [] for doc in docs}
        relations: dict[int, list[list[Any]]] = {id(doc): [] for doc in docs}
        for (doc, places), extraction in zip(parts, found):

            def span(entity: Any, places: list[int] = places) -> tuple[int, int]:
                return places[entity.start], places[entity.end - 1] + 1

            entities[id(doc)] += [(*span(e), e.type, float(e.score)) for e in extraction.entities]
            relations[id(doc)] += [
                [*span(r.head), r.head.type, *span(r.tail), r.tail.type, r.type, float(r.score)]
                for r in extraction.relations
            ]
        for doc in docs:
            doc.user_data[_RELATIONS] = relations[id(doc)]
            doc.user_data[_SCORES] = [[start, end, kind, score] for start, end, kind, score in entities[id(doc)]]
            spans = [Span(doc, start, end, label=kind) for start, end, kind, _ in entities[id(doc)]]
            if not self._overwrites:
                taken = {token.i for entity in doc.ents for token in entity}
                spans = [*doc.ents, *(s for s in spans if taken.isdisjoint(range(s.start, s.end)))]
            doc.ents = filter_spans(spans)


def get_relations(doc: Doc) -> list[SpanRelation]:
    """Return the relations that were found in a document: `doc._.relations`."""
    return [
        SpanRelation(Span(doc, head, head_end, label=of_head), kind, Span(doc, tail, tail_end, label=of_tail), score)
        for head, head_end, of_head, tail, tail_end, of_tail, kind, score in doc.user_data.get(_RELATIONS, [])
    ]


def get_score(span: Span) -> Optional[float]:
    """Return the score of an entity, None for other spans: `entity._.cman_score`."""
    wanted = [span.start, span.end, span.label_]
    return next((row[3] for row in span.doc.user_data.get(_SCORES, []) if [*row[:3]] == wanted), None)


def _cut(doc: Doc) -> list[list[int]]:
    """Return the places of the tokens of each sentence, without blank ones, which the model does not read."""
    if doc.has_annotation("SENT_START"):
        sentences = [[token.i for token in sentence] for sentence in doc.sents]
    else:
        sentences = [list(range(len(doc)))]
    kept = [[place for place in places if doc[place].text.strip()] for places in sentences]
    return [places for places in kept if places]
