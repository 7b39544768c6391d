"""The file or folder that a reader reads: its content, its options and the collector of its problems."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
import pathlib
import re
from collections.abc import Iterator

from cman_tf.data.problems import Problems
from cman_tf.errors import DataError
from cman_tf.formats import bounds

HEAD_BYTES = 1 << 20  # the beginning of a file, from which its format is recognised
_MARK = "\ufeff"  # the byte order mark, which some programs write at the start of a file
_KEY = re.compile(r'[{}\[\],:]|"(?:[^"\\]|\\.)*"')


@dataclasses.dataclass(frozen=True)
class ReadOptions:
    """How annotations are read where a format leaves it open.

    Attributes:
      tokenizer: the name of the tokenizer that cuts raw text; see `cman_tf.data.tokenizers`.
      offsets: what a character offset counts: `auto` (found from the mentions' texts), `characters` (code points) or
        `utf16`.
      ends: whether the end of a span is its last token (`inclusive`) or the one after it (`exclusive`).
      events: `ignore`, or `binary` to read the triggers of events as entities and their arguments as relations.
      join_sentences: whether neighbouring sentences become one where a relation joins them.
      annotator: which annotator's work is read where there are several; empty for the first.
      tag_column: which column of CoNLL columns holds the tags, counted from 1; 0 takes the last one with tags.
    """

    tokenizer: str = "default"
    offsets: str = "auto"
    ends: str = "exclusive"
    events: str = "ignore"
    join_sentences: bool = False
    annotator: str = ""
    tag_column: int = 0


@dataclasses.dataclass(frozen=True)
class Head:
    """The beginning of a file, by which its format is recognised.

    Attributes:
      path: the file or folder.
      raw: the first bytes; empty for a folder.
      names: the names of the files in the folder; empty for a file.
    """

    path: str
    raw: bytes
    names: tuple[str, ...] = ()

    @functools.cached_property
    def text(self) -> str:
        """The first characters, without a byte order mark and leading blanks."""
        return self.raw.decode("utf-8", "replace").lstrip(_MARK).lstrip()

    @functools.cached_property
    def keys(self) -> dict[str, str]:
        """The keys of the first JSON object, each with the character that its value begins with.

        >>> Head("a.json", b'[{"tokens": ["a"], "id": 3}').keys
        {'tokens': '[', 'id': '3'}
        """
        text = self.text
        start = text.find("{")
        if start < 0 or text[:start].strip(" \t\r\n["):
            return {}
        found: dict[str, str] = {}
        depth, key = 0, ""
        for match in _KEY.finditer(text, start):
            mark = match.group()
            if mark in "{[":
                depth += 1
            elif mark in "}]":
                depth -= 1
                if not depth:
                    break
            elif depth == 1 and mark[0] == '"':
                key = mark[1:-1]
            elif depth == 1 and mark == ":":
                found.setdefault(key, text[match.end() :].lstrip()[:1] if match.end() < len(text) else "")
        return found


@dataclasses.dataclass(frozen=True)
class Source:
    """A file or folder and how it is to be read.

    Attributes:
      path: its path, which messages name.
      predictions: whether it holds a system's predictions. In predictions, duplicates count once, and relations may
        stand on tokens outside of entities (`Sentence.unattached_relations`).
      problems: the collector to which the reader reports what it repairs or leaves out.
      options: how annotations are read where the format leaves it open.
      content: the file's bytes; None reads the file when they are needed.
    """

    path: str
    predictions: bool
    problems: Problems
    options: ReadOptions = ReadOptions()
    content: bytes | None = None

    @functools.cached_property
    def raw(self) -> bytes:
        """The whole content of the file.

        Raises:
          DataError: if the file cannot be read.
        """
        if self.content is not None:
            return self.content
        try:
            return bounds.read_file(self.path)
        except OSError as error:
            raise DataError(f"{self.path}: {error.strerror}, expected a readable corpus file") from None

    @functools.cached_property
    def text(self) -> str:
        """The whole content as text, without a byte order mark at its start.

        Raises:
          DataError: if the file cannot be read or is not UTF-8.
        """
        return decode(self.raw, self.path)

    def lines(self) -> Iterator[tuple[int, str]]:
        r"""Yield the lines with their numbers, from 1, without line ends, one at a time.

        A line ends at "\n" only, because a token may contain U+0085 and the like. A "\r" before it is removed.

        Raises:
          DataError: if the file cannot be read, a line is not UTF-8, or a line is too long for memory.
        """
        for number, line in enumerate(self._byte_lines(), start=1):
            text = decode(line, self.path, number).rstrip("\n").rstrip("\r")
            if number > 1 and text.startswith(_MARK):
                self.problems.mend(
                    "byte order mark inside the file",
                    f"{self.path}, line {number}",
                    "the line begins with U+FEFF, as in files that were put together; the mark is left out",
                )
            yield number, text.removeprefix(_MARK) if number > 1 else text

    def _byte_lines(self) -> Iterator[bytes]:
        if self.content is not None:
            yield from bounds.read_lines(io.BytesIO(self.content), self.path)
            return
        try:
            with open(self.path, "rb") as file:
                yield from bounds.read_lines(file, self.path)
        except OSError as error:
            raise DataError(f"{self.path}: {error.strerror}, expected a readable corpus file") from None


def decode(raw: bytes, path: str, first_line: int = 1) -> str:
    """Decode UTF-8, without a byte order mark at the start of a file.

    Args:
      raw: the bytes.
      path: their file, for the message.
      first_line: the number of the line at which the bytes begin.

    Raises:
      DataError: naming the line and the byte that is not UTF-8.
    """
    try:
        return raw.decode("utf-8-sig" if first_line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + first_line
        byte = raw[error.start]
        raise DataError(f"{path}, line {line}: byte 0x{byte:02x} is not UTF-8, expected UTF-8 text") from None


def read_head(path: str) -> Head:
    """Read the beginning of a file, or list a folder.

    Raises:
      DataError: if it cannot be read.
    """
    place = pathlib.Path(path)
    try:
        if place.is_dir():
            return Head(path, b"", tuple(sorted(entry.name for entry in place.iterdir())))
        with open(path, "rb") as file:
            raw = file.read(HEAD_BYTES)
            if b"\n" not in raw and raw[:64].lstrip(b"\xef\xbb\xbf \t")[:1] in (b"[", b"{"):
                raw += file.readline(bounds.line_bytes())  # the keys of a long first record may come late
            return Head(path, raw)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}, expected a readable corpus file") from None


def read_stream(path: str) -> bytes | None:
    """Return the whole content of a pipe or another stream, which cannot be read twice; None for a file or folder.

    Raises:
      DataError: if it cannot be read.
    """
    place = pathlib.Path(path)
    try:
        if not place.exists() or place.is_file() or place.is_dir():
            return None
        return bounds.read_file(place)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}, expected a readable corpus file") from None


def hash_source(path: str) -> str:
    """Return the sha256 of a file, or of the names and contents of a folder's files, in hexadecimal."""
    digest = hashlib.sha256()
    place = pathlib.Path(path)
    if not place.is_dir() and not place.is_file():
        return ""  # a pipe, which was read already
    files = sorted(entry for entry in place.rglob("*") if entry.is_file()) if place.is_dir() else [place]
    for file in files:
        if file != place:
            digest.update(file.relative_to(place).as_posix().encode("utf-8", "surrogateescape") + b"\0")
        with open(file, "rb") as stream:
            for block in iter(lambda: stream.read(1 << 20), b""):
                digest.update(block)
    return digest.hexdigest()
