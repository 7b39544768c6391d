"""One text to predict on, and its form in JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

from cman_tf.data.types import Entity, Sentence, expect_token, has_surrogate, is_token
from cman_tf.errors import DataError
from cman_tf.runs.json_values import as_list, as_object

EXPECTED = 'an object with "text" or "tokens"'
_NOT_BLANK = "expected text that is not blank"


@dataclasses.dataclass(frozen=True)
class Record:
    """One text to predict on.

    Attributes:
      content: the text, or a sentence of given tokens.
      where: its file and line, for messages.
      id: its name, as in the input: a value of JSON; None if it has none.
      document_id: the name of its document; empty if it has none.
      size: the number of bytes that it took in the input.
      error: why it was left empty; empty if it was read.
    """

    content: str | Sentence
    where: str
    id: Any = None
    document_id: str = ""
    size: int = 0
    error: str = ""


def read_record(record: dict[str, Any]) -> Record:
    """Read a record of JSON.

    Args:
      record: an object with `text`, or with `tokens` and maybe `entities`; with `text` and `offsets` the tokens keep
        their places. It may have an `id`.

    Raises:
      DataError: if it has neither, or if they are not what they should be.
    """
    id = record.get("id", record.get("orig_id"))
    _check_id(id)
    tokens = record.get("tokens")
    if tokens is None:
        text = record.get("text")
        if not isinstance(text, str):
            found = "no text" if text is None else f"text is {ascii(text)[:40]}"
            raise DataError(f"{found}, expected {EXPECTED}")
        if has_surrogate(text):
            raise DataError("text with a lone surrogate, which cannot be written as UTF-8, expected whole characters")
        return Record(text, "", id)
    listed = as_list(tokens)
    if listed is None:
        raise DataError(f"tokens is {ascii(tokens)[:40]}, expected a list of texts")
    for number, token in enumerate(listed):
        if not is_token(token):
            raise DataError(f"token {number} is {ascii(token)[:40]}, {expect_token(token, _NOT_BLANK)}")
    text, offsets = record.get("text"), _read_offsets(record.get("offsets"))
    if not isinstance(text, str) or [text[first:end] for first, end in offsets] != listed:
        text, offsets = "", ()
    entities = _read_entities(record.get("entities"))
    if entities and not listed:
        raise DataError("entities without tokens, expected the tokens that they count")
    sentence = Sentence(tuple(listed), tuple(entities), text=text, offsets=offsets)
    return Record(sentence if listed else "", "", id)


def _check_id(id: Any) -> None:
    """Raise DataError for an id that cannot be written again as JSON, or is no name."""
    if isinstance(id, (dict, list)):
        raise DataError("id is no name, expected text or a number")
    if isinstance(id, str) and not is_token(id):
        raise DataError(f"id is {ascii(id)[:40]}, {expect_token(id, _NOT_BLANK)}")
    if isinstance(id, float) and not math.isfinite(id):
        raise DataError(f"id is {json.dumps(id)}, expected text or a number that JSON can express")


def _read_entities(value: Any) -> list[Entity]:
    listed = as_list(value)
    if listed is None and value is not None:
        raise DataError(f"entities is {ascii(value)[:40]}, expected a list of objects with type, start and end")
    return [_read_entity(item, number) for number, item in enumerate(listed or [])]


def _read_offsets(value: Any) -> tuple[tuple[int, int], ...]:
    pairs = [as_list(pair) or [] for pair in as_list(value) or []]
    is_valid = all(len(pair) == 2 and all(type(place) is int for place in pair) for pair in pairs)
    return tuple((pair[0], pair[1]) for pair in pairs) if is_valid else ()


def _read_entity(item: Any, number: int) -> Entity:
    values = [(as_object(item) or {}).get(key) for key in ("type", "start", "end")]
    if [type(value) for value in values] != [str, int, int]:
        raise DataError(f"entity {number} is {ascii(item)[:40]}, expected an object with type, start and end")
    return Entity(*values)  # type: ignore[arg-type]
