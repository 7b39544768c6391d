"""Parquet files: texts or tokens in, extractions out."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from cman_tf.errors import DataError, quote
from cman_tf.extracting.lines import Cut
from cman_tf.inference.blocks import BLOCK_TEXTS

MAGIC = b"PAR1"
_COLUMNS = ("id", "text", "tokens", "offsets", "entities")
_TASKS_OF_A_GROUP = 16  # at most so many read the same row group, as each has to decode it from its start
_ROWS = 1024  # that are decoded at a time


def open_parquet(file: Any, name: str) -> Any:
    """Open a Parquet file and check its columns.

    Args:
      file: the open file.
      name: its name, for messages.

    Raises:
      DataError: if it is damaged, or has no column `text` or `tokens` of the right type.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        opened = parquet.ParquetFile(file)
        schema = opened.schema_arrow
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: {_first_line(error)}, expected a Parquet file") from None
    names = schema.names
    twice = next((column for column in _COLUMNS if names.count(column) > 1), None)
    if twice:
        raise DataError(f"{name}: two columns {twice}, expected each once")
    if "text" not in names and "tokens" not in names:
        columns = ", ".join(names)[:100] or "none"
        raise DataError(f"{name}: columns {columns}, expected a column text or tokens")
    for column, is_right, expected in (
        ("text", _is_text, "text"),
        ("tokens", lambda kind: _is_list(kind) and _is_text(kind.value_type), "lists of text"),
        (
            "id",
            lambda kind: _is_text(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind),
            "text or numbers",
        ),
    ):
        if column in names and not is_right(schema.field(column).type):
            raise DataError(f"{name}: column {column} holds {schema.field(column).type}, expected {expected}")
    return opened


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_list(kind) or pa.types.is_large_list(kind)


def cut_rows(opened: Any, texts: int) -> Iterator[Cut]:
    """Cut a Parquet file into ranges of rows that are whole blocks.

    Args:
      opened: what `open_parquet` returned.
      texts: rows of a part, about. Parts of a file with large row groups have more.
    """
    metadata = opened.metadata
    groups = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    step = max(texts, -(-max(groups, default=0) // _TASKS_OF_A_GROUP))
    step = -(-step // BLOCK_TEXTS) * BLOCK_TEXTS
    for start in range(0, metadata.num_rows, step):
        end = min(start + step, metadata.num_rows)
        yield Cut(start, end, start + 1, end - start)


def read_rows(opened: Any, start: int, end: int, name: str = "input") -> Iterator[dict[str, Any] | bytes]:
    """Yield rows as the objects that JSON lines would hold, without what is null; of a row that is not UTF-8 its text.

    Args:
      opened: what `open_parquet` returned.
      start: the first row.
      end: the row after the last.
      name: the file's name, for messages.

    Raises:
      DataError: if the file is damaged there.
    """
    metadata = opened.metadata
    groups: list[int] = []
    first, position = 0, 0
    for number in range(metadata.num_row_groups):
        after = position + metadata.row_group(number).num_rows
        if after > start and position < end:
            first = first if groups else position
            groups.append(number)
        position = after
    names = [column for column in _COLUMNS if column in opened.schema_arrow.names]
    place = first
    try:
        for batch in opened.iter_batches(batch_size=_ROWS, row_groups=groups, columns=names):
            low, high = max(start - place, 0), min(end - place, batch.num_rows)
            place += batch.num_rows
            for row in _read_batch(batch.slice(low, high - low)) if low < high else ():
                yield row if isinstance(row, bytes) else {key: value for key, value in row.items() if value is not None}
            if place >= end:
                break
    except (OSError, ValueError) as error:
        raise DataError(f"{name}, rows {start + 1} to {end}: {_first_line(error)}, expected a Parquet file") from None


def _read_batch(batch: Any) -> list[Any]:
    """Return the rows of a batch, as values of Python; of a row that is not UTF-8 the bytes of its text or tokens."""
    import pyarrow as pa

    try:
        return batch.to_pylist()
    except UnicodeDecodeError:
        if batch.num_rows > 1:
            half = batch.num_rows // 2
            return _read_batch(batch.slice(0, half)) + _read_batch(batch.slice(half))
    columns = [batch.column(name) for name in ("text", "tokens") if name in batch.schema.names]
    texts = [column.flatten() if _is_list(column.type) else column for column in columns]
    texts = [text.dictionary_decode() if pa.types.is_dictionary(text.type) else text for text in texts]
    return [b" ".join(value for text in texts for value in text.cast(pa.large_binary()).to_pylist() if value)]


def _first_line(error: Exception) -> str:
    return quote((str(error).strip().splitlines() or [type(error).__name__])[0], 100)[1:-1]


def write_rows(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return a Parquet file of extractions.

    Args:
      rows: for each text its `file` and `line`, and what `cman-tf predict` writes for it.
    """
    import pyarrow as pa
    from pyarrow import parquet

    for row in rows:
        if "id" in row and not isinstance(row["id"], str):
            row["id"] = json.dumps(row["id"])
        row["ungrounded"] = [dict(zip(("type", "head", "tail"), found)) for found in row.get("ungrounded", ())] or None
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(list(rows), schema=_make_schema()), sink)
    return sink.getvalue()


def _make_schema() -> Any:
    import pyarrow as pa

    text, number, score = pa.string(), pa.int32(), pa.float64()
    span = pa.list_(number)
    entity = pa.struct(
        [("type", text), ("start", number), ("end", number), ("char_start", number), ("char_end", number)]
        + [("text", text), ("score", score)]
    )
    relation = pa.struct(
        [("type", text), ("head", number), ("tail", number), ("score", score), ("head_text", text), ("tail_text", text)]
    )
    loose = pa.struct([("type", text), ("head", number), ("tail", number)])
    return pa.schema(
        [("file", text), ("line", pa.int64()), ("id", text), ("text", text), ("tokens", pa.list_(text))]
        + [("offsets", pa.list_(span)), ("entities", pa.list_(entity)), ("relations", pa.list_(relation))]
        + [("candidates", pa.list_(relation)), ("ungrounded", pa.list_(loose))]
        + [("sentences", pa.list_(span)), ("pieces", number)]
    )
