"""Triples by string: a text with relations whose arguments are named by their words.

As JSON lines, `{"text": ..., "triples": [["Ann", "lives_in", "Rome"]]}`, or with an object for each triple; and as a
table with the columns sentence, head, relation and tail. An argument is found in the text if it stands at exactly one
place, as whole tokens, or if the file gives its place.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from typing import Any

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.formats.annotated_text import AnnotatedText, Link, Mention, TextConverter
from cman_tf.formats.annotating import annotate_documents, annotate_sentences, count_entity_scores, list_relations
from cman_tf.formats.base import Format
from cman_tf.formats.csv_rows import names_in, read_rows, write_row
from cman_tf.formats.json_records import get, read_records, show
from cman_tf.formats.scores import read_score
from cman_tf.formats.showing import show_name, show_text
from cman_tf.formats.source import Head, Source
from cman_tf.formats.triple_places import Argument, Triple, TripleReader
from cman_tf.runs.json_values import as_list, as_object

# Other names for the parts of a triple.
_NAMES = {
    "sentence": ("sentence", "text", "sent"),
    "head": ("head", "subject", "subj", "sub", "h", "entity1", "e1", "source"),
    "relation": ("relation", "predicate", "pred", "rel", "r", "type", "label"),
    "tail": ("tail", "object", "obj", "t", "entity2", "e2", "target"),
    "id": ("document_id", "id", "sentence_id"),
}
_PLACES = ("head_start", "head_end", "tail_start", "tail_end")
_ARGUMENTS = ("head", "head_type", "relation", "tail", "tail_type", *_PLACES)
_COLUMNS = ["sentence", *_ARGUMENTS, "score", "sentence_id", "document_id"]


def read_json(source: Source) -> Iterator[Sentence]:
    """Yield the sentences of JSON records with triples.

    Raises:
      DataError: naming the record and what was expected.
    """
    reader = TripleReader(source)
    yield from TextConverter(source).convert_all(
        _read_record(record, where, source, reader) for where, record in read_records(source)
    )


def _read_record(record: dict[str, Any], where: str, source: Source, reader: TripleReader) -> AnnotatedText:
    text: str = get(record, "text" if "text" in record else "sentence", str, where)
    triples: list[Any] = get(record, "triples", list, where)
    found = [_read_triple(item, f"{where}, triple {number}", source) for number, item in enumerate(triples)]
    name = _pick(record, "id")
    return reader.annotate("" if name is None else str(name), text, found, where)


def _read_triple(item: Any, where: str, source: Source) -> Triple:
    content, parts = as_object(item), as_list(item) or []
    if content is None:
        if len(parts) != 3:
            raise DataError(f"{where}: {show(item)}, expected [head, relation, tail] or an object")
        content = {"head": parts[0], "relation": parts[1], "tail": parts[2]}
    values: dict[str, str] = {}
    for part in ("head", "relation", "tail"):
        value = _pick(content, part)
        if type(value) is not str:
            raise DataError(f"{where}: {part} is {show(value)}, expected a string")
        values[part] = value
    ends = [_read_argument(content, side, values[side], where) for side in ("head", "tail")]
    score = read_score(content.get("score"), where, source.problems)
    return Triple(values["relation"], ends[0], ends[1], where, score)


def _read_argument(content: dict[str, Any], side: str, words: str, where: str) -> Argument:
    """Read an argument. Its place counts only if both ends are given."""
    kind, start, end = (content.get(f"{side}_{part}") for part in ("type", "start", "end"))
    if start is None or end is None:
        start = end = -1
    elif type(start) is not int or type(end) is not int or start < 0:
        raise DataError(f"{where}: {side} stands from {show(start)} to {show(end)}, expected whole numbers")
    if kind is not None and type(kind) is not str:
        raise DataError(f"{where}: {side}_type is {show(kind)}, expected a string")
    return Argument(words, kind or "", start, end)


def _pick(record: dict[str, Any], part: str) -> Any:
    """Return the first value that a record has under one of a part's names."""
    return next((record[name] for name in _NAMES[part] if record.get(name) is not None), None)


def read_table(source: Source) -> Iterator[Sentence]:
    """Yield the sentences of a table of triples. Neighbouring rows with the same sentence and ids are one text.

    Raises:
      DataError: naming the row and what was expected.
    """
    converter = TextConverter(source)
    for name, document in _read_texts(source):
        sentences = converter.convert(document)
        for number, sentence in enumerate(sentences, start=1):
            own = name if len(sentences) == 1 else f"{name}.{number}"
            yield dataclasses.replace(sentence, id=own) if name else sentence


def _read_texts(source: Source) -> Iterator[tuple[str, AnnotatedText]]:
    """Yield the name of each sentence that the table names, and the sentence as a text."""
    reader = TripleReader(source)
    before: tuple[str, str, str] | None = None
    triples: list[Triple] = []
    place = ""
    for where, row in read_rows(source):
        text, name = _pick(row, "sentence"), (row.get("sentence_id") or "").strip()
        if type(text) is not str:
            raise DataError(f"{where}: no column sentence, expected sentence, head, relation and tail in line 1")
        now = (str(row.get("document_id") or name), text, name)
        if before is not None and before != now:
            # A line end keeps the sentences of a document apart, whose texts do not include what is between them.
            apart = "\n" if now[0] and before[0] == now[0] and not before[1][-1:].isspace() else ""
            yield before[2], reader.annotate(before[0], before[1] + apart, triples, place)
            triples = []
        if before != now:
            before, place = now, where
        filled: dict[str, Any] = {key: value for key, value in row.items() if value.strip()}
        for key in (*_PLACES, "score"):
            if key in filled:
                filled[key] = _read_number(filled[key], key, where)
        if any(_pick(filled, part) is not None for part in ("head", "relation", "tail")):
            triples.append(_read_triple(filled, where, source))
    if before is not None:
        yield before[2], reader.annotate(before[0], before[1], triples, place)


def _read_number(value: str, name: str, where: str) -> float | int:
    """Return the number that a cell holds."""
    try:
        return float(value) if name == "score" else int(value)
    except ValueError:
        raise DataError(f"{where}: {name} is {show(value)}, expected a number") from None


def write_json(sentences: Iterable[Sentence], problems: Problems) -> Iterator[str]:
    """Yield the text of a file of JSON lines, one document each. Each argument has its place and type beside it.

    Raises:
      DataError: for a sentence that no reader could have made.
    """
    for document in annotate_documents(sentences, problems):
        triples: list[dict[str, Any]] = []
        for link, head, tail in _list_triples(document, problems):
            triple: dict[str, Any] = {"head": head.text, "relation": link.type, "tail": tail.text}
            for side, mention in (("head", head), ("tail", tail)):
                triple |= {f"{side}_type": mention.type, f"{side}_start": mention.start, f"{side}_end": mention.end}
            triples.append(triple if link.score is None else {**triple, "score": link.score})
        record = {"id": document.id, "text": document.text, "triples": triples}
        yield json.dumps(record, ensure_ascii=False) + "\n"


def write_table(sentences: Iterable[Sentence], problems: Problems) -> Iterator[str]:
    """Yield the text of a table, one triple a row. A sentence without triples has a row of its own.

    Raises:
      DataError: for a sentence that no reader could have made.
    """
    yield write_row(_COLUMNS)
    for name, document_name, document in annotate_sentences(sentences, problems):
        rows: list[list[str]] = []
        for link, head, tail in _list_triples(document, problems):
            places = [str(place) for place in (head.start, head.end, tail.start, tail.end)]
            score = "" if link.score is None else repr(float(link.score))
            rows.append([head.text, head.type, link.type, tail.text, tail.type, *places, score])
        for row in rows or [[""] * (len(_COLUMNS) - 3)]:
            yield write_row([document.text, *row, name, document_name])


def _list_triples(document: AnnotatedText, problems: Problems) -> Iterator[tuple[Link, Mention, Mention]]:
    """Yield the relations with their mentions; mentions without a relation are reported."""
    alone, relations = list_relations(document)
    for mention in alone:
        shown = f"{show_name(mention.type)} {show_text(mention.text)} is in no relation and is left out"
        problems.mend("entity without a relation", f"document {show_name(document.id)}", shown)
    count_entity_scores(document, problems)
    yield from relations


def _sniff_json(head: Head) -> bool:
    return head.keys.get("triples") == "[" and "tokens" not in head.keys


def _sniff_table(head: Head) -> bool:
    names = set(names_in(head))
    return not head.keys and all(names & set(_NAMES[part]) for part in ("sentence", "head", "relation", "tail"))


FORMAT = Format(
    name="triples",
    description="JSON lines with a text and triples of head, relation and tail, named by their words",
    sniff=_sniff_json,
    read=read_json,
    write=write_json,
    ending=".jsonl",
)
TABLE_FORMAT = Format(
    name="triples_csv",
    description="a table with the columns sentence, head, relation and tail, named by their words",
    sniff=_sniff_table,
    read=read_table,
    write=write_table,
    ending=".csv",
)
