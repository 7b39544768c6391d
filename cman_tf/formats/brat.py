"""brat standoff: a folder of .txt files, each with the annotations of its text in an .ann file.

The format: https://brat.nlplab.org/standoff.html
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
from collections.abc import Iterable, Iterator

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.formats.annotated_text import AnnotatedText, Mention, TextConverter
from cman_tf.formats.annotating import annotate_documents
from cman_tf.formats.base import Format, Piece
from cman_tf.formats.brat_lines import Annotations
from cman_tf.formats.file_names import FileNames
from cman_tf.formats.offsets import normalize_blanks
from cman_tf.formats.showing import show_name
from cman_tf.formats.source import Head, Source

_ANNOTATIONS, _TEXT = ".ann", ".txt"
_MARK = b"\xef\xbb\xbf"  # U+FEFF, the byte order mark


def read_sentences(source: Source) -> Iterator[Sentence]:
    """Yield the sentences of a folder and its subfolders, or of one .ann or .txt file.

    Raises:
      DataError: naming the file and the line.
    """
    yield from TextConverter(source).convert_all(_read_documents(source))


def _read_documents(source: Source) -> Iterator[AnnotatedText]:
    place = pathlib.Path(source.path)
    if not place.is_dir():
        if place.suffix not in (_ANNOTATIONS, _TEXT):
            raise DataError(f"{source.path}: expected a folder of .txt and .ann files, or one of these files")
        yield _read_document(source, place.with_suffix(""), place.stem)
        return
    found = _list_files(place)
    for name in sorted(found, key=_number_parts):
        missing = {_ANNOTATIONS, _TEXT} - found[name]
        if missing:
            there, absent = next(iter(found[name])), missing.pop()
            shown = f"there is no {pathlib.PurePath(name).name[:40]}{absent} beside it; the file is left out"
            source.problems.mend(f"{there} file without its {absent} file", str(place / name) + there, shown)
            continue
        yield _read_document(source, place / name, name)


def _list_files(folder: pathlib.Path) -> dict[str, set[str]]:
    """Return for each document of a folder, by its path without ending, the endings of its files."""
    found: dict[str, set[str]] = {}

    def fail(error: OSError) -> None:
        raise DataError(f"{error.filename}: {error.strerror}, expected a readable folder")

    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inner = pathlib.Path(parent).relative_to(folder)
        for name in (name for name in names if not name.startswith(".")):
            stem, ending = os.path.splitext(name)
            if ending in (_ANNOTATIONS, _TEXT):
                found.setdefault((inner / stem).as_posix(), set()).add(ending)
    return found


def _number_parts(name: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts `9` before `10`."""
    parts = re.split(r"([0-9]{1,15})", name)
    return [(0, int(part), "") if number % 2 else (1, 0, part) for number, part in enumerate(parts)]


def _read_document(source: Source, place: pathlib.Path, name: str) -> AnnotatedText:
    """Read one document.

    Args:
      source: the folder or file that is read.
      place: the document's path without ending.
      name: the document's id.
    """
    text_file, annotation_file = (f"{place}{ending}" for ending in (_TEXT, _ANNOTATIONS))
    text = dataclasses.replace(source, path=text_file, content=None)
    lines = dataclasses.replace(source, path=annotation_file, content=None)
    annotations = Annotations(lines, text.text)
    mentions = annotations.mentions
    if mentions and text.raw.startswith(_MARK) and _counts_mark(mentions[0], text.text):
        mentions = [dataclasses.replace(m, start=m.start - 1, end=m.end - 1) for m in mentions]
        source.problems.note("documents_with_offsets_that_count_the_byte_order_mark")
    return AnnotatedText(_show_id(name), text.text, mentions, annotations.links, text_file)


def _counts_mark(mention: Mention, text: str) -> bool:
    """Return whether a mention's offsets fit if the byte order mark before the text is a character."""
    given, here, shifted = (
        normalize_blanks(shown)
        for shown in (mention.text, text[mention.start : mention.end], text[mention.start - 1 : mention.end - 1])
    )
    return mention.start > 0 and given == shifted != here


def _show_id(name: str) -> str:
    """Return a document's name as text that UTF-8 can express; a file name may hold any bytes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def write_folder(sentences: Iterable[Sentence], problems: Problems) -> Iterator[Piece]:
    """Yield the files of a folder that brat opens: a .txt and an .ann file for each document, and annotation.conf.

    Raises:
      DataError: for a sentence that no reader could have made.
    """
    names = FileNames(problems)
    types: dict[str, dict[str, None]] = {"entities": {}, "relations": {}}
    for document in annotate_documents(sentences, problems, scores=False):
        name = names.choose(document.id)
        lines: list[str] = []
        for mention in document.mentions:
            kind = _write_type(mention.type, problems)
            types["entities"][kind] = None
            text = "".join(" " if c.isspace() else c for c in mention.text)
            lines.append(f"{mention.key}\t{kind} {mention.start} {mention.end}\t{text}\n")
        for link in document.links:
            kind = _write_type(link.type, problems)
            types["relations"][kind] = None
            lines.append(f"{link.key}\t{kind} Arg1:{link.head} Arg2:{link.tail}\n")
        mark = _MARK if document.text.startswith("\ufeff") else b""  # readers take the first one away
        yield name + _TEXT, mark + document.text.encode()
        yield name + _ANNOTATIONS, "".join(lines).encode()
    yield "annotation.conf", _write_configuration(types).encode()


def _write_type(kind: str, problems: Problems) -> str:
    """Return the name of a type without blanks."""
    plain = "_".join(kind.split())
    if plain != kind:
        shown = f"{show_name(kind)} is written as {show_name(plain)}, because brat has no blanks in types"
        problems.mend("type with a blank", f"type {show_name(kind)}", shown)
    return plain


def _write_configuration(types: dict[str, dict[str, None]]) -> str:
    """Return brat's list of types. Any entity may be an argument of any relation."""
    relations = [f"{kind}\tArg1:<ENTITY>, Arg2:<ENTITY>" for kind in types["relations"]]
    # Without this line brat allows no overlapping mentions.
    relations.append("<OVERLAP>\tArg1:<ENTITY>, Arg2:<ENTITY>, <OVL-TYPE>:<ANY>")
    sections = {"entities": list(types["entities"]), "relations": relations, "events": [], "attributes": []}
    return "\n".join(f"[{name}]\n" + "".join(f"{line}\n" for line in lines) for name, lines in sections.items())


def _sniff(head: Head) -> bool:
    place = pathlib.Path(head.path)
    if head.names:
        return any(name.endswith(_ANNOTATIONS) for name in head.names) or (
            place.is_dir() and any(True for _ in place.rglob(f"*{_ANNOTATIONS}"))
        )
    if place.suffix == _TEXT and not head.raw.startswith(b"#doc "):
        return place.with_suffix(_ANNOTATIONS).is_file()
    return place.suffix == _ANNOTATIONS and (not head.text or bool(re.match(r"[TREAMN#*]", head.text)))


FORMAT = Format(
    name="brat",
    description="brat standoff: a folder of .txt and .ann files",
    sniff=_sniff,
    read=read_sentences,
    write_folder=write_folder,
    ending="",
)
