"""DyGIE++ and SciERC: JSON lines, one document a line.

    {"doc_key": "d1", "sentences": [["Ann", "left"], ["Bo", "stayed"]],
     "ner": [[[0, 0, "Per"]], [[2, 2, "Per"]]], "relations": [[], []]}

`ner` and `relations` have a list for each sentence: [start, end, type], and [start, end, start, end, type] with the
first argument first. Tokens are counted from the beginning of the document, and ends are included. A document without
`ner` and `relations` has no labels. Predictions are in `predicted_ner` and `predicted_relations`, whose items may end
with a score, or with a raw score and a score from 0 to 1. They are read from predictions, and where the other keys are
absent. Sentences are named `d1.1`, `d1.2`, ...; one that is alone in its document is named `d1`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence, is_token, validate_sentence
from cman_tf.errors import DataError
from cman_tf.formats.annotated_text import group_consecutive
from cman_tf.formats.base import Format
from cman_tf.formats.dygie_documents import Arguments, DygieDocument, Mention
from cman_tf.formats.json_records import get, get_list, get_name, read_records, shorten, show
from cman_tf.formats.source import Head, Source
from cman_tf.runs.json_values import as_list

_SECTIONS = ("ner", "relations")
_NOT_READ = {"clusters": "coreference_clusters_not_read", "events": "events_not_read"}
_START = re.compile(r'"sentences"\s*:\s*\[\s*(\[|\])')


def read_sentences(source: Source) -> Iterator[Sentence]:
    """Yield the sentences of a file.

    Relations across sentences are reported and left out, unless `ReadOptions.join_sentences` is set: then the sentences
    that a relation or a mention joins, and those between them, become one.

    Raises:
      DataError: naming the file, the line, the sentence, the item and what was expected.
    """
    for where, record in read_records(source):
        yield from _read_document(record, where, source).make_sentences()


def _read_document(record: dict[str, Any], where: str, source: Source) -> DygieDocument:
    """Read a document from its record."""
    document = DygieDocument(get_name(record, "doc_key", where), _read_tokens(record, where), where, source)
    for key, name in _NOT_READ.items():
        if key in record:
            source.problems.note(name, sum(len(as_list(item) or ()) for item in get_list(record, key, where)))
    given = [key for key in _SECTIONS if record.get(key) is not None]
    predicted = [f"predicted_{key}" for key in _SECTIONS if record.get(f"predicted_{key}") is not None]
    prefix = ""
    if predicted and (source.predictions or not given):
        prefix = "predicted_"
        if not source.predictions:
            source.problems.note("documents_with_predicted_labels_only")
    for place, item, here in _read_section(record, f"{prefix}ner", len(document.sentences), where):
        span, kind, score = _read_item(item, 2, here)
        document.add_mention(place, Mention(kind, span[0], span[1], score, here))
    for _, item, here in _read_section(record, f"{prefix}relations", len(document.sentences), where):
        span, kind, score = _read_item(item, 4, here)
        document.add_relation(Arguments(kind, (span[0], span[1]), (span[2], span[3]), score, here))
    return document


def _read_tokens(record: dict[str, Any], where: str) -> list[list[str]]:
    sentences: list[Any] = get(record, "sentences", list, where)
    for number, sentence in enumerate(sentences):
        tokens = as_list(sentence)
        if tokens is None:
            raise DataError(f"{where}, sentence {number}: {show(sentence)}, expected a list of tokens")
        for place, token in enumerate(tokens):
            if not isinstance(token, str) or (token.strip() and not is_token(token)):
                raise DataError(f"{where}, sentence {number}, token {place}: {show(token)}, expected text")
    return sentences


def _read_section(record: dict[str, Any], key: str, count: int, where: str) -> Iterator[tuple[int, list[Any], str]]:
    """Yield the items of a section, each with its sentence and its place for messages."""
    lists = get_list(record, key, where)
    if lists and len(lists) != count:
        raise DataError(f"{where}: {key} has {len(lists)} lists, expected {count}, one for each sentence")
    for sentence, items in enumerate(lists):
        found = as_list(items)
        if found is None:
            raise DataError(f"{where}, {key} of sentence {sentence}: {show(items)}, expected a list")
        for number, item in enumerate(found):
            here = f"{where}, sentence {sentence}, {key} {number}"
            content = as_list(item)
            if content is None:
                raise DataError(f"{here}: {show(item)}, expected a list")
            yield sentence, content, here


def _read_item(item: list[Any], count: int, where: str) -> tuple[list[int], str, float | None]:
    """Return the token positions of an item, its type, and its score if it has one."""
    positions, rest = item[:count], item[count:]
    if [type(value) for value in positions] != [int] * count or not rest or not is_token(rest[0]):
        shape = ", ".join(["start", "end"] * (count // 2))
        raise DataError(f"{where}: {show(item)}, expected [{shape}, type]")
    score: Any = rest[-1] if len(rest) > 1 else None
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
        score = None
    return positions, rest[0], score


def _sniff(head: Head) -> bool:
    keys = head.keys
    known = {"doc_key", "ner", "relations", "predicted_ner", "clusters"}
    return keys.get("sentences") == "[" and bool(known & keys.keys()) and bool(_START.search(head.text))


def write_sentences(sentences: Iterable[Sentence], problems: Problems) -> Iterator[str]:
    """Yield the text of a file with these sentences: a line for each document.

    Neighbouring sentences with the same document id are a document. Those with scores or unattached relations are
    written as predictions. A relation on the second entity with the same tokens, and another type, is reported and left
    out. Texts and names of sentences are not written.

    Args:
      sentences: the sentences.
      problems: the collector to which changes are reported.

    Raises:
      DataError: for a sentence that no reader could have made.
    """
    number = 0
    for group in group_consecutive(sentences):
        record: dict[str, Any] = {"doc_key": group[0].document_id or group[0].id or str(number), "sentences": []}
        predicted = any(s.entity_scores or s.relation_scores or s.unattached_relations for s in group)
        ner, relations = (record.setdefault(f"predicted_{key}" if predicted else key, []) for key in _SECTIONS)
        first = 0
        for sentence in group:
            validate_sentence(sentence, f"sentence {number}")
            record["sentences"].append(list(sentence.tokens))
            ner.append(_write_entities(sentence, first))
            relations.append(_write_relations(sentence, first, f"sentence {number}", problems))
            first += len(sentence.tokens)
            number += 1
        yield json.dumps(record, ensure_ascii=False) + "\n"


def _write_entities(sentence: Sentence, first: int) -> list[list[Any]]:
    items: list[list[Any]] = [[e.start + first, e.end - 1 + first, e.type] for e in sentence.entities]
    return _add_scores(items, sentence.entity_scores)


def _write_relations(sentence: Sentence, first: int, where: str, problems: Problems) -> list[list[Any]]:
    """Write the relations; those whose argument is not the first entity at its place are reported and left out."""
    at_place: dict[tuple[int, int], int] = {}
    for place, entity in enumerate(sentence.entities):
        at_place.setdefault((entity.start, entity.end), place)
    items: list[list[Any]] = []
    scores: list[float] = []
    for number, relation in enumerate(sentence.relations):
        ends = [sentence.entities[end] for end in (relation.head, relation.tail)]
        named = [sentence.entities[at_place[end.start, end.end]] for end in ends]
        if named != ends:
            shown = f"{shorten(relation.type)} is on the second entity with the same tokens, which cannot be named"
            problems.mend("relation on one of several types", where, shown)
            continue
        items.append([place + first for end in ends for place in (end.start, end.end - 1)] + [relation.type])
        scores += sentence.relation_scores[number : number + 1]
    items = _add_scores(items, scores)
    return items + [
        [*([head + first] * 2), *([tail + first] * 2), kind] for kind, head, tail in sentence.unattached_relations
    ]


def _add_scores(items: list[list[Any]], scores: Sequence[float]) -> list[list[Any]]:
    """Add the raw score and the score from 0 to 1; both are the same here."""
    return [[*item, score, score] for item, score in zip(items, scores)] if scores else items


FORMAT = Format(
    name="dygie",
    description="DyGIE++ and SciERC JSON lines: a document a line with sentences, ner and relations",
    sniff=_sniff,
    read=read_sentences,
    write=write_sentences,
    start='\'{"doc_key": "", "sentences": [["\'',
    ending=".jsonl",
)
