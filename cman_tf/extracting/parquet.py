"""Parquet files: texts or tokens in, extractions out."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from cman_tf.errors import DataError
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
        reason = (str(error).strip().splitlines() or [""])[0][:100]
        raise DataError(f"{name}: {reason}, expected a Parquet file") from None
    names = schema.names
    for column in _COLUMNS:
        if names.count(column) > 1:
            raise DataError(f"{name}: {names.count(column)} columns {column}, expected one")
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


def read_rows(opened: Any, start: int, end: int) -> Iterator[dict[str, Any]]:
    """Yield rows as the objects that JSON lines would hold, without what is null.

    Args:
      opened: what `open_parquet` returned.
      start: the first row.
      end: the row after the last.
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
    names = [name for name in _COLUMNS if name in opened.schema_arrow.names]
    place = first
    batches = opened.iter_batches(batch_size=_ROWS, row_groups=groups, columns=names)
    while (batch := _read_batch(batches, place)) is not None:
        low, high = max(start - place, 0), min(end - place, batch.num_rows)
        place += batch.num_rows
        if low < high:
            for row in _to_rows(batch.slice(low, high - low), place - batch.num_rows + low):
                yield {name: value for name, value in row.items() if value is not None}
        if place >= end:
            break


def _read_batch(batches: Iterator[Any], place: int) -> Any:
    """Return the next batch, or None after the last."""
    try:
        return next(batches, None)
    except (OSError, ValueError) as error:
        raise _unreadable(error, place) from None


def _to_rows(batch: Any, place: int) -> list[dict[str, Any]]:
    try:
        return batch.to_pylist()
    except ValueError as error:  # text that is not UTF-8
        raise _unreadable(error, place) from None


def _unreadable(error: Exception, place: int) -> DataError:
    reason = (str(error).strip().splitlines() or [""])[0][:100]
    return DataError(f"near row {place + 1}: {reason}, expected a Parquet file that can be read")


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
