"""What POST /extract takes: JSON, checked before the model sees any of it."""

# No `from __future__ import annotations`: pydantic reads the annotations, under Python 3.9, too.
import collections
import dataclasses
import difflib
import json
from typing import Any, Literal, NoReturn, Optional, Union

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.inference.records import Record, read_record
from cman_tf.runs.json_values import as_list, as_object
from cman_tf.serving.limits import Limits, Refusal

EXAMPLE: dict[str, Any] = {"texts": ["Nora Belvia works for Belaton Corp. of Darazen City."]}
_EXPECTED = f"expected an object such as {json.dumps(EXAMPLE)}"
_ALL_PAIRS = 0.05  # relation thresholds below this one find most pairs of entities
_DIGITS = 20  # of a whole number; reading longer ones takes long
_WORDS = {"bool_type": "true or false", "float_type": "a number from 0 to 1", "list_type": "a list of texts"}


class ExtractRequest(BaseModel):
    """Texts, and how to read them. The options are those of `cman-tf predict`."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [EXAMPLE]})

    texts: list[Union[str, dict[str, Any]]] = Field(
        description='Texts, or records such as {"id": 7, "text": "..."} or {"tokens": ["..."]}. May be empty.'
    )
    relation_threshold: Optional[float] = Field(
        None, ge=0, le=1, description="Relations above this score are found. Without it the service's value counts."
    )
    entity_threshold: Optional[float] = Field(
        None,
        ge=0,
        le=1,
        description="Entities of at least this score are found. Without it the service's value counts.",
    )
    all_scores: bool = Field(False, description="Also give, as candidates, relations that are not above the threshold.")
    split_sentences: bool = Field(False, description="Split texts into sentences. Relations stay within one.")
    given_entities: bool = Field(False, description="Find only relations, between the entities of the records.")
    on_long: Literal["window", "error"] = Field(
        "window", description="Sentences of over 400 tokens: read in overlapping windows, or refused."
    )


def parse_request(body: bytes, limits: Limits) -> tuple[list[Record], dict[str, Any]]:
    """Read the body of a request.

    Args:
      body: JSON in UTF-8.
      limits: the bounds of the service.

    Returns:
      The records, with their characters as size, and the options of `Extractor.extract` that the request gives.

    Raises:
      Refusal: 400 if it is not JSON, 413 if it is too large, 422 if it is anything else than what is expected.

    >>> records, options = parse_request(b'{"texts": ["Ann left."], "all_scores": true}', Limits())
    >>> records[0].content, options["all_scores"]
    ('Ann left.', True)
    """
    content = as_object(value := _parse_json(body))
    if content is None:
        raise Refusal(422, f"{_show(value)}, {_EXPECTED}")
    _check_number(len(as_list(content.get("texts")) or ()), limits.texts, "texts", "a request")
    _check_names(content)
    try:
        request = ExtractRequest.model_validate(content)
    except ValidationError as error:
        raise Refusal(422, _describe(error)) from None
    records = [_read_text(text, number, limits) for number, text in enumerate(request.texts)]
    options = request.model_dump(exclude={"texts"}, exclude_none=True)
    if request.all_scores or request.relation_threshold is not None and request.relation_threshold < _ALL_PAIRS:
        where = f"a request with all_scores or a relation_threshold below {_ALL_PAIRS}"
        _check_number(sum(record.size for record in records), limits.pair_characters, "characters", where)
    if request.given_entities:
        for number, record in enumerate(records):
            if record.content and not isinstance(record.content, Sentence):
                raise Refusal(422, f"texts, item {number}: no tokens, expected tokens and entities for given_entities")
        entities = sum(len(r.content.entities) for r in records if isinstance(r.content, Sentence))
        _check_number(entities, limits.entities, "given entities", "a request")
    return records, options


def _parse_json(body: bytes) -> Any:
    try:
        text = body.decode("utf-8-sig")
        return json.loads(text, parse_constant=_refuse_number, parse_int=_parse_int, object_pairs_hook=_read_object)
    except UnicodeDecodeError as error:
        found = f"byte 0x{body[error.start]:02x} is not UTF-8"
    except RecursionError:
        found = "nested too deeply"
    except ValueError as error:
        found = str(error)[:80]
    raise Refusal(400, f"not JSON ({found}), {_EXPECTED}")


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON, no two of whose fields have the same name."""
    content = dict(pairs)
    if len(content) < len(pairs):
        counts = collections.Counter(name for name, _ in pairs)
        name = counts.most_common(1)[0][0]
        raise Refusal(422, f"the field {name[:40]!a} is given {counts[name]} times in an object, expected it once")
    return content


def _refuse_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _parse_int(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _read_text(text: Union[str, dict[str, Any]], number: int, limits: Limits) -> Record:
    """Read one text, and note its characters."""
    try:
        record = read_record({"text": text} if isinstance(text, str) else text)
    except DataError as error:
        raise Refusal(422, f"texts, item {number}: {error}") from None
    characters = len(record.content) if isinstance(record.content, str) else sum(map(len, record.content.tokens))
    _check_number(characters, limits.characters, "characters", f"texts, item {number}")
    tokens = len(record.content.tokens) if isinstance(record.content, Sentence) else 0
    return dataclasses.replace(record, size=max(characters, 2 * tokens))


def _check_number(found: int, most: int, what: str, where: str) -> None:
    """Raise Refusal if something is too large."""
    if found > most:
        raise Refusal(413, f"{where}: {found} {what}, expected at most {most}")


def _check_names(content: dict[str, Any]) -> None:
    """Raise Refusal for the first field that is unknown."""
    names = list(ExtractRequest.model_fields)
    for key in content:
        if key not in names:
            near = difflib.get_close_matches(key[:40], names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"expected some of {', '.join(names)}"
            raise Refusal(422, f"{key[:40]!a} is an unknown field, {hint}")


def _describe(invalid: ValidationError) -> str:
    """Return one line about the first of the errors."""
    error = invalid.errors(include_url=False, include_context=False)[0]
    key, found = str(error["loc"][0]), error["input"]
    if error["type"] == "missing":
        return f"no texts, {_EXPECTED}"
    if key == "texts" and len(error["loc"]) > 1:
        return f'texts, item {error["loc"][1]}: {_show(found)}, expected a text, or an object with "text" or "tokens"'
    if key == "on_long":
        return f"on_long: {_show(found)}, expected window or error"
    return f"{key}: {_show(found)}, expected {_WORDS.get(error['type'], 'a number from 0 to 1')}"


def _show(value: Any) -> str:
    """Return the beginning of a value as JSON."""
    if isinstance(value, (dict, list)) and value:
        return "an object" if isinstance(value, dict) else "a list"
    return json.dumps(value)[:40]
