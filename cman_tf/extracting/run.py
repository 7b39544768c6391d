"""A run from its inputs to its closing table."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Sequence
from typing import Any

from cman_tf.command_line.console import count_progress
from cman_tf.errors import DataError
from cman_tf.extracting.answering import COUNTS
from cman_tf.extracting.chatter import send_chatter_to
from cman_tf.extracting.outcome import add_up, write_outcome
from cman_tf.extracting.output import LOG, RESULT, OutputFolder
from cman_tf.extracting.pipeline import answer_shards
from cman_tf.extracting.places import InputFile
from cman_tf.extracting.session import connect
from cman_tf.extracting.settings import Settings
from cman_tf.extracting.shards import PARQUET, Shard, find_format, plan_shards
from cman_tf.inference.reading import LINES
from cman_tf.runs.files import read_json


@dataclasses.dataclass(frozen=True)
class Work:
    """What a run is to do.

    Attributes:
      files: the inputs.
      input_format: their format; `auto` finds that of each.
      shard_texts: texts of a shard, about.
      settings: how texts are read and answered.
      workers: the number of workers.
      address: of Ray.
      strict: whether a text that cannot be read ends the run.
    """

    files: Sequence[InputFile]
    input_format: str
    shard_texts: int
    settings: Settings
    workers: int
    address: str
    strict: bool


def run_work(work: Work, folder: OutputFolder) -> dict[str, Any]:
    """Do what is left of a run.

    Args:
      work: what is to be done.
      folder: the directory of the run, which is held.

    Returns:
      The outcome, as `show_outcome` takes it.

    Raises:
      DataError: if the run cannot go on.
    """
    start = time.monotonic()
    formats, shards = _plan(work, folder)
    parts = folder.open_finished(len(shards))
    before = len(parts)
    if work.strict:
        _refuse_dead(folder, parts, formats, shards)
    if before == len(shards) and (folder.path / RESULT).exists():
        keys = ("files", *COUNTS, "parts", "parts_before", "workers", "seconds", "texts_per_second")
        return read_json(folder.path / RESULT, "what cman-tf extract wrote; delete it to have it made again", *keys)
    left = [shard for shard in shards if shard.number not in parts]
    texts = 0
    if left:
        done = sum(counts["texts"] for counts in parts.values())
        total = sum(shard.cut.texts for shard in shards)
        with contextlib.ExitStack() as stack:
            screen = stack.enter_context(send_chatter_to(folder.path / LOG))
            threads = stack.enter_context(connect(work.address, work.workers, work.settings.threads))
            advance = stack.enter_context(count_progress("texts", total, screen, done))
            settings = dataclasses.replace(work.settings, threads=threads)
            for answer in answer_shards(settings, work.files, formats, left, work.workers):
                number, counts = _finish(folder, answer)
                parts[number] = counts
                texts += counts["texts"]
                advance(counts["texts"])
                if work.strict:
                    _refuse_dead(folder, {number: counts}, formats, shards)
    seconds = time.monotonic() - start
    outcome = {
        "files": len(work.files),
        **add_up(parts.values()),
        "parts": len(parts),
        "parts_before": before,
        "workers": work.workers,
        "seconds": seconds,
        "texts_per_second": texts / seconds,
    }
    write_outcome(folder.path / RESULT, outcome)
    return outcome


def _plan(work: Work, folder: OutputFolder) -> tuple[list[str], list[Shard]]:
    """Cut the inputs into shards, or read how they were cut when the run began."""
    described = {"input_format": work.input_format, "shard_texts": work.shard_texts, **work.settings.describe()}
    if not folder.is_new:
        return folder.read_manifest(described, work.files)
    formats = [find_format(file, work.input_format, work.settings.tokenizer) for file in work.files]
    if work.settings.options["given_entities"] and LINES in formats:
        name = work.files[formats.index(LINES)].name
        raise DataError(f"{name}: raw text has no entities, expected JSON lines or Parquet for --given_entities")
    with count_progress("bytes", sum(file.size for file in work.files)) as advance:
        shards = plan_shards(work.files, formats, work.shard_texts, advance)
    folder.write_manifest(described, work.files, formats, shards)
    return formats, shards


def _finish(folder: OutputFolder, answer: dict[str, Any]) -> tuple[int, dict[str, int]]:
    number, content, letters = answer.pop("number"), answer.pop("content"), answer.pop("letters")
    del answer["error"]
    return number, folder.finish(number, content, letters, answer)


def _refuse_dead(
    folder: OutputFolder, parts: dict[int, dict[str, int]], formats: Sequence[str], shards: Sequence[Shard]
) -> None:
    """Raise DataError for the first text that was left out."""
    for number, counts in sorted(parts.items()):
        if counts["dead"]:
            path = folder.dead_letters(number)
            unit = "row" if formats[shards[number].file] == PARQUET else "line"
            try:
                with open(path, encoding="utf-8") as file:
                    letter = json.loads(file.readline())
                where = f"{letter['file']}, {unit} {letter['line']}: {letter['reason']}"
            except (ValueError, KeyError, TypeError, RecursionError):
                raise DataError(f"{path}: no dead letter, expected what cman-tf extract wrote") from None
            raise DataError(where)
