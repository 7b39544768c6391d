"""spaCy's binary files, `.spacy`: a `DocBin` of documents. They need the extra `spacy`.

Entities are those of `doc.ents`, sentences those whose starts are set, and relations those of `doc._.rel`, as spaCy's
tutorial keeps them. The file is compressed msgpack, which is data only: nothing in it is executed. We read its arrays
ourselves, since spaCy does not check them.
"""

from __future__ import annotations

import importlib
import itertools
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import numpy as np

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence, is_token
from cman_tf.errors import DataError
from cman_tf.formats.annotated_text import AnnotatedText, Mention, TextConverter
from cman_tf.formats.base import Format
from cman_tf.formats.json_records import show
from cman_tf.formats.source import Head, Source
from cman_tf.formats.spacy_documents import MentionFinder, SpacyDocument, make_documents, read_rel
from cman_tf.runs.json_values import as_list, as_object, types_in

_MAX_BYTES = 1 << 30  # of a file's content, decompressed
_RATIO, _SMALL = 100, 4 << 20  # a file may grow so many times; a small one to so many bytes in any case
_MOST_PARTS = 2_000_000  # objects and lists in a file, which take far more memory than their bytes
_REL = ("._.", "rel", None, None)  # the key of doc._.rel among a document's own data
_BEGIN, _INSIDE = 3, 1  # of ENT_IOB


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise DataError("spaCy is not installed, expected it for .spacy files: pip install 'cman-tf[spacy]'") from None


def _unpack(raw: bytes, where: str, use_list: bool = True) -> Any:
    """Unpack msgpack."""
    msgpack, parts = _import("srsly.msgpack"), itertools.count()

    def count(part: Any) -> Any:
        if next(parts) >= _MOST_PARTS:
            raise DataError(f"{where}: more than {_MOST_PARTS} objects and lists, expected smaller files")
        return part

    hooks = {"object_hook": count, "list_hook": count}
    try:
        return msgpack.unpackb(raw, raw=False, use_list=use_list, strict_map_key=False, **hooks)
    except DataError:
        raise
    except Exception as error:  # of several kinds, for which srsly has no common name
        raise DataError(f"{where}: not msgpack ({type(error).__name__}), expected a DocBin of spaCy") from None


def _decompress(raw: bytes, path: str) -> bytes:
    decompressor, most = zlib.decompressobj(), min(_MAX_BYTES, max(_SMALL, _RATIO * len(raw)))
    try:
        content = decompressor.decompress(raw, most)
    except zlib.error as error:
        raise DataError(f"{path}: not compressed ({error}), expected a DocBin of spaCy") from None
    if decompressor.unconsumed_tail:
        raise DataError(f"{path}: over {most >> 20} MiB in a file of {len(raw)} bytes, expected smaller files")
    if not decompressor.eof:
        raise DataError(f"{path}: the file is cut off, expected a whole DocBin of spaCy")
    return content


class _Bin:
    """The content of a DocBin.

    Raises:
      DataError: if its arrays do not fit each other.
    """

    def __init__(self, source: Source) -> None:
        self._path = source.path
        content = as_object(_unpack(_decompress(source.raw, source.path), source.path))
        if content is None:
            raise self._refuse("no object")
        self._ids: dict[str, int] = _import("spacy.attrs").IDS
        attributes, strings = as_list(content.get("attrs")), content.get("strings")
        if not attributes or set(types_in(attributes)) != {int} or set(types_in(strings)) - {str}:
            raise self._refuse("attrs and strings of other kinds")
        self._columns = {attribute: column for column, attribute in enumerate(attributes)}
        self._strings: Any = _import("spacy.strings").StringStore(as_list(strings) or [])
        tokens, spaces, lengths = (content.get(key) for key in ("tokens", "spaces", "lengths"))
        if not (isinstance(tokens, bytes) and isinstance(spaces, bytes) and isinstance(lengths, bytes)):
            raise self._refuse("no arrays")
        if len(tokens) % (8 * len(attributes)) or len(lengths) % 4 or self._ids["ORTH"] not in self._columns:
            raise self._refuse("arrays of another size")
        self._tokens = np.frombuffer(tokens, np.uint64).reshape(-1, len(attributes))
        self._spaces = np.frombuffer(spaces, np.uint8) > 0
        self._lengths: list[int] = np.frombuffer(lengths, np.int32).tolist()
        if min(self._lengths, default=0) < 0 or not len(self._spaces) == len(self._tokens) == sum(self._lengths):
            raise self._refuse("arrays of different lengths")
        self._flags, self._data = (as_list(content.get(key)) or [] for key in ("flags", "user_data"))

    def _refuse(self, found: str) -> DataError:
        return DataError(f"{self._path}: {found}, expected a DocBin of spaCy")

    def read_documents(self, problems: Problems) -> Iterator[AnnotatedText]:
        """Yield the documents."""
        first = 0
        for number, length in enumerate(self._lengths):
            where = f"{self._path}, document {number}"
            if length:
                yield self._read_document(number, slice(first, first + length), where, problems)
            else:
                problems.mend("text without a token", where, "the document is empty, expected words")
            first += length

    def _read_document(self, number: int, rows: slice, where: str, problems: Problems) -> AnnotatedText:
        words = [self._find_string(key, where) for key in self._column("ORTH", rows)]
        if not all(words):
            raise DataError(f"{where}: a word without text, expected text")
        spaces: list[bool] = self._spaces[rows].tolist()
        flags = as_object(self._flags[number]) if number < len(self._flags) else None
        if flags and flags.get("has_unknown_spaces"):
            spaces = [True] * (len(words) - 1) + [False]
        document = SpacyDocument(words=words, spaces=spaces)
        offsets = document.offsets
        mentions = [
            Mention(f"ent {place}", kind, offsets[first][0], offsets[end - 1][1], where=where)
            for place, (kind, first, end) in enumerate(self._read_entities(rows, where))
        ]
        data = self._data[number] if number < len(self._data) else None
        own = as_object(_unpack(data, where, use_list=False)) if isinstance(data, bytes) else None
        relations, name = (cast("dict[object, Any]", own or {}).get(key) for key in (_REL, "id"))
        links = []
        if relations:
            finder = MentionFinder(mentions, offsets, where, problems)
            found = (finder.link(*relation) for relation in read_rel(relations, where))
            links = [link for link in found if link]
        starts = [0, *(place for place, start in enumerate(self._column("SENT_START", rows)) if place and start == 1)]
        has_sentences = any(self._column("SENT_START", rows))
        sentences = [(offsets[first][0], offsets[end - 1][1]) for first, end in zip(starts, [*starts[1:], len(words)])]
        return AnnotatedText(
            str(name) if is_token(name) else "",
            document.text,
            mentions,
            links,
            where,
            offsets,
            sentences if has_sentences else None,
        )

    def _column(self, name: str, rows: slice) -> list[int]:
        """Return an attribute of some tokens; empty if the file does not have it."""
        column = self._columns.get(self._ids[name])
        return [] if column is None else self._tokens[rows, column].tolist()

    def _find_string(self, key: int, where: str) -> str:
        try:
            text: str = self._strings[key]
        except (KeyError, OverflowError, ValueError):
            raise DataError(f"{where}: the text of {key} is not in the file, expected all texts") from None
        return text

    def _find_type(self, key: int, where: str) -> str:
        text = self._find_string(key, where)
        if not is_token(text):
            raise DataError(f"{where}: an entity's label is {show(text)}, expected text that is not empty")
        return text

    def _read_entities(self, rows: slice, where: str) -> Iterator[tuple[str, int, int]]:
        """Yield the type, the first token, and the token after the last one of each entity."""
        start, kind = 0, 0
        marks: Sequence[tuple[int, int]] = [
            *zip(self._column("ENT_IOB", rows), self._column("ENT_TYPE", rows)),
            (0, 0),
        ]
        for place, (mark, given) in enumerate(marks):
            if kind and not (mark == _INSIDE and given == kind):
                yield self._find_type(kind, where), start, place
                kind = 0
            if not kind and mark in (_BEGIN, _INSIDE):
                start, kind = place, given


def read_sentences(source: Source) -> Iterator[Sentence]:
    """Yield the sentences of a file.

    Raises:
      DataError: naming the file, the document and what was expected; or if spaCy is not installed.
    """
    yield from TextConverter(source).convert_all(_Bin(source).read_documents(source.problems))


def _sniff(head: Head) -> bool:
    try:
        start = zlib.decompressobj().decompress(head.raw, 512)
    except zlib.error:
        return False
    return b"\xa7version" in start and b"\xa5attrs" in start


def write_sentences(sentences: Iterable[Sentence], problems: Problems) -> Iterator[bytes]:
    """Yield the content of a file with these sentences.

    Where entities overlap, only one of them can be written; the others and their relations are reported and left out.
    Neighbouring sentences with the same document id are a document. Scores and names of sentences are not written.

    Args:
      sentences: the sentences.
      problems: the collector to which omissions are reported.

    Raises:
      DataError: for a sentence that no reader could have made, or if spaCy is not installed.
    """
    vocab = _import("spacy").blank("xx").vocab
    tokens = _import("spacy.tokens")
    docs = tokens.DocBin(store_user_data=True)
    for document in make_documents(sentences, problems):
        starts = set(document.starts)
        sent_starts = [not place or place in starts for place in range(len(document.words))]
        doc = tokens.Doc(vocab, words=document.words, spaces=document.spaces, sent_starts=sent_starts)
        spans = [tokens.Span(doc, first, end, label=kind) for kind, first, end in document.entities]
        doc.set_ents(spans, default="outside")
        rel: dict[tuple[int, int], dict[str, float]] = {}
        for relation in document.relations:
            rel.setdefault((relation.head, relation.tail), {})[relation.type] = 1.0
        doc.user_data[_REL] = rel
        if document.id:
            doc.user_data["id"] = document.id
        docs.add(doc)
    yield docs.to_bytes()


FORMAT = Format(
    name="spacy",
    description="spaCy's .spacy files (DocBin)",
    sniff=_sniff,
    read=read_sentences,
    write=write_sentences,
    ending=".spacy",
    extra="spacy",
)
