"""Label Studio: the JSON export, and pre-annotations that Label Studio imports.

The format: https://labelstud.io/guide/export.html and https://labelstud.io/guide/predictions.html

Offsets: editors since 2022 count code points, older ones UTF-16 units. The reader finds out; the writer counts code
points.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence
from cman_tf.formats.annotated_text import AnnotatedText, Link, Mention, TextConverter
from cman_tf.formats.annotating import annotate_documents
from cman_tf.formats.base import Format
from cman_tf.formats.csv_rows import names_in
from cman_tf.formats.json_records import read_records, write_records
from cman_tf.formats.label_studio_results import read_task
from cman_tf.formats.label_studio_tables import SmallExport
from cman_tf.formats.source import Head, Source

_LISTS = ("annotations", "completions", "predictions")
_SMALL = re.compile(r'\[\s*\{[^{}\[\]]*"labels"\s*:\s*\[')  # a list of spans with labels, not within "value"
_SMALL_COLUMNS = {"annotation_id", "annotator", "lead_time"}


def read_sentences(source: Source) -> Iterator[Sentence]:
    """Yield the sentences of a JSON, JSON-MIN or CSV export.

    Raises:
      DataError: naming the record and what was expected.
    """
    yield from TextConverter(source).convert_all(_read_documents(source))


def _read_documents(source: Source) -> Iterator[AnnotatedText]:
    small = SmallExport(source)
    if not small.is_table():
        for where, record in read_records(source):
            if "data" in record or any(name in record for name in _LISTS):
                document = read_task(record, where, source)
                if document is not None:
                    yield document
            else:
                yield small.read_record(record, where)
    else:
        yield from small.read_table()
    small.report()


def write_tasks(sentences: Iterable[Sentence], problems: Problems) -> Iterator[str]:
    """Yield the text of a list of tasks with predictions, one task a line.

    Raises:
      DataError: for a sentence that no reader could have made.
    """
    yield from write_records(map(_write_task, annotate_documents(sentences, problems)))


def _write_task(document: AnnotatedText) -> dict[str, Any]:
    result = [_write_mention(mention) for mention in document.mentions]
    result += [_write_link(link) for link in document.links]
    prediction: dict[str, Any] = {"model_version": "cman_tf", "result": result}
    scores = [item["score"] for item in result if "score" in item]
    if scores:
        prediction["score"] = sum(scores) / len(scores)
    return {"data": {"text": document.text, "document_id": document.id}, "predictions": [prediction]}


def _write_mention(mention: Mention) -> dict[str, Any]:
    value = {"start": mention.start, "end": mention.end, "text": mention.text, "labels": [mention.type]}
    names = {"id": mention.key, "from_name": "label", "to_name": "text", "type": "labels"}
    return {**names, "value": value, **({} if mention.score is None else {"score": mention.score})}


def _write_link(link: Link) -> dict[str, Any]:
    ends = {"from_id": link.head, "to_id": link.tail, "type": "relation", "direction": "right", "labels": [link.type]}
    return {**ends, **({} if link.score is None else {"score": link.score})}


def _sniff(head: Head) -> bool:
    keys = head.keys
    if any(keys.get(name) == "[" for name in _LISTS):
        return keys.get("data") == "{" or '"result"' in head.text or '"completed_by"' in head.text
    if keys:
        return "tokens" not in keys and (keys.keys() >= _SMALL_COLUMNS or bool(_SMALL.search(head.text)))
    return set(names_in(head)) >= _SMALL_COLUMNS


FORMAT = Format(
    name="label_studio",
    description="Label Studio's JSON export; written as tasks with predictions, which Label Studio imports",
    sniff=_sniff,
    read=read_sentences,
    write=write_tasks,
)
