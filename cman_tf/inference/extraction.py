"""What a model finds in a text: entities and relations, with their places and scores."""

from __future__ import annotations

import bisect
import dataclasses
import math
from collections.abc import Iterable, Iterator
from typing import Any

from cman_tf.data.types import Entity, Relation, Sentence

_DIGITS = 4  # of a score in `to_dict`
_SHOWN = 40  # characters of the text in a repr


@dataclasses.dataclass(frozen=True)
class ExtractedEntity:
    """An entity that was found.

    Attributes:
      text: its text.
      type: the name of its type.
      start: its first token.
      end: the token after its last one.
      start_char: its first character in the text.
      end_char: the character after its last one.
      score: the lowest probability that the CRF gives to one of its tags.

    >>> print(ExtractedEntity("Ann Lee", "Peop", 0, 2, 0, 7, 0.98))
    Peop: Ann Lee (0.98)
    """

    text: str
    type: str
    start: int
    end: int
    start_char: int
    end_char: int
    score: float

    def __str__(self) -> str:
        return f"{self.type}: {self.text} ({self.score:.2f})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for `json.dump`."""
        return {
            "type": self.type,
            "start": self.start,
            "end": self.end,
            "char_start": self.start_char,
            "char_end": self.end_char,
            "text": self.text,
            "score": _plain(self.score),
        }


@dataclasses.dataclass(frozen=True)
class ExtractedRelation:
    """A relation that was found, or a candidate for one.

    Attributes:
      head: the first argument (the person in `Live_In`).
      type: the name of its type.
      tail: the second argument.
      score: its probability.

    >>> ann, rome = ExtractedEntity("Ann", "Peop", 0, 1, 0, 3, 0.9), ExtractedEntity("Rome", "Loc", 3, 4, 13, 17, 0.9)
    >>> print(ExtractedRelation(ann, "Live_In", rome, 0.97))
    Ann -- Live_In -> Rome (0.97)
    """

    head: ExtractedEntity
    type: str
    tail: ExtractedEntity
    score: float

    def __str__(self) -> str:
        return f"{self.head.text} -- {self.type} -> {self.tail.text} ({self.score:.2f})"


@dataclasses.dataclass(frozen=True, repr=False)
class Extraction:
    """What was found in one text.

    Attributes:
      text: the text. For tokens without a text it is the tokens with blanks between them.
      tokens: the words and punctuation marks that the model read.
      offsets: for each token its first character in `text`, and the character after its last.
      entities: the entities in the order of the text.
      relations: the relations between them.
      candidates: with `all_scores`, relations whose score is not above the threshold.
      unattached_relations: (type, head token, tail token) of each relation that was predicted for tokens that do not
        lie in two entities.
      sentences: for each sentence of the text its first token and the token after its last.
      pieces: the number of pieces in which the model read the text; 1 if it read the text as a whole.

    >>> ann = ExtractedEntity("Ann", "Peop", 0, 1, 0, 3, 0.9)
    >>> found = Extraction("Ann left", ("Ann", "left"), ((0, 3), (4, 8)), (ann,))
    >>> found
    Extraction('Ann left', 1 entity, 0 relations)
    >>> print(found)
    Ann left
      Peop: Ann (0.90)
    """

    text: str = ""
    tokens: tuple[str, ...] = ()
    offsets: tuple[tuple[int, int], ...] = ()
    entities: tuple[ExtractedEntity, ...] = ()
    relations: tuple[ExtractedRelation, ...] = ()
    candidates: tuple[ExtractedRelation, ...] = ()
    unattached_relations: tuple[tuple[str, int, int], ...] = ()
    sentences: tuple[tuple[int, int], ...] = ()
    pieces: int = 1

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}..."
        entities = f"{len(self.entities)} {'entity' if len(self.entities) == 1 else 'entities'}"
        return f"Extraction({text!r}, {entities}, {len(self.relations)} relation{'s' * (len(self.relations) != 1)})"

    def __str__(self) -> str:
        return "\n".join([self.text, *(f"  {found}" for found in (*self.entities, *self.relations))])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for `json.dump`: what `cman-tf predict` writes for a line.

        In `relations`, head and tail are positions in `entities`. There is no NaN: a score that is no number is None.
        """
        position = {entity: number for number, entity in enumerate(self.entities)}
        result: dict[str, Any] = {
            "text": self.text,
            "tokens": list(self.tokens),
            "offsets": [list(place) for place in self.offsets],
            "entities": [entity.to_dict() for entity in self.entities],
            "relations": [_describe(relation, position) for relation in self.relations],
        }
        if self.candidates:
            result["candidates"] = [_describe(relation, position) for relation in self.candidates]
        if self.unattached_relations:
            result["ungrounded"] = [list(relation) for relation in self.unattached_relations]
        if len(self.sentences) > 1:
            result["sentences"] = [list(span) for span in self.sentences]
        if self.pieces > 1:
            result["pieces"] = self.pieces
        return result

    # The names of `to_dict` are keys, too, as extractions once were dictionaries.
    def __getitem__(self, key: str) -> Any:
        return self.to_dict()[key]

    def keys(self) -> Iterable[str]:
        """Return the keys of `to_dict`, so that `dict(extraction)` is what it returns."""
        return self.to_dict().keys()

    def to_sentences(self, id: str = "", document_id: str = "") -> Iterator[Sentence]:
        """Yield the sentences of the text with their entities and relations, as writers of corpus files take them.

        Their texts, put together, are the text. Relations between two sentences are left out.

        Args:
          id: the name of the sentence, if the text is one.
          document_id: the name of the text, if it is a document.
        """
        position = {entity: number for number, entity in enumerate(self.entities)}
        spans = [span for span in self.sentences or [(0, len(self.tokens))] if span[0] < span[1]]
        starts = [start for start, _ in spans]
        inside: list[dict[int, int]] = [{} for _ in spans]  # for each sentence the entities' positions here and there
        related: list[list[tuple[Relation, float]]] = [[] for _ in spans]
        unattached: list[list[tuple[str, int, int]]] = [[] for _ in spans]
        for number, entity in enumerate(self.entities):
            new = inside[bisect.bisect_right(starts, entity.start) - 1]
            new[number] = len(new)
        for relation in self.relations:
            place, (head, tail) = bisect.bisect_right(starts, relation.head.start) - 1, _ends(relation, position)
            if head in inside[place] and tail in inside[place]:
                ends = inside[place][head], inside[place][tail]
                related[place].append((Relation(relation.type, *ends), relation.score))
        for kind, head, tail in self.unattached_relations:
            place = bisect.bisect_right(starts, head) - 1
            start, end = spans[place]
            if start <= tail < end:
                unattached[place].append((kind, head - start, tail - start))
        first = 0
        for place, (start, end) in enumerate(spans):
            until = len(self.text) if place == len(spans) - 1 else self.offsets[end][0]
            entities = [self.entities[number] for number in inside[place]]
            yield Sentence(
                self.tokens[start:end],
                tuple(Entity(e.type, e.start - start, e.end - start) for e in entities),
                tuple(relation for relation, _ in related[place]),
                id if len(spans) == 1 else f"{id}.{place}" if id else "",
                tuple(unattached[place]),
                self.text[first:until],
                tuple((begin - first, after - first) for begin, after in self.offsets[start:end]),
                document_id,
                tuple(_plain(e.score) or 0.0 for e in entities),
                tuple(_plain(score) or 0.0 for _, score in related[place]),
            )
            first = until


def _plain(score: float) -> float | None:
    """Round a score for JSON; None if it is no number."""
    return round(min(max(float(score), 0.0), 1.0), _DIGITS) if math.isfinite(score) else None


def _ends(relation: ExtractedRelation, position: dict[ExtractedEntity, int]) -> tuple[int, int]:
    return position[relation.head], position[relation.tail]


def _describe(relation: ExtractedRelation, position: dict[ExtractedEntity, int]) -> dict[str, Any]:
    head, tail = _ends(relation, position)
    return {
        "type": relation.type,
        "head": head,
        "tail": tail,
        "score": _plain(relation.score),
        "head_text": relation.head.text,
        "tail_text": relation.tail.text,
    }
