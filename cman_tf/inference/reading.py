"""What `cman-tf predict` reads: lines of text, JSON lines, documents, folders of documents, and annotated corpora."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import itertools
import json
import pathlib
import sys
from collections.abc import Generator, Iterable, Iterator
from typing import Any, BinaryIO

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.formats import bounds
from cman_tf.formats.corpus_files import stream_sentences
from cman_tf.formats.registry import FEW_LINES, READ_FORMATS, REGISTRY
from cman_tf.formats.source import Head, ReadOptions, Source, read_head
from cman_tf.inference.records import EXPECTED, Record, read_record
from cman_tf.runs.json_values import as_list, as_object

AUTO, LINES, DOCUMENT, JSON_LINES = "auto", "lines", "document", "jsonl"
INPUT_FORMATS = (AUTO, LINES, DOCUMENT, JSON_LINES, *READ_FORMATS[1:])
_SPACY = "spacy_json"
ON_ERROR = ("stop", "skip", "replace")


class InputReader:
    """Reads one input.

    Args:
      path: a file, a folder of .txt files, or a pipe; None reads the stream.
      format: one of `INPUT_FORMATS`.
      on_error: what happens to a line that cannot be read: `stop` raises, `skip` leaves it empty, `replace` puts U+FFFD
        in the place of bytes that are not UTF-8.
      problems: the collector of what is left empty or replaced.
      stream: the open file that is read if there is no path.

    Attributes:
      name: the input's name, for messages.
      format: the format, which `auto` finds when reading begins.
      notice: a line about the input for people; empty if there is nothing to say.
    """

    def __init__(
        self, path: str | None, format: str, on_error: str, problems: Problems, stream: BinaryIO | None = None
    ) -> None:
        self.name = path or "standard input"
        self.format, self.notice = format, ""
        self._path, self._stream, self._on_error, self._problems = path, stream, on_error, problems
        self._options = ReadOptions()
        self._opened: BinaryIO | None = None
        if path is not None and not pathlib.Path(path).exists():
            raise DataError(f"{path}: no such file, expected raw text, one sentence a line, or a folder of .txt files")

    @property
    def is_document(self) -> bool:
        """Whether a text of the input consists of several sentences."""
        return self.format == DOCUMENT

    @property
    def size(self) -> int | None:
        """The number of bytes of the input if it is known."""
        if self._path is None:
            return None
        path = pathlib.Path(self._path)
        if path.is_dir():
            return sum(file.stat().st_size for file in list_documents(path)) if self.format == DOCUMENT else None
        return path.stat().st_size if path.is_file() else None

    def open(self, tokenizer: str = "default") -> Iterator[Record]:
        """Find the format and return the records.

        Args:
          tokenizer: the name of the tokenizer that cuts the texts of an annotated corpus.

        Raises:
          DataError: if the input cannot be read.
        """
        self._options = ReadOptions(tokenizer=tokenizer)
        folder = pathlib.Path(self._path) if self._path is not None else None
        if folder is not None and folder.is_dir():
            if self.format == AUTO:
                self.format = DOCUMENT
            if self.format == DOCUMENT:
                return itertools.chain.from_iterable(self._read_document(path) for path in list_documents(folder))
            if self.format in (LINES, JSON_LINES):
                raise DataError(f"{folder}: a folder, expected a file for --input_format={self.format}")
        elif self.format not in REGISTRY:
            return self._open_stream()
        return self._read_corpus(self.format)

    def read_line(self, number: int, line: bytes) -> Record:
        """Read one line of a file whose format is `lines` or `jsonl`.

        Args:
          number: the line's number, from 1.
          line: its bytes, with its end.

        Raises:
          DataError: if it cannot be read, and reading is to stop.
        """
        return self._read_json_line(number, line) if self.format == JSON_LINES else self._read_line(number, line)

    def close(self) -> None:
        """Close the file, of which not all may have been read."""
        if self._opened is not None:
            self._opened.close()

    def _open_stream(self) -> Iterator[Record]:
        """Read the beginning of a stream, and return its records."""
        stream: BinaryIO = self._stream or io.BytesIO()
        if self._path is not None:
            stream = self._opened = open(self._path, "rb")  # noqa: SIM115, closed by the records, or by `close`
        if self.format == DOCUMENT:
            with stream if self._path is not None else contextlib.nullcontext():
                raw = bounds.read_whole(stream, self.name, bounds.line_bytes())
            name = pathlib.PurePath(self._path).stem if self._path else ""
            return self._read_whole(raw, self.name, name)
        lines = _read_lines(stream, self.name, close=self._path is not None)
        first: list[bytes] = []
        size = 0
        for line in lines:
            first.append(line)
            size += len(line) + sys.getsizeof(b"")  # also blank lines take memory
            if size > bounds.whole_bytes():
                raise bounds.refuse(self.name, bounds.whole_bytes())
            if line.strip(b" \t\r\n\xef\xbb\xbf"):
                break
        start = first[-1].decode("utf-8-sig", "replace").strip() if first else ""
        self._find_format(start)
        every = itertools.chain(first, lines)
        if self.format in REGISTRY:
            if self._path is None or not pathlib.Path(self._path).is_file():
                return self._read_corpus(self.format, bounds.join(every, self.name))
            lines.close()
            return self._read_corpus(self.format)
        if self.format == JSON_LINES and (start[:1] == "[" or start == "{"):
            return self._read_list(bounds.join(every, self.name))
        return (self.read_line(number, line) for number, line in enumerate(every, start=1))

    def _find_format(self, start: str) -> None:
        """Find the format by the beginning of a file, or by the first line of a stream that is not blank."""
        head = Head(self.name, start.encode("utf-8", "replace"))
        if self._path is not None and pathlib.Path(self._path).is_file():
            head = read_head(self._path)
        keys = head.keys
        is_json = bool(keys) or start[:1] in ("[", "{") and _is_json(start)
        if self.format == LINES and is_json:
            self.notice = f"{self.name}: looks like JSON and is read as text; --input_format=jsonl reads it as JSON"
        if self.format != AUTO:
            return
        found = next((f.name for f in REGISTRY.values() if f.read and not f.is_folder and f.sniff(head)), "")
        is_spacy = found == _SPACY and "tokens" in keys  # its tokens are objects
        has_texts = "text" in keys or "tokens" in keys or start in ("[", "{") and not found
        if has_texts and not is_spacy:
            self.format = JSON_LINES
            return
        is_file = self._path is not None and pathlib.Path(self._path).is_file()
        if found and (is_json or is_file and head.text.count("\n") >= FEW_LINES):
            self.format = found
            if not is_json:
                self.notice = f"{self.name}: read as {found}; --input_format=lines reads it as text"
        elif not is_json:
            self.format = LINES
            if found:
                self.notice = f"{self.name}: looks like {found} and is read as text; see --input_format={found}"
        else:
            raise DataError(
                f'{self.name}, line 1: JSON without "text" or "tokens", expected an object with one; '
                "--input_format=lines reads it as text, and the name of a corpus' format reads that"
            )

    def _fail(self, kind: str, where: str, message: str, size: int) -> Record:
        """Report a line that cannot be read, and leave it empty.

        Raises:
          DataError: if reading is to stop.
        """
        if self._on_error == "stop":
            raise DataError(f"{where}: {message}")
        self._problems.mend(kind, where, f"{message}; left empty")
        return Record("", where, size=size, error=message)

    def _decode(self, raw: bytes, where: str) -> tuple[str, str]:
        """Decode bytes.

        Returns:
          The text, and an empty text; or what is wrong, if reading is to stop or the text is to be left empty.
        """
        try:
            return raw.decode("utf-8"), ""
        except UnicodeDecodeError as error:
            message = f"byte 0x{raw[error.start]:02x} is not UTF-8, expected UTF-8 text"
            if self._on_error != "replace":
                return "", message
            self._problems.mend("line with bytes that are not UTF-8", where, f"{message}; U+FFFD is in their place")
            return raw.decode("utf-8", "replace"), ""

    def _read_line(self, number: int, line: bytes) -> Record:
        """Read one line of text."""
        where = f"{self.name}, line {number}"
        text, wrong = self._decode(_strip_line(line, number), where)
        if wrong:
            return self._fail("line with bytes that are not UTF-8", where, wrong, len(line))
        return Record(text, where, size=len(line))

    def _read_json_line(self, number: int, line: bytes) -> Record:
        """Read one line of JSON; a blank line is an empty text."""
        where = f"{self.name}, line {number}"
        text, wrong = self._decode(_strip_line(line, number), where)
        if wrong:
            return self._fail("line with bytes that are not UTF-8", where, wrong, len(line))
        if not text.strip():
            return Record("", where, size=len(line))
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            return self._fail("line without a record", where, f"not JSON ({str(error)[:80]})", len(line))
        return self.read_value(value, where, len(line))

    def read_value(self, value: Any, where: str, size: int = 0) -> Record:
        """Read one record from JSON.

        Args:
          value: the record.
          where: its file and place, for messages.
          size: the number of bytes that it took in the input.

        Raises:
          DataError: if it is none, and reading is to stop.
        """
        try:
            content = as_object(value)
            if content is None:
                raise DataError(f"{ascii(value)[:40]}, expected {EXPECTED}")
            return dataclasses.replace(read_record(content), where=where, size=size)
        except DataError as error:
            return self._fail("line without a record", where, str(error), size)

    def _read_list(self, raw: bytes) -> Iterator[Record]:
        """Read the records of a JSON list, or a record that takes several lines."""
        expected = "expected a list of records; --input_format=lines reads text"
        text, wrong = self._decode(raw.removeprefix(b"\xef\xbb\xbf"), self.name)
        if wrong:
            raise DataError(f"{self.name}: {wrong}")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self.name}: not JSON ({str(error)[:80]}), {expected}") from None
        records = as_list(value) if isinstance(value, list) else [value]
        assert records is not None
        return (self.read_value(record, f"{self.name}, record {n}") for n, record in enumerate(records))

    def _read_document(self, path: pathlib.Path) -> Iterator[Record]:
        """Read a file of a folder."""
        try:
            raw = bounds.read_file(path, bounds.line_bytes())
        except OSError as error:
            raise DataError(f"{path}: {error.strerror}, expected a readable file") from None
        return self._read_whole(raw, str(path), path.stem)

    def _read_whole(self, raw: bytes, where: str, name: str) -> Iterator[Record]:
        """Read a document. Its text keeps its line ends, so that characters are counted in the file itself."""
        text, wrong = self._decode(raw.removeprefix(b"\xef\xbb\xbf"), where)
        if wrong:
            record = self._fail("document with bytes that are not UTF-8", where, wrong, len(raw))
        else:
            record = Record(text, where, size=len(raw))
        yield dataclasses.replace(record, id=name or None, document_id=name)

    def _read_corpus(self, format: str, content: bytes | None = None) -> Iterator[Record]:
        """Read the sentences of an annotated corpus."""
        if self._path is not None and content is None:
            sentences: Iterable[Sentence] = stream_sentences(
                self._path, format, problems=self._problems, options=self._options
            )
        else:
            raw = bounds.read_whole(self._stream or io.BytesIO(), self.name) if content is None else content
            read = REGISTRY[format].read
            assert read is not None
            sentences = read(Source(self.name, False, self._problems, self._options, raw))
        for number, sentence in enumerate(sentences):
            yield Record(sentence, f"{self.name}, sentence {number}", sentence.id or None, sentence.document_id)


def list_documents(folder: pathlib.Path) -> list[pathlib.Path]:
    """List the .txt files of a folder by name.

    Raises:
      DataError: if there is none.
    """
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".txt" and path.is_file())
    if not found:
        raise DataError(f"{folder}: no .txt file, expected a folder of texts, or --input_format for a folder's corpus")
    return found


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _strip_line(line: bytes, number: int) -> bytes:
    r"""Remove the end of a line and, from the first line, the byte order mark."""
    line = line.removesuffix(b"\n").removesuffix(b"\r")
    return line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


def _read_lines(stream: BinaryIO, name: str, close: bool) -> Generator[bytes, None, None]:
    r"""Yield the lines of a stream, which end at "\n" only; with `close` close it at the end."""
    with stream if close else contextlib.nullcontext():
        yield from bounds.read_lines(stream, name)
