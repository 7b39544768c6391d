"""Cutting the inputs into shards, each of which one task reads and one part of the output answers."""

from __future__ import annotations

import dataclasses
import io
import os
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cman_tf.data.problems import Problems
from cman_tf.errors import DataError
from cman_tf.extracting import parquet
from cman_tf.extracting.lines import Cut, cut_lines
from cman_tf.extracting.places import InputFile, is_uri, open_file
from cman_tf.inference.reading import AUTO, JSON_LINES, LINES, InputReader

PARQUET = "parquet"
INPUT_FORMATS = (AUTO, LINES, JSON_LINES, PARQUET)
_MOST_BYTES = 4 << 20  # of a shard, so that what is found in it can be sent as one piece
_HEAD = 1 << 16  # bytes at the start of a file that tell its format


@dataclasses.dataclass(frozen=True)
class Shard:
    """What one task reads.

    Attributes:
      number: of the shard, in the order of the inputs.
      file: the number of its file.
      cut: the part of the file.
    """

    number: int
    file: int
    cut: Cut


def find_format(file: InputFile, given: str, tokenizer: str = "default") -> str:
    """Return the format of a file: `lines`, `jsonl` or `parquet`, found as `cman-tf predict` finds it.

    Args:
      file: the file.
      given: the format that the user names; `auto` finds it.
      tokenizer: the name of the tokenizer.

    Raises:
      DataError: if it has another format.
    """
    with open_file(file.location, file.name) as opened:
        head = opened.read(_HEAD)
    is_parquet = head.startswith(parquet.MAGIC)
    if given == PARQUET or given == AUTO and is_parquet:
        return PARQUET
    if given == LINES:
        return LINES
    if given == AUTO and not is_parquet and file.name.lower().endswith((".jsonl", ".ndjson")):
        given = JSON_LINES  # the ending says what the first line, if it is damaged, does not
    if is_parquet:
        raise DataError(f"{file.name}: a Parquet file, expected JSON lines; --input_format=parquet reads it")
    first = next((line.strip() for line in head.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()), b"")
    is_list = first[:1] == b"[" and (given == JSON_LINES or first[1:].lstrip()[:1] in (b"", b"{"))
    if is_list or first == b"{":
        raise DataError(f"{file.name}: JSON on several lines, expected an object on each line")
    if given == JSON_LINES:
        return JSON_LINES
    # The beginning only, so that a file on another machine is not read as a whole.
    path = None if is_uri(file.location) else file.location
    reader = InputReader(path, AUTO, "skip", Problems(), io.BytesIO(head))
    reader.name = file.name
    try:
        reader.open(tokenizer)
    finally:
        reader.close()
    if reader.format not in (LINES, JSON_LINES):
        raise DataError(
            f"{file.name}: looks like {reader.format}, expected text, JSON lines or Parquet; cman-tf predict reads it, "
            "and --input_format=lines reads it as text"
        )
    return reader.format


def cut_file(file: InputFile, format: str, texts: int) -> Iterator[Cut]:
    """Cut a file into parts.

    Args:
      file: the file.
      format: its format.
      texts: texts of a part, about.

    Raises:
      DataError: if it cannot be read.
    """
    with open_file(file.location, file.name) as opened:
        if format == PARQUET:
            yield from parquet.cut_rows(parquet.open_parquet(opened, file.name), texts)
        else:
            yield from cut_lines(opened, texts, _MOST_BYTES)


def plan_shards(
    files: Sequence[InputFile], formats: Sequence[str], texts: int, advance: Callable[[int], Any]
) -> list[Shard]:
    """Cut all inputs into shards.

    Args:
      files: the files.
      formats: the format of each.
      texts: texts of a shard, about.
      advance: is called with the bytes of each file that was read.

    Raises:
      DataError: if a file cannot be read.
    """
    shards: list[Shard] = []
    for number, (file, format) in enumerate(zip(files, formats)):
        for cut in cut_file(file, format, texts):
            shards.append(Shard(len(shards), number, cut))
        advance(file.size)
    return shards


def validate_outside(output_dir: str, given: Sequence[str]) -> None:
    """Raise DataError if the output would be in a folder that is read."""
    output = os.path.realpath(output_dir)
    for place in given:
        local = urllib.parse.unquote(place[len("file://") :]) if place.startswith("file://") else place
        if not is_uri(local) and os.path.isdir(local):
            folder = os.path.realpath(local)
            if os.path.commonpath([folder, output]) == folder:
                raise DataError(f"{output_dir}: in the folder that is read, expected another --output_dir")
