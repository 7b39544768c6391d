"""Reader and writer of SpERT's JSON format (Eberts and Ulges, 2019).

A list of records {"tokens": [...], "entities": [{"type", "start", "end"}, ...],
"relations": [{"type", "head", "tail"}, ...]}: spans in tokens, the end not
included; head and tail are positions in the record's entities. Of predictions a record
may hold "ungrounded", too: [[type, head token, tail token], ...].
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from cman_tf.data.types import Entity, Relation, Sentence, is_token
from cman_tf.errors import DataError


def _field(record: Any, key: str, kind: type, where: str) -> Any:
    value = record.get(key) if isinstance(record, dict) else None
    if type(value) is not kind:
        shown = json.dumps(value, ensure_ascii=False)[:40]
        raise DataError(f"{where}: {key} is {shown}, expected a {_NAMES[kind]}")
    if kind is str and not is_token(value):
        raise DataError(f"{where}: {key} is {json.dumps(value)[:40]}, expected text that is not empty")
    return value


_NAMES = {str: "string", int: "whole number", list: "list"}


def _read_entity(item: Any, tokens: tuple[str, ...], where: str) -> Entity:
    entity = Entity(
        _field(item, "type", str, where), _field(item, "start", int, where), _field(item, "end", int, where)
    )
    if not 0 <= entity.start < entity.end <= len(tokens):
        raise DataError(
            f"{where}: span {entity.start} to {entity.end}, expected start < end, both within {len(tokens)} tokens"
        )
    return entity


def _read_relation(
    item: Any, entities: list[Entity], tokens: tuple[str, ...], where: str, predictions: bool
) -> Relation:
    relation = Relation(
        _field(item, "type", str, where), _field(item, "head", int, where), _field(item, "tail", int, where)
    )
    for end in (relation.head, relation.tail):
        if not 0 <= end < len(entities):
            raise DataError(f"{where}: entity {end}, expected the number of one of {len(entities)} entities, from 0")
    if relation.head == relation.tail and not predictions:
        entity = entities[relation.head]
        text = " ".join(tokens[entity.start : entity.end])
        raise DataError(f"{where}: {relation.type} from entity {text!r} to itself, expected two entities")
    return relation


def read_record(record: Any, where: str, predictions: bool = False) -> Sentence:
    """One record as a sentence.

    Args:
      record: from JSON.
      where: it is, for messages.
      predictions: what a record says twice is taken once instead of refused, and a relation from an entity
        to itself is read: it counts as false.

    Raises:
      DataError: opening with `where` and naming the item and what was expected.
    """
    if not isinstance(record, dict):
        raise DataError(f"{where}: {json.dumps(record)[:40]}, expected an object with tokens, entities and relations")
    tokens = _field(record, "tokens", list, where)
    if not tokens:
        raise DataError(f"{where}: no tokens, expected one at least")
    for number, token in enumerate(tokens):
        if not is_token(token):
            raise DataError(f"{where}, token {number}: {json.dumps(token)[:40]}, expected text that is not empty")
    tokens = tuple(tokens)
    entities: list[Entity] = []
    for number, item in enumerate(_field(record, "entities", list, where)):
        entity = _read_entity(item, tokens, f"{where}, entity {number}")
        if entity in entities and not predictions:
            text = " ".join(tokens[entity.start : entity.end])
            raise DataError(f"{where}, entity {number}: {entity.type} {text!r} a second time, expected it once")
        entities.append(entity)
    relations: list[Relation] = []
    for number, item in enumerate(_field(record, "relations", list, where)):
        relation = _read_relation(item, entities, tokens, f"{where}, relation {number}", predictions)
        if relation in relations and not predictions:
            raise DataError(
                f"{where}, relation {number}: {relation.type} from entity {relation.head} to {relation.tail}"
                " a second time, expected it once"
            )
        relations.append(relation)
    unattached = _read_unattached(record["ungrounded"], tokens, where) if predictions and "ungrounded" in record else ()
    identity = record.get("orig_id", "")
    identity = "" if identity is None else str(identity)
    if identity and not is_token(identity):
        raise DataError(f"{where}: orig_id is {json.dumps(identity)[:40]}, expected text")
    return Sentence(tokens, tuple(entities), tuple(relations), identity, unattached)


def _read_unattached(items: Any, tokens: tuple[str, ...], where: str) -> tuple[tuple[str, int, int], ...]:
    places = range(len(tokens))
    for item in items if isinstance(items, list) else [items]:
        if (
            not isinstance(item, list)
            or [type(part) for part in item] != [str, int, int]
            or not {*item[1:]} <= {*places}
        ):
            shown = json.dumps(item, ensure_ascii=False)[:40]
            raise DataError(f"{where}: ungrounded {shown}, expected [type, head token, tail token]")
    return tuple(dict.fromkeys((kind, head, tail) for kind, head, tail in items))


def parse_json(text: str, path: str, predictions: bool = False) -> tuple[list[Sentence], dict[str, int]]:
    """Sentences of a file's text, and no counts: nothing is mended in reading.

    Raises:
      DataError: with the file, the record, the item and what was expected.
    """
    try:
        records = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error}), expected a list of records") from None
    if not isinstance(records, list):
        raise DataError(f"{path}: JSON, but no list, expected a list of records")
    return [read_record(r, f"{path}, record {number}", predictions) for number, r in enumerate(records)], {}


def record_of(sentence: Sentence) -> dict[str, Any]:
    """The sentence as a record of the format, ready for `json.dump`."""
    record: dict[str, Any] = {
        "tokens": list(sentence.tokens),
        "entities": [{"type": e.type, "start": e.start, "end": e.end} for e in sentence.entities],
        "relations": [{"type": r.type, "head": r.head, "tail": r.tail} for r in sentence.relations],
    }
    if sentence.id:
        record["orig_id"] = sentence.id
    if sentence.unattached_relations:
        record["ungrounded"] = [list(relation) for relation in sentence.unattached_relations]
    return record


def dump_json(sentences: Sequence[Sentence]) -> str:
    """The sentences as a file's text, one record a line."""
    lines = [json.dumps(record_of(sentence), ensure_ascii=False) for sentence in sentences]
    return "[\n" + ",\n".join(lines) + "\n]\n"
