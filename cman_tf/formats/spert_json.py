"""SpERT's JSON format (Eberts and Ulges, 2019): reader and writer.

A file is a list of records {"tokens": [...], "entities": [{"type", "start", "end"}, ...], "relations": [{"type",
"head", "tail"}, ...]}. Spans are in tokens, and the end is not included. Head and tail are positions in the record's
entities. A record may also have "orig_id". Our extensions are "document_id", "text" with the tokens' "offsets" in it,
and, in predictions, "ungrounded": [[type, head token, tail token], ...].
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from cman_tf.data.types import Entity, Relation, Sentence, is_token, validate_sentence
from cman_tf.errors import DataError
from cman_tf.formats.base import Format, Source
from cman_tf.runs.json_values import as_list, as_object, types_in

_KINDS = {str: "string", int: "whole number", list: "list"}


def _show(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:40]


def _field(record: Any, key: str, kind: type, where: str) -> Any:
    """Return a value of a record.

    Args:
      record: the record or a part of it, from JSON.
      key: the value's key.
      kind: the type that the value must have: `str`, `int` or `list`.
      where: the file and the place, for messages.

    Raises:
      DataError: if there is no value of this type, or if the text is empty.
    """
    value = (as_object(record) or {}).get(key)
    if type(value) is not kind:
        raise DataError(f"{where}: {key} is {_show(value)}, expected a {_KINDS[kind]}")
    if kind is str and not is_token(value):
        raise DataError(f"{where}: {key} is {json.dumps(value)[:40]}, expected text that is not empty")
    return value


def _read_tokens(record: dict[str, Any], where: str) -> tuple[str, ...]:
    tokens: list[Any] = _field(record, "tokens", list, where)
    if not tokens:
        raise DataError(f"{where}: no tokens, expected at least one")
    for number, token in enumerate(tokens):
        if not is_token(token):
            raise DataError(f"{where}, token {number}: {json.dumps(token)[:40]}, expected text that is not empty")
    return tuple(tokens)


def _read_entities(
    record: dict[str, Any], tokens: tuple[str, ...], where: str, source: Source
) -> tuple[list[Entity], list[int]]:
    """Read the entities of a record.

    Args:
      record: the record.
      tokens: its tokens.
      where: the file and the record, for messages.
      source: the file.

    Returns:
      The entities, and for each item of the record its entity's position among them. The two differ where an entity
      is given twice.
    """
    entities: list[Entity] = []
    position: dict[Entity, int] = {}
    places: list[int] = []
    for number, item in enumerate(_field(record, "entities", list, where)):
        here = f"{where}, entity {number}"
        entity = Entity(
            _field(item, "type", str, here), _field(item, "start", int, here), _field(item, "end", int, here)
        )
        if not 0 <= entity.start < entity.end <= len(tokens):
            raise DataError(
                f"{here}: span {entity.start} to {entity.end}, expected start < end, both within {len(tokens)} tokens"
            )
        if entity in position and not source.predictions:
            text = " ".join(tokens[entity.start : entity.end])
            source.problems.mend("duplicate entity", here, f"{entity.type} {text!r} is given twice, expected it once")
            places.append(position[entity])
            continue
        position.setdefault(entity, len(entities))
        places.append(len(entities))
        entities.append(entity)
    return entities, places


def _read_relations(
    record: dict[str, Any],
    entities: list[Entity],
    places: list[int],
    tokens: tuple[str, ...],
    where: str,
    source: Source,
) -> tuple[Relation, ...]:
    """Read the relations of a record.

    Args:
      record: the record.
      entities: its entities.
      places: for each of the record's entity items the position in `entities`.
      tokens: its tokens.
      where: the file and the record, for messages.
      source: the file.
    """
    relations: list[Relation] = []
    seen: set[Relation] = set()
    for number, item in enumerate(_field(record, "relations", list, where)):
        here = f"{where}, relation {number}"
        kind = _field(item, "type", str, here)
        ends: list[int] = [_field(item, name, int, here) for name in ("head", "tail")]
        for end in ends:
            if not 0 <= end < len(places):
                raise DataError(f"{here}: entity {end}, expected a position among {len(places)} entities, from 0")
        relation = Relation(kind, places[ends[0]], places[ends[1]])
        if not source.predictions:
            if relation.head == relation.tail:
                entity = entities[relation.head]
                text = " ".join(tokens[entity.start : entity.end])
                source.problems.mend(
                    "self relation", here, f"{kind} from entity {text!r} to itself, expected two entities"
                )
                continue
            if relation in seen:
                source.problems.mend(
                    "duplicate relation",
                    here,
                    f"{kind} from entity {ends[0]} to {ends[1]} is given twice, expected it once",
                )
                continue
        seen.add(relation)
        relations.append(relation)
    return tuple(relations)


def _read_unattached(items: Any, tokens: tuple[str, ...], where: str) -> tuple[tuple[str, int, int], ...]:
    """Read the relations that have no two entities, each once."""
    places = range(len(tokens))
    found: list[Any] = items if as_list(items) is not None else [items]
    for item in found:
        if types_in(item) != [str, int, int] or item[1] not in places or item[2] not in places:
            raise DataError(f"{where}: ungrounded {_show(item)}, expected [type, head token, tail token]")
    return tuple(dict.fromkeys((kind, head, tail) for kind, head, tail in found))


def _read_text(record: dict[str, Any], tokens: tuple[str, ...], where: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Read the text and each token's offsets in it; both are empty if the record has no offsets."""
    if "offsets" not in record:
        return "", ()
    text: str = _field(record, "text", str, where)
    offsets: list[Any] = _field(record, "offsets", list, where)
    if len(offsets) != len(tokens):
        raise DataError(f"{where}: {len(offsets)} offsets, expected {len(tokens)}, one for each token")
    for number, (token, place) in enumerate(zip(tokens, offsets)):
        if types_in(place) != [int, int]:
            raise DataError(f"{where}, token {number}: offsets {_show(place)}, expected [first, end]")
        if text[place[0] : place[1]] != token:
            raise DataError(
                f"{where}, token {number}: offsets {place} are those of {text[place[0] : place[1]][:40]!r}, "
                f"expected the token {token[:40]!r}"
            )
    return text, tuple((first, end) for first, end in offsets)


def _read_name(record: dict[str, Any], key: str, where: str) -> str:
    value = record.get(key, "")
    name = "" if value is None else str(value)
    if name and not is_token(name):
        raise DataError(f"{where}: {key} is {json.dumps(name)[:40]}, expected text")
    return name


def read_record(record: Any, where: str, source: Source) -> Sentence:
    """Turn a record into a sentence.

    In predictions, duplicates are no problem, because scoring counts them once. A relation from an entity to itself
    is kept, because scoring counts it as false.

    Args:
      record: the record, from JSON.
      where: the file and the record's number, for messages.
      source: the file.

    Raises:
      DataError: beginning with `where`, and naming the item and what was expected.
    """
    content = as_object(record)
    if content is None:
        raise DataError(f"{where}: {json.dumps(record)[:40]}, expected an object with tokens, entities and relations")
    tokens = _read_tokens(content, where)
    entities, places = _read_entities(content, tokens, where, source)
    relations = _read_relations(content, entities, places, tokens, where, source)
    given = source.predictions and "ungrounded" in content
    unattached = _read_unattached(content["ungrounded"], tokens, where) if given else ()
    text, offsets = _read_text(content, tokens, where)
    return Sentence(
        tokens,
        tuple(entities),
        relations,
        _read_name(content, "orig_id", where),
        unattached,
        text,
        offsets,
        _read_name(content, "document_id", where),
    )


def read_sentences(source: Source) -> list[Sentence]:
    """Read the sentences of a file.

    Raises:
      DataError: naming the file, the record, the item and what was expected.
    """
    try:
        records = as_list(json.loads(source.text))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{source.path}: not JSON ({error}), expected a list of records") from None
    if records is None:
        raise DataError(f"{source.path}: JSON, but not a list, expected a list of records")
    return [read_record(record, f"{source.path}, record {number}", source) for number, record in enumerate(records)]


def write_record(sentence: Sentence) -> dict[str, Any]:
    """Turn a sentence into a record, ready for `json.dump`."""
    record: dict[str, Any] = {
        "tokens": list(sentence.tokens),
        "entities": [{"type": e.type, "start": e.start, "end": e.end} for e in sentence.entities],
        "relations": [{"type": r.type, "head": r.head, "tail": r.tail} for r in sentence.relations],
    }
    if sentence.id:
        record["orig_id"] = sentence.id
    if sentence.document_id:
        record["document_id"] = sentence.document_id
    if sentence.offsets:
        record["text"], record["offsets"] = sentence.text, [list(place) for place in sentence.offsets]
    if sentence.unattached_relations:
        record["ungrounded"] = [list(relation) for relation in sentence.unattached_relations]
    return record


def dump_json(sentences: Sequence[Sentence]) -> str:
    """Return the text of a file with these sentences, one record on each line.

    Raises:
      DataError: for a sentence that no reader could have made.
    """
    for number, sentence in enumerate(sentences):
        validate_sentence(sentence, f"sentence {number}")
    lines = [json.dumps(write_record(sentence), ensure_ascii=False) for sentence in sentences]
    return "[\n" + ",\n".join(lines) + "\n]\n"


FORMAT = Format(
    name="spert",
    sniff=lambda text: text.startswith(("[", "{")),
    read=read_sentences,
    write=lambda sentences, problems: dump_json(sentences),
    start="'['",
)
