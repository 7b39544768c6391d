"""SpERT's JSON format (Eberts and Ulges, 2019): reader and writer.

A file is a list of records {"tokens": [...], "entities": [{"type", "start", "end"}, ...], "relations": [{"type",
"head", "tail"}, ...]}, or one record a line. Spans are in tokens, and the end is not included. Head and tail are
positions in the record's entities. A record without annotations has tokens alone. A record may also have "orig_id". Our
extensions are "document_id", "text" with the tokens' "offsets" in it, and, in predictions, "ungrounded": [[type, head
token, tail token], ...], and the "score" of an entity or a relation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation, Sentence, expect_token, is_token, validate_sentence
from cman_tf.errors import DataError
from cman_tf.formats.base import Format
from cman_tf.formats.json_records import get, get_name, get_text, quote, read_records, shorten, show, write_records
from cman_tf.formats.source import Head, Source
from cman_tf.runs.json_values import as_list, as_object, types_in


def _read_tokens(record: dict[str, Any], where: str) -> tuple[str, ...]:
    tokens: list[Any] = get(record, "tokens", list, where)
    if not tokens:
        raise DataError(f"{where}: no tokens, expected at least one")
    for number, token in enumerate(tokens):
        if not is_token(token):
            expected = expect_token(token, "expected text that is not empty")
            raise DataError(f"{where}, token {number}: {show(token)}, {expected}")
    return tuple(tokens)


def _read_entities(
    record: dict[str, Any], tokens: tuple[str, ...], where: str, source: Source
) -> tuple[list[Entity], list[int], tuple[float, ...]]:
    """Read the entities of a record.

    Args:
      record: the record.
      tokens: its tokens.
      where: the file and the record, for messages.
      source: the file.

    Returns:
      The entities, for each item of the record its entity's position among them, which differ where an entity is given
      twice, and the entities' scores, if all have one.
    """
    entities: list[Entity] = []
    position: dict[Entity, int] = {}
    places: list[int] = []
    scores: list[float] = []
    more = int(source.options.ends == "inclusive")
    items: list[Any] = get(record, "entities", list, where) if "entities" in record else []
    for number, item in enumerate(items):
        here = f"{where}, entity {number}"
        entity = Entity(get_text(item, "type", here), get(item, "start", int, here), get(item, "end", int, here) + more)
        if not 0 <= entity.start < entity.end <= len(tokens):
            raise DataError(_describe_span(entity, items, len(tokens), here))
        if entity in position and not source.predictions:
            shown = f"{shorten(entity.type)} {_show_text(tokens, entity)} is given twice, expected it once"
            source.problems.mend("duplicate entity", here, shown)
            places.append(position[entity])
            continue
        position.setdefault(entity, len(entities))
        places.append(len(entities))
        entities.append(entity)
        scores += _read_score(item, here)
    return entities, places, tuple(scores) if len(scores) == len(entities) else ()


def _read_score(item: dict[str, Any], where: str) -> list[float]:
    """Return the score of an entity or a relation in a list, or an empty list if it has none."""
    score = item.get("score")
    if score is None:
        return []
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
        raise DataError(f"{where}: score {show(score)}, expected a number from 0 to 1")
    return [float(score)]


def _describe_span(entity: Entity, items: Sequence[Any], count: int, where: str) -> str:
    """Describe a span outside of the tokens, with what may be the reason."""
    found = f"{where}: span {entity.start} to {entity.end}, expected start < end, both within {count} tokens"
    same = sum(item.get("start") == item.get("end") for item in map(as_object, items) if item)
    if entity.start == entity.end:
        return f"{found}; {same} of {len(items)} spans have start = end: are ends included? (--ends=inclusive)"
    if entity.end > 2 * count:
        return f"{found}; does the file count characters?"
    return found


def _show_text(tokens: tuple[str, ...], entity: Entity) -> str:
    """Show the beginning of an entity's text in a message."""
    return quote(" ".join(tokens[entity.start : min(entity.end, entity.start + 9)]))


def _read_relations(
    record: dict[str, Any],
    entities: list[Entity],
    places: list[int],
    tokens: tuple[str, ...],
    where: str,
    source: Source,
) -> tuple[tuple[Relation, ...], tuple[float, ...]]:
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
    scores: list[float] = []
    seen: set[Relation] = set()
    items: list[Any] = get(record, "relations", list, where) if "relations" in record else []
    for number, item in enumerate(items):
        here = f"{where}, relation {number}"
        kind = get_text(item, "type", here)
        ends: list[int] = [get(item, name, int, here) for name in ("head", "tail")]
        for end in ends:
            if not 0 <= end < len(places):
                raise DataError(f"{here}: entity {end}, expected a position among {len(places)} entities, from 0")
        relation = Relation(kind, places[ends[0]], places[ends[1]])
        if not source.predictions:
            if relation.head == relation.tail:
                entity = entities[relation.head]
                shown = f"{shorten(kind)} from entity {_show_text(tokens, entity)} to itself, expected two entities"
                source.problems.mend("self relation", here, shown)
                continue
            if relation in seen:
                source.problems.mend(
                    "duplicate relation",
                    here,
                    f"{shorten(kind)} from entity {ends[0]} to {ends[1]} is given twice, expected it once",
                )
                continue
        seen.add(relation)
        relations.append(relation)
        scores += _read_score(item, here)
    return tuple(relations), tuple(scores) if len(scores) == len(relations) else ()


def _read_unattached(items: Any, tokens: tuple[str, ...], where: str) -> tuple[tuple[str, int, int], ...]:
    """Read the relations that have no two entities, each once."""
    places = range(len(tokens))
    found: list[Any] = items if as_list(items) is not None else [items]
    for item in found:
        if types_in(item) != [str, int, int] or item[1] not in places or item[2] not in places:
            raise DataError(f"{where}: ungrounded {show(item)}, expected [type, head token, tail token]")
    return tuple(dict.fromkeys((kind, head, tail) for kind, head, tail in found))


def _read_text(record: dict[str, Any], tokens: tuple[str, ...], where: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Read the text and each token's offsets in it; both are empty if the record has no offsets."""
    if "offsets" not in record:
        return "", ()
    text: str = get_text(record, "text", where)
    offsets: list[Any] = get(record, "offsets", list, where)
    if len(offsets) != len(tokens):
        raise DataError(f"{where}: {len(offsets)} offsets, expected {len(tokens)}, one for each token")
    before = 0
    for number, (token, place) in enumerate(zip(tokens, offsets)):
        if types_in(place) != [int, int] or place[0] < before:
            raise DataError(
                f"{where}, token {number}: offsets {show(place)}, expected [first, end] after the token before"
            )
        before = place[1]
        if text[place[0] : place[1]] != token:
            raise DataError(
                f"{where}, token {number}: offsets {show(place)} are those of {quote(text[place[0] : place[1]])}, "
                f"expected the token {quote(token)}"
            )
    return text, tuple((first, end) for first, end in offsets)


def read_record(record: Any, where: str, source: Source) -> Sentence:
    """Turn a record into a sentence.

    In predictions, duplicates are no problem, because scoring counts them once. A relation from an entity to itself
    is kept, because scoring counts it as false.

    Args:
      record: the record, from JSON.
      where: the file and the record's place, for messages.
      source: the file.

    Raises:
      DataError: beginning with `where`, and naming the item and what was expected.
    """
    content = as_object(record)
    if content is None:
        raise DataError(f"{where}: {show(record)}, expected an object with tokens, entities and relations")
    tokens = _read_tokens(content, where)
    entities, places, entity_scores = _read_entities(content, tokens, where, source)
    relations, relation_scores = _read_relations(content, entities, places, tokens, where, source)
    given = source.predictions and "ungrounded" in content
    unattached = _read_unattached(content["ungrounded"], tokens, where) if given else ()
    text, offsets = _read_text(content, tokens, where)
    return Sentence(
        tokens,
        tuple(entities),
        relations,
        get_name(content, "orig_id", where),
        unattached,
        text,
        offsets,
        get_name(content, "document_id", where),
        entity_scores,
        relation_scores,
    )


def read_sentences(source: Source) -> Iterator[Sentence]:
    """Yield the sentences of a file.

    Raises:
      DataError: naming the file, the record, the item and what was expected.
    """
    for where, record in read_records(source):
        yield read_record(record, where, source)


def write_record(sentence: Sentence) -> dict[str, Any]:
    """Turn a sentence into a record, ready for `json.dump`."""
    record: dict[str, Any] = {
        "tokens": list(sentence.tokens),
        "entities": [{"type": e.type, "start": e.start, "end": e.end} for e in sentence.entities],
        "relations": [{"type": r.type, "head": r.head, "tail": r.tail} for r in sentence.relations],
    }
    for items, scores in (
        (record["entities"], sentence.entity_scores),
        (record["relations"], sentence.relation_scores),
    ):
        for item, score in zip(items, scores):
            item["score"] = score
    if sentence.id:
        record["orig_id"] = sentence.id
    if sentence.document_id:
        record["document_id"] = sentence.document_id
    if sentence.offsets:
        record["text"], record["offsets"] = sentence.text, [list(place) for place in sentence.offsets]
    if sentence.unattached_relations:
        record["ungrounded"] = [list(relation) for relation in sentence.unattached_relations]
    return record


def write_list(sentences: Iterable[Sentence], problems: Problems) -> Iterator[str]:
    """Yield the text of a file that holds a list of records, one record on each line.

    Raises:
      DataError: for a sentence that no reader could have made.
    """
    del problems  # the format holds everything
    yield from write_records(map(write_record, _validate(sentences)))


def write_lines(sentences: Iterable[Sentence], problems: Problems) -> Iterator[str]:
    """Yield the text of a file with one record a line.

    Raises:
      DataError: for a sentence that no reader could have made.
    """
    del problems  # the format holds everything
    for sentence in _validate(sentences):
        yield json.dumps(write_record(sentence), ensure_ascii=False) + "\n"


def _validate(sentences: Iterable[Sentence]) -> Iterator[Sentence]:
    for number, sentence in enumerate(sentences):
        validate_sentence(sentence, f"sentence {number}")
        yield sentence


def dump_json(sentences: Iterable[Sentence]) -> str:
    """Return the text of a file with these sentences; see `write_list`."""
    return "".join(write_list(sentences, Problems()))


def _sniff(head: Head) -> bool:
    return "tokens" in head.keys and "ents" not in head.keys or head.text.strip() == "[]"


FORMAT = Format(
    name="spert",
    description="SpERT JSON: a list of records with tokens, entities and relations; JSON lines are read, too",
    sniff=_sniff,
    read=read_sentences,
    write=write_list,
    start="'[{\"tokens\": '",
)
LINES_FORMAT = Format(
    name="spert_lines",
    description="SpERT JSON with one record a line",
    read=read_sentences,
    write=write_lines,
    ending=".jsonl",
)
