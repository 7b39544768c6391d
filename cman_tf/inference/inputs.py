"""What a model can be given: texts, tokens, sentences and documents, checked and in one form."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cman_tf.data.sentence_splitting import split_sentences
from cman_tf.data.tokenizers import Tokenizer
from cman_tf.data.types import Document, Entity, Sentence, expect_token, is_token
from cman_tf.errors import DataError

MAX_ENTITIES = 1000  # given in one text: every pair of them is a candidate for a relation
_KINDS = "str, cman_tf.Document or cman_tf.Sentence"


@dataclasses.dataclass(frozen=True)
class ModelInput:
    """A text that is cut into tokens.

    Attributes:
      text: the text. For tokens without a text it is the tokens with blanks between them.
      tokens: its tokens.
      offsets: for each token its first character in the text, and the character after its last.
      sentences: for each sentence its first token and the token after its last.
      entities: the entities that are given; None if the model is to find them.
    """

    text: str
    tokens: tuple[str, ...]
    offsets: tuple[tuple[int, int], ...]
    sentences: tuple[tuple[int, int], ...]
    entities: tuple[Entity, ...] | None = None


def read_input(
    given: object, tokenizer: Tokenizer, split: bool, where: str = "text"
) -> tuple[ModelInput, list[Entity]]:
    """Turn a text, sentence or document into an input.

    Args:
      given: the text, sentence or document.
      tokenizer: cuts a text into tokens.
      split: whether a text consists of several sentences, and is split. Documents have their own sentences; one without
        sentences is always split.
      where: what messages call it.

    Returns:
      The input, without entities, and the entities of the sentence or document.

    Raises:
      TypeError: if it is something else.
      DataError: for a text that UTF-8 cannot express.
    """
    if isinstance(given, str):
        return _from_text(given, tokenizer, split, where), []
    if isinstance(given, Document) and not given.sentences:
        return _from_text(given.text, tokenizer, True, where), []
    if isinstance(given, (Document, Sentence)):
        sentences = [given] if isinstance(given, Sentence) else given.sentences
        item = _from_sentences(sentences)
        entities = [
            Entity(e.type, e.start + first, e.end + first)
            for sentence, (first, _) in zip(sentences, item.sentences)
            for e in sentence.entities
        ]
        return item, entities
    if isinstance(given, (bytes, bytearray)):
        raise TypeError(f"{where} is bytes, expected {_KINDS}; bytes become a str by .decode('utf-8')")
    raise TypeError(f"{where} is {type(given).__name__}, expected {_KINDS}")


def read_tokens(tokens: object, where: str = "tokens") -> ModelInput:
    """Turn the tokens of one sentence into an input.

    Raises:
      TypeError: if they are no list of texts.
      DataError: for a token that is blank or that UTF-8 cannot express.
    """
    if isinstance(tokens, (str, bytes)):
        raise TypeError(f"{where} is one text, expected a list of tokens; to have raw text cut, call extract(text)")
    listed = as_list(tokens, where, "a list of tokens")
    for number, token in enumerate(listed):
        if not isinstance(token, str):
            raise TypeError(f"{where}: item {number} is {type(token).__name__}, expected a token as str")
        if not is_token(token):
            expected = expect_token(token, "expected a token that is not blank")
            raise DataError(f"{where}: item {number} is {ascii(token)[:40]}, {expected}")
    return _from_sentences([Sentence(tuple(map(str, listed)))] if listed else [])


def as_list(values: object, where: str, expected: str) -> list[Any]:
    """Return the items of a list, a tuple or another sequence, such as a column of a table.

    Raises:
      TypeError: if it is something else.
    """
    is_sequence = hasattr(values, "__len__") and hasattr(values, "__getitem__") and hasattr(values, "__iter__")
    if not is_sequence or isinstance(values, (str, bytes, Mapping)):
        raise TypeError(f"{where} is {type(values).__name__}, expected {expected}")
    return [*values]  # type: ignore[misc]


def give_entities(item: ModelInput, entities: object, entity_types: Sequence[str], prefix: str = "") -> ModelInput:
    """Add given entities to an input.

    Args:
      item: the input.
      entities: a list of `Entity`, of what an extraction found, of tuples (type, start, end) or of dictionaries with
        these keys. Start and end are tokens.
      entity_types: the types that the model knows.
      prefix: what messages begin with.

    Raises:
      TypeError: if it is something else.
      DataError: for a span outside of the tokens, an unknown type, or too many entities.
    """
    found: list[Entity] = []
    for number, given in enumerate(as_list(entities, "entities", "a list of entities")):
        where = f"{prefix}entity {number}"
        if isinstance(given, Mapping):
            values: tuple[Any, ...] = tuple(given.get(key) for key in ("type", "start", "end"))
        elif isinstance(given, (tuple, list)):
            values = tuple(given)
        else:
            values = tuple(getattr(given, key, None) for key in ("type", "start", "end"))
        if [type(value) for value in values] != [str, int, int]:
            raise TypeError(f"{where} is {ascii(given)[:60]}, expected cman_tf.Entity(type, start, end)")
        entity = Entity(*values)
        if entity.type not in entity_types:
            raise DataError(f"{where}: type {entity.type[:40]!a}, expected one of {', '.join(entity_types)}")
        if not 0 <= entity.start < entity.end <= len(item.tokens):
            span = f"span {entity.start} to {entity.end}"
            raise DataError(f"{where}: {span}, expected start < end, both within {len(item.tokens)} tokens")
        found.append(entity)
    if len(found) > MAX_ENTITIES:
        raise DataError(f"{len(found)} entities, expected at most {MAX_ENTITIES}, because every pair of them is scored")
    return dataclasses.replace(item, entities=tuple(found))


def _from_text(text: str, tokenizer: Tokenizer, split: bool, where: str) -> ModelInput:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise DataError(
                f"{where}: character {error.start} is a lone surrogate, which cannot be written as UTF-8, "
                "expected whole characters"
            ) from None
    borders: Iterable[tuple[int, int]] = [(0, len(text))]
    if split:
        borders = split_sentences(text)
    tokens: list[str] = []
    offsets: list[tuple[int, int]] = []
    sentences: list[tuple[int, int]] = []
    for start, end in borders:
        first = len(tokens)
        for token, begin, after in tokenizer.tokenize(text[start:end] if split else text):
            tokens.append(token)
            offsets.append((begin + start, after + start))
        if len(tokens) > first:
            sentences.append((first, len(tokens)))
    return ModelInput(text, tuple(tokens), tuple(offsets), tuple(sentences))


def _from_sentences(sentences: Sequence[Sentence]) -> ModelInput:
    """Put sentences together, with their texts if all have one, else with blanks between tokens."""
    has_text = all(sentence.offsets for sentence in sentences)
    text: list[str] = []
    tokens: list[str] = []
    offsets: list[tuple[int, int]] = []
    borders: list[tuple[int, int]] = []
    place = 0
    for sentence in sentences:
        borders.append((len(tokens), len(tokens) + len(sentence.tokens)))
        tokens += sentence.tokens
        if has_text:
            offsets += [(first + place, end + place) for first, end in sentence.offsets]
            text.append(sentence.text)
            place += len(sentence.text)
        else:
            for token in sentence.tokens:
                place += bool(text)
                offsets.append((place, place + len(token)))
                text.append(token)
                place += len(token)
    return ModelInput(("" if has_text else " ").join(text), tuple(tokens), tuple(offsets), tuple(borders))
