"""spaCy's `Doc.to_json`: a list of documents, or one document a line. spaCy need not be installed.

    {"text": "Ann left.", "ents": [{"start": 0, "end": 3, "label": "Per"}], "sents": [{"start": 0, "end": 9}],
     "tokens": [{"id": 0, "start": 0, "end": 3}, ...], "_": {"rel": [{"head": 0, "tail": 4, "label": "K"}]}}

Offsets are in characters. The head and the tail of a relation are the first tokens of its arguments. `doc._.rel` as
spaCy's tutorial has it is read, too; and so are Prodigy's files, whose entities are in "spans" and whose relations are
in "relations", each with "head" and "child", the last tokens. Without "sents" the text is split into sentences. A name
of the document is in "id" or in "meta".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.formats.annotated_text import AnnotatedText, Mention, TextConverter
from cman_tf.formats.base import Format
from cman_tf.formats.json_records import get, get_list, get_name, get_text, read_records, show, write_records
from cman_tf.formats.source import Head, Source
from cman_tf.formats.spacy_documents import MentionFinder, SpacyDocument, make_documents, read_rel
from cman_tf.runs.json_values import as_list, as_object

Span = tuple[int, int]


def read_sentences(source: Source) -> Iterator[Sentence]:
    """Yield the sentences of a file.

    Raises:
      DataError: naming the file, the record, the item and what was expected.
    """
    converter = TextConverter(source)
    for where, record in read_records(source):
        if record.get("answer") in ("reject", "ignore"):
            source.problems.mend("rejected example", where, f"answer is {show(record['answer'])}, expected accept")
            continue
        yield from converter.convert(_read_document(record, where, source.problems))


def _read_document(record: dict[str, Any], where: str, problems: Problems) -> AnnotatedText:
    text: str = get(record, "text", str, where)
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise DataError(f"{where}: text contains half a character (a lone surrogate), expected text")
    entities = record.get("ents")
    if entities is None:  # Prodigy
        entities = as_list(record.get("spans")) or []
    mentions: list[Mention] = []
    for number, item in enumerate(get_list({"ents": entities}, "ents", where)):
        here = f"{where}, ent {number}"
        start, end = (get(item, key, int, here) for key in ("start", "end"))
        mentions.append(Mention(f"ent {number}", get_text(item, "label", here), start, end, where=where))
    tokens = _read_spans(record, "tokens", text, where)
    sentences = _read_spans(record, "sents", text, where)
    relations = (as_object(record.get("_")) or {}).get("rel", record.get("relations", record.get("rel")))
    links = []
    if relations:
        finder = MentionFinder(mentions, tokens or (), where, problems)
        found = (finder.link(*relation) for relation in read_rel(relations, where))
        links = [link for link in found if link]
    name = get_name(record, "id", where) or get_name(record.get("meta"), "id", where)
    return AnnotatedText(name, text, mentions, links, where, tokens, sentences)


def _read_spans(record: dict[str, Any], key: str, text: str, where: str) -> list[Span] | None:
    """Read the character offsets of tokens or sentences, in the order of the text; None if there are none."""
    spans: list[Span] = []
    end = 0
    for number, item in enumerate(get_list(record, key, where)):
        here = f"{where}, {key} {number}"
        start, before = get(item, "start", int, here), end
        end = get(item, "end", int, here)
        if not before <= start < end <= len(text):
            raise DataError(
                f"{here}: span {start} to {end}, expected start < end, from {before} to {len(text)}, "
                "the end of the text"
            )
        spans.append((start, end))
    return spans or None


def _sniff(head: Head) -> bool:
    keys = head.keys
    return keys.get("text") == '"' and (
        keys.get("ents") == "[" or (keys.get("spans") == "[" and keys.get("tokens") == "[")
    )


def _write_document(document: SpacyDocument) -> dict[str, Any]:
    offsets = document.offsets
    starts = document.starts
    record: dict[str, Any] = {
        "text": document.text,
        "ents": [
            {"start": offsets[first][0], "end": offsets[end - 1][1], "label": kind}
            for kind, first, end in document.entities
        ],
        "sents": [
            {"start": offsets[first][0], "end": offsets[end - 1][1]}
            for first, end in zip(starts, [*starts[1:], len(offsets)])
        ],
        "tokens": [{"id": number, "start": start, "end": end} for number, (start, end) in enumerate(offsets)],
    }
    if document.relations:
        record["_"] = {"rel": [{"head": r.head, "tail": r.tail, "label": r.type} for r in document.relations]}
    if document.id:
        record["meta"] = {"id": document.id}
    return record


def write_sentences(sentences: Iterable[Sentence], problems: Problems) -> Iterator[str]:
    """Yield the text of a file that holds a list of documents, one on each line.

    Where entities overlap, only one of them can be written; the others and their relations are reported and left out.
    Neighbouring sentences with the same document id are a document. Scores and names of sentences are not written.

    Args:
      sentences: the sentences.
      problems: the collector to which omissions are reported.

    Raises:
      DataError: for a sentence that no reader could have made.
    """
    yield from write_records(map(_write_document, make_documents(sentences, problems)))


FORMAT = Format(
    name="spacy_json",
    description="spaCy's Doc.to_json: a list of documents, or one a line; Prodigy's files are read, too",
    sniff=_sniff,
    read=read_sentences,
    write=write_sentences,
    start='\'[{"text": "", "ents": \'',
)
