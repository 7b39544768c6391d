"""Where `cman-tf predict` writes what it finds: standard output, a file, or a folder of files."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.formats.registry import REGISTRY, WRITTEN_FORMATS
from cman_tf.formats.writing import write_file, write_folder
from cman_tf.inference.extraction import Extraction
from cman_tf.inference.reading import list_documents
from cman_tf.inference.records import Record
from cman_tf.inference.showing import show_extraction
from cman_tf.runs.files import validate_distinct

JSON, TEXT = "json", "text"
OUTPUT_FORMATS = (JSON, TEXT, *WRITTEN_FORMATS)
_ENDINGS = {JSON: ".jsonl", TEXT: ".found.txt"}
Result = tuple[Record, Extraction]


@dataclasses.dataclass(frozen=True)
class Output:
    """The place and the format of the results.

    Attributes:
      path: a file, or a folder; None writes to standard output. A folder takes one file for each text of a folder.
      format: one of `OUTPUT_FORMATS`.
      overwrite: whether files that exist are replaced.
    """

    path: str | None
    format: str
    overwrite: bool = False

    @property
    def is_folder(self) -> bool:
        """Whether the place is a folder."""
        return self.path is not None and (self.path.endswith("/") or pathlib.Path(self.path).is_dir())

    @property
    def is_folder_format(self) -> bool:
        """Whether the format consists of a folder of files."""
        return self.format not in (JSON, TEXT) and REGISTRY[self.format].is_folder

    def validate(self, input: str | None) -> None:
        """Check where the output goes, before anything is read.

        Args:
          input: the path that is read; None for standard input.

        Raises:
          DataError: if a file would be replaced unasked, or if the output does not fit the input or the format.
        """
        if self.path is None:
            if self.is_folder_format:
                raise DataError(f"--format={self.format} writes a folder, expected --output")
            return
        validate_distinct(self.path, input)
        place = pathlib.Path(self.path)
        if self.is_folder_format:
            if place.exists() and not (place.is_dir() and not any(place.iterdir())):
                raise DataError(f"{place}: exists, expected the name of a new folder; --overwrite replaces only files")
            return
        files = [place]
        if self.is_folder:
            if not input or not pathlib.Path(input).is_dir():
                raise DataError(f"{self.path}: a folder, expected a file, as --input is no folder of texts")
            files = [self._name(path.stem) for path in list_documents(pathlib.Path(input))]
        for file in files:
            if file.is_file() and not self.overwrite:
                raise DataError(f"{file}: exists, expected a new file, or --overwrite")

    def write(self, results: Iterable[Result], problems: Problems, flush: bool = False) -> None:
        """Write the results, one after another.

        Args:
          results: the records and what was found in them.
          problems: the collector of what the format cannot hold.
          flush: whether someone waits for each result on standard output.
        """
        written = None if self.format in (JSON, TEXT) else REGISTRY[self.format].write_folder
        if self.path is None:
            colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
            for chunk in self._format(results, colours, problems):
                sys.stdout.buffer.write(chunk.encode("utf-8") if isinstance(chunk, str) else chunk)
                if flush:
                    sys.stdout.buffer.flush()
            sys.stdout.buffer.flush()
        elif written:
            write_folder(self.path, written(make_sentences(results), problems))
        elif self.is_folder:
            for record, found in results:
                write_file(self._name(record.document_id), self._format([(record, found)], False, problems))
        else:
            write_file(self.path, self._format(results, False, problems))

    def _format(self, results: Iterable[Result], colours: bool, problems: Problems) -> Iterator[str | bytes]:
        """Yield the content of a file, piece by piece."""
        if self.format == JSON:
            return (format_json(record, found) for record, found in results)
        if self.format == TEXT:
            return (show_extraction(found, colours) + "\n" for _, found in results)
        write = REGISTRY[self.format].write
        assert write is not None
        return write(make_sentences(results), problems)

    def _name(self, document: str) -> pathlib.Path:
        """Return the file for a document in a folder of outputs."""
        ending = _ENDINGS.get(self.format) or REGISTRY[self.format].ending
        return pathlib.Path(self.path or ".") / f"{document}{ending}"


def format_json(record: Record, found: Extraction) -> str:
    """Return the line of JSON for a record, with its id."""
    line: dict[str, Any] = {} if record.id is None else {"id": record.id}
    line |= found.to_dict()
    if record.error:
        line["error"] = record.error
    return json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n"


def make_sentences(results: Iterable[Result]) -> Iterator[Sentence]:
    """Yield the sentences of the results, as the writers of corpora take them. Empty texts have none."""
    for record, found in results:
        name = "" if record.id is None or record.document_id else str(record.id)
        yield from found.to_sentences(name, record.document_id)
