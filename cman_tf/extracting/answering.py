"""Answering a shard: its texts are read, extracted from in the blocks of `cman-tf predict`, and written as one part."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cman_tf.command_line.steady_memory import give_back
from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.extracting import parquet
from cman_tf.extracting.dead_letters import format_dead_letter
from cman_tf.extracting.lines import Line, read_lines
from cman_tf.extracting.places import InputFile, describe_file, open_file
from cman_tf.extracting.settings import JSONL, Settings
from cman_tf.extracting.shards import PARQUET, Shard
from cman_tf.formats.bounds import LINE, line_bytes
from cman_tf.inference.blocks import read_blocks
from cman_tf.inference.output import format_json
from cman_tf.inference.reading import JSON_LINES, InputReader
from cman_tf.inference.records import Record

if TYPE_CHECKING:
    from cman_tf.inference.extraction import Extraction
    from cman_tf.inference.extractor import Extractor

COUNTS = ("texts", "dead", "windows", "tokens", "entities", "relations")


@dataclasses.dataclass(frozen=True)
class Answer:
    """What was found in a shard.

    Attributes:
      content: the part: JSON lines or a Parquet file.
      letters: the dead letters, as JSON lines.
      counts: of what was read and found, by the names of `COUNTS`.
    """

    content: bytes
    letters: bytes
    counts: dict[str, int]


def answer_shard(extractor: Extractor, settings: Settings, file: InputFile, format: str, shard: Shard) -> Answer:
    """Read a shard and extract from it.

    Args:
      extractor: the model.
      settings: how texts are read and answered.
      file: the shard's file.
      format: the file's format.
      shard: the shard.

    Raises:
      DataError: if the file was changed since the run began, or cannot be read.
    """
    if describe_file(file.location) != (file.size, file.changed):
        raise DataError(f"{file.name}: was changed since the run began, expected the same file")
    read = _read_rows if format == PARQUET else _read_lines
    records = read(file, format, shard)
    counts: dict[str, int] = dict.fromkeys(COUNTS, 0)
    written: list[Any] = []
    letters: list[str] = []
    line = shard.cut.line
    for block in give_back(read_blocks(records)):
        for record, found in _answer_block(extractor, block, settings.options):
            counts["texts"] += 1
            if record.error:
                counts["dead"] += 1
                content = _show(record)
                letters.append(format_dead_letter(file.name, line, record.error, content, record.size))
            else:
                written.append(_write(record, found, settings, file.name, line))
                counts["windows"] += found.pieces > max(1, len(found.sentences))
                for name in ("tokens", "entities", "relations"):
                    counts[name] += len(getattr(found, name))
            line += 1
    if line != shard.cut.line + shard.cut.texts:
        raise DataError(f"{file.name}: was changed since the run began, expected the same file")
    content = "".join(written).encode() if settings.format == JSONL else parquet.write_rows(written)
    return Answer(content, "".join(letters).encode(), counts)


@dataclasses.dataclass(frozen=True)
class _Unread(Record):
    """A text that could not be read, with the bytes that it had."""

    raw: bytes = b""


def _read_lines(file: InputFile, format: str, shard: Shard) -> Iterator[Record]:
    reader = InputReader(None, format, "skip", Problems())
    reader.name = file.name
    with open_file(file.location, file.name) as opened:
        lines = read_lines(opened, shard.cut.start, shard.cut.end)
        for number, line in enumerate(lines, start=shard.cut.line):
            yield _keep_raw(_refuse_long(line) or reader.read_line(number, line.content), line)


def _refuse_long(line: Line) -> Record | None:
    if line.is_whole:
        return None
    error = f"over {line_bytes() >> 20} MiB, expected shorter lines; ${LINE} raises this"
    return Record("", "", size=line.size, error=error)


def _keep_raw(record: Record, line: Line) -> Record:
    if not record.error:
        return record
    return _Unread("", record.where, size=line.size, error=record.error, raw=line.content)


def _read_rows(file: InputFile, format: str, shard: Shard) -> Iterator[Record]:
    del format
    reader = InputReader(None, JSON_LINES, "skip", Problems())
    reader.name = file.name
    with open_file(file.location, file.name) as opened:
        table = parquet.open_parquet(opened, file.name)
        rows = parquet.read_rows(table, shard.cut.start, shard.cut.end, file.name)
        for number, row in enumerate(rows, start=shard.cut.line):
            if isinstance(row, bytes):
                yield _Unread("", "", size=len(row), error="text that is not UTF-8, expected UTF-8", raw=row)
                continue
            raw = json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace")
            record = reader.read_value(row, f"{file.name}, row {number}", len(raw) + 1)
            yield _keep_raw(record, Line(raw, len(raw), True))


def _answer_block(extractor: Extractor, block: list[Record], options: Any) -> Iterator[tuple[Record, Extraction]]:
    """Yield what is found in each record of a block. Those that cannot be answered are left empty, with an error."""
    try:
        found = extractor.extract([record.content for record in block], **options)
    except DataError:
        faults = _find_faults(extractor, block, options)
        block = [
            dataclasses.replace(_Unread(**_values(record), raw=_show(record)), content="", error=faults[place])
            if place in faults
            else record
            for place, record in enumerate(block)
        ]
        found = extractor.extract([record.content for record in block], **options)
    return zip(block, found)


def _values(record: Record) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(Record)}


def _find_faults(extractor: Extractor, block: Sequence[Record], options: Any, first: int = 0) -> dict[int, str]:
    """Find the records that cannot be answered by halves, as the model is not run for those that have one."""
    try:
        extractor.extract([record.content for record in block], **options)
        return {}
    except DataError as error:
        if len(block) == 1:
            reason = str(error)
            for prefix in ("text 0: ", "text: ", "text 0, "):
                reason = reason.removeprefix(prefix)
            return {first: reason}
    half = len(block) // 2
    faults = _find_faults(extractor, block[:half], options, first)
    return faults | _find_faults(extractor, block[half:], options, first + half)


def _show(record: Record) -> bytes:
    """Return the content of a record for its dead letter."""
    if isinstance(record, _Unread):
        return record.raw
    content = record.content
    if not isinstance(content, Sentence):
        return content.encode("utf-8", "backslashreplace")
    entities = [{"type": e.type, "start": e.start, "end": e.end} for e in content.entities]
    shown: dict[str, Any] = {"tokens": list(content.tokens), **({"entities": entities} if entities else {})}
    return json.dumps(shown, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _write(record: Record, found: Extraction, settings: Settings, file: str, line: int) -> Any:
    """Return a line of JSON, or a row of Parquet."""
    if settings.format == JSONL:
        written = format_json(record, found)
        if not settings.places:
            return written
        place = json.dumps({"file": file, "line": line}, ensure_ascii=False)
        return f"{place[:-1]}, {written[1:]}"
    id = {} if record.id is None else {"id": record.id}
    return {"file": file, "line": line, **id, **found.to_dict()}
