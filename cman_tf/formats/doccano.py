"""doccano: JSON lines, each a text with entities and relations.

The format: https://github.com/doccano/doccano/pull/1823. Exports without relations hold `label` or `labels` instead.
Offsets count code points, and mentions have no text of their own.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.formats.annotated_text import AnnotatedText, Link, Mention, TextConverter
from cman_tf.formats.annotating import annotate_documents
from cman_tf.formats.base import Format
from cman_tf.formats.json_records import get, read_records, show
from cman_tf.formats.scores import read_score
from cman_tf.formats.source import Head, Source
from cman_tf.runs.json_values import as_list, as_object, types_in

_LABELS = ("label", "labels")  # what older exports, and those of projects without relations, call the entities
_LABEL_LIST = re.compile(r'"labels?"\s*:\s*\[\s*(\]|\[|\{\s*"(id|label|start_offset)")')


def read_sentences(source: Source) -> Iterator[Sentence]:
    """Yield the sentences of a file.

    Raises:
      DataError: naming the line and what was expected.
    """
    records = read_records(source)
    yield from TextConverter(source).convert_all(_read_record(record, where, source) for where, record in records)


def _read_record(record: dict[str, Any], where: str, source: Source) -> AnnotatedText:
    text: str = get(record, "text" if "text" in record else "data", str, where)
    key = next((key for key in ("entities", *_LABELS) if key in record), "entities")
    mentions = [_read_entity(item, n, where, source) for n, item in _read_items(record, key, where)]
    links = [_read_relation(item, n, where, source) for n, item in _read_items(record, "relations", where)]
    if "relations" not in record:
        source.problems.note("texts_of_an_export_without_relations")
    name = record.get("document_id", record.get("id"))
    return AnnotatedText("" if name is None else str(name), text, mentions, links, where)


def _read_items(record: dict[str, Any], key: str, where: str) -> Iterator[tuple[int, Any]]:
    if record.get(key) is not None:
        items: list[Any] = get(record, key, list, where)
        yield from enumerate(items)


def _read_entity(item: Any, number: int, where: str, source: Source) -> Mention:
    """Read an object, or a list such as [0, 3, "PER"]."""
    here = f"{where}, entity {number}"
    content = as_object(item)
    if content is not None:
        start, end = get(content, "start_offset", int, here), get(content, "end_offset", int, here)
        score = read_score(content.get("score"), here, source.problems)
        name = str(content.get("id", number))
        return Mention(name, get(content, "label", str, here), start, end, where=here, score=score)
    values = as_list(item) or []
    if types_in(item) != [int, int, str]:
        raise DataError(f"{here}: {show(item)}, expected [start, end, type]")
    return Mention(str(number), values[2], values[0], values[1], where=here)


def _read_relation(item: Any, number: int, where: str, source: Source) -> Link:
    here = f"{where}, relation {number}"
    content = as_object(item)
    if content is None or "from_id" not in content or "to_id" not in content:
        raise DataError(f"{here}: {show(item)}, expected an object with from_id, to_id and type")
    score = read_score(content.get("score"), here, source.problems)
    ends = (str(content["from_id"]), str(content["to_id"]))
    return Link(get(content, "type", str, here), *ends, here, str(content.get("id", "")), score)


def write_lines(sentences: Iterable[Sentence], problems: Problems) -> Iterator[str]:
    """Yield the text of a file that doccano imports, one document a line.

    Raises:
      DataError: for a sentence that no reader could have made.
    """
    entity_ids, relation_ids = itertools.count(), itertools.count()
    for number, document in enumerate(annotate_documents(sentences, problems)):
        ids = {mention.key: next(entity_ids) for mention in document.mentions}
        entities: list[dict[str, Any]] = [
            {"id": ids[m.key], "label": m.type, "start_offset": m.start, "end_offset": m.end, **_write_score(m.score)}
            for m in document.mentions
        ]
        relations: list[dict[str, Any]] = [
            {
                "id": next(relation_ids),
                "from_id": ids[link.head],
                "to_id": ids[link.tail],
                "type": link.type,
                **_write_score(link.score),
            }
            for link in document.links
        ]
        record = {"id": number, "document_id": document.id, "text": document.text}
        yield json.dumps({**record, "entities": entities, "relations": relations}, ensure_ascii=False) + "\n"


def _write_score(score: float | None) -> dict[str, float]:
    return {} if score is None else {"score": score}


def _sniff(head: Head) -> bool:
    keys = head.keys
    if "tokens" in keys or '"' not in (keys.get("text"), keys.get("data")):
        return False
    if keys.get("entities") == "[":
        return True
    return any(keys.get(key) == "[" for key in _LABELS) and bool(_LABEL_LIST.search(head.text))


FORMAT = Format(
    name="doccano",
    description="doccano's JSON lines with entities and relations; the older ones with label or labels are read, too",
    sniff=_sniff,
    read=read_sentences,
    write=write_lines,
    ending=".jsonl",
)
