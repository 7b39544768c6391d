"""The types of annotated text that all parts of the package share: documents, sentences, entities, relations."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from cman_tf.errors import DataError

ROOT = "ROOT"  # type of the pseudo-entity that relations may have in DREC; scoring does not count it as an entity


def is_token(value: object) -> bool:
    """Return whether a value is text that is not blank and that UTF-8 can express (no lone surrogate)."""
    return isinstance(value, str) and bool(value.strip()) and not has_surrogate(value)


def has_surrogate(text: str) -> bool:
    """Return whether a text contains half a character (a lone surrogate), which UTF-8 cannot express."""
    return any("\ud800" <= c <= "\udfff" for c in text)


def expect_token(value: object, otherwise: str) -> str:
    """Return what a message says of a value that is no token, after it has shown the value.

    Args:
      value: the value.
      otherwise: what is said if it contains no lone surrogate.

    >>> expect_token("\\ud800", "expected text that is not empty")
    'a lone surrogate in it cannot be written as UTF-8, expected whole characters'
    """
    if isinstance(value, str) and has_surrogate(value):
        return "a lone surrogate in it cannot be written as UTF-8, expected whole characters"
    return otherwise


@dataclasses.dataclass(frozen=True)
class Entity:
    """A typed span of tokens.

    Attributes:
      type: the name of the type, such as `Peop`.
      start: the first token, counted from 0.
      end: the token after the last one.

    >>> Entity("Peop", 0, 2)
    Entity(type='Peop', start=0, end=2)
    """

    type: str
    start: int
    end: int


@dataclasses.dataclass(frozen=True)
class Relation:
    """A typed, directed relation between two entities of a sentence.

    Attributes:
      type: the name of the type, such as `Live_In`.
      head: position in `Sentence.entities` of the first argument (the person in `Live_In`), as in SpERT's format.
      tail: position of the second argument.

    >>> Relation("Live_In", head=0, tail=1)
    Relation(type='Live_In', head=0, tail=1)
    """

    type: str
    head: int
    tail: int


@dataclasses.dataclass(frozen=True)
class Sentence:
    """Tokens with their entities and the relations between the entities.

    Attributes:
      tokens: the words and punctuation marks.
      entities: spans of tokens; they may overlap.
      relations: relations between entities, which they name by position.
      id: the sentence's name; empty if the file has none.
      unattached_relations: only in predictions: (type, head token, tail token) of each relation that was predicted
        for tokens that do not lie in two entities.
      text: the text that the tokens were cut from; empty if the format has none. The texts of a document's sentences
        together are the document's text.
      offsets: for each token its first character in `text` and the one after its last; empty without a text.
      document_id: the name of the sentence's document; empty if the format has none.
      entity_scores: only in predictions: a score for each entity; empty if there are none.
      relation_scores: only in predictions: a score for each relation; empty if there are none.

    >>> ann = Sentence(("Ann", "lives", "in", "Rome"), (Entity("Peop", 0, 1), Entity("Loc", 3, 4)))
    >>> ann.tokens[ann.entities[1].start]
    'Rome'
    """

    tokens: tuple[str, ...]
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    id: str = ""
    unattached_relations: tuple[tuple[str, int, int], ...] = ()
    text: str = ""
    offsets: tuple[tuple[int, int], ...] = ()
    document_id: str = ""
    entity_scores: tuple[float, ...] = ()
    relation_scores: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True)
class Document:
    """Sentences that belong together, with the text they were cut from.

    Attributes:
      id: the document's name.
      sentences: the sentences in the order of the text.
      text: the whole text; empty if the format has none.

    >>> Document("d1", (Sentence(("Hello", "!")),)).sentences[0].tokens
    ('Hello', '!')
    """

    id: str
    sentences: tuple[Sentence, ...]
    text: str = ""


def group_documents(sentences: Sequence[Sentence]) -> list[Document]:
    """Group sentences into documents by their document id. A sentence without an id is a document of its own.

    Args:
      sentences: the sentences as a reader returns them.

    Returns:
      One document for each id, in order of first appearance. Its text is that of its sentences, put together, if all of
      them have one, and empty otherwise.
    """
    groups: dict[object, list[Sentence]] = {}
    for number, sentence in enumerate(sentences):
        groups.setdefault(sentence.document_id or number, []).append(sentence)
    documents: list[Document] = []
    for members in groups.values():
        text = "".join(sentence.text for sentence in members) if all(s.text for s in members) else ""
        documents.append(Document(members[0].document_id or members[0].id, tuple(members), text))
    return documents


def validate_sentence(sentence: Sentence, where: str) -> None:
    """Check that a sentence is one that a reader could have made; writers call it first.

    Args:
      sentence: the sentence.
      where: its place, for the message.

    Raises:
      DataError: for no tokens, a text that is blank or that UTF-8 cannot express, a span outside of the tokens, a
        relation that names no entity, or offsets that do not give the tokens.
    """
    count, entities = len(sentence.tokens), len(sentence.entities)
    kinds = [e.type for e in sentence.entities] + [r.type for r in sentence.relations]
    kinds += [kind for kind, _, _ in sentence.unattached_relations]
    names = [name for name in (sentence.id, sentence.document_id) if name != ""]
    for text in (*sentence.tokens, *kinds, *names):
        if not is_token(text):
            raise DataError(f"{where}: {ascii(text)[:40]}, expected text that is not empty and that UTF-8 can express")
    if not count:
        raise DataError(f"{where}: no tokens, expected at least one")
    for e in sentence.entities:
        if not 0 <= e.start < e.end <= count:
            raise DataError(f"{where}: span {e.start} to {e.end}, expected start < end, both within {count} tokens")
    for r in sentence.relations:
        if not (0 <= r.head < entities and 0 <= r.tail < entities):
            raise DataError(f"{where}: {r.type} from entity {r.head} to {r.tail}, expected positions among {entities}")
    for kind, head, tail in sentence.unattached_relations:
        if not (0 <= head < count and 0 <= tail < count):
            raise DataError(f"{where}: {kind} from token {head} to {tail}, expected tokens below {count}")
    if sentence.offsets:
        cut = tuple(sentence.text[first:end] for first, end in sentence.offsets)
        if cut != sentence.tokens or not is_token(sentence.text):
            raise DataError(f"{where}: offsets that do not give the tokens, expected first and end of each in the text")


def index_tokens(entities: Sequence[Entity]) -> dict[int, int]:
    """Map each token inside an entity to the entity's position; where entities overlap, the last one wins."""
    return {token: number for number, e in enumerate(entities) for token in range(e.start, e.end)}
