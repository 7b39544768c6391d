"""The attribute `doc._.relations` of spaCy's documents.

A document keeps the relations as plain values among its data, as it could not be saved with spans of itself in them.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable

from spacy.tokens import Doc, Span

from cman_tf.errors import DataError


@dataclasses.dataclass(frozen=True)
class SpacyRelation:
    """A relation in a document of spaCy.

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


def define_extension(name: str) -> None:
    """Define `doc._.NAME`, a list of `SpacyRelation`; empty for documents that no component read.

    Raises:
      DataError: if another library has defined it.
    """
    if not Doc.has_extension(name):
        Doc.set_extension(name, getter=functools.partial(_get_relations, name=name))
        return
    _, _, getter, _ = Doc.get_extension(name)
    if not isinstance(getter, functools.partial) or getter.func is not _get_relations:
        raise DataError(
            f"doc._.{name} is defined by another component, expected one of ours; choose another name by the config, "
            'as in {"extension": "cman_relations"}'
        )


def set_relations(doc: Doc, name: str, relations: Iterable[SpacyRelation]) -> None:
    """Set the relations of a document.

    Args:
      doc: the document.
      name: the name of the attribute.
      relations: the relations.
    """
    doc.user_data[_key(name)] = [[r.type, r.score, *_bounds(r.head), *_bounds(r.tail)] for r in relations]


def _get_relations(doc: Doc, name: str) -> list[SpacyRelation]:
    return [
        SpacyRelation(Span(doc, *ends[:2], label=ends[2]), kind, Span(doc, *ends[3:5], label=ends[5]), score)
        for kind, score, *ends in doc.user_data.get(_key(name), [])
    ]


def _key(name: str) -> str:
    """Return the key of `doc.user_data` under which the relations are kept."""
    return f"cman_tf.{name}"


def _bounds(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label_
