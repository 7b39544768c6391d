"""The pipeline: shards go through Ray Data to workers that hold the model, and come back in any order."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from cman_tf.errors import DataError, quote
from cman_tf.extracting.places import InputFile
from cman_tf.extracting.settings import Settings
from cman_tf.extracting.shards import Shard
from cman_tf.extracting.worker import Worker

_WAVE = 5000  # shards that Ray is given at once; each takes a few kilobytes of memory in several processes
# How often a worker is started again after it was killed. What it was at is answered again, however often it is not
# reached: that it is gone for good is only known after some seconds.
_RESTARTS = 8


def answer_shards(
    settings: Settings, files: Sequence[InputFile], formats: Sequence[str], shards: Sequence[Shard], workers: int
) -> Iterator[dict[str, Any]]:
    """Yield what the workers answer; see `Worker`. Each shard is answered once, whatever happens to the workers.

    Args:
      settings: how texts are read and answered.
      files: the input files.
      formats: the format of each.
      shards: what is to be answered.
      workers: the number of workers.

    Raises:
      DataError: if workers are killed again and again, or if the data or the model has an error.
    """
    import ray.data
    from ray.exceptions import RayError, RayTaskError

    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.enable_operator_progress_bars = False
    try:
        for start in range(0, len(shards), _WAVE):
            yield from _answer_wave(settings, files, formats, shards[start : start + _WAVE], workers)
    except RayTaskError as error:
        print(error, file=sys.stderr)  # where Ray's own messages go
        raise DataError(f"a worker failed ({_last_line(error)}); ray.log in --output_dir tells more") from None
    except RayError as error:
        print(error, file=sys.stderr)
        message = f"the workers were killed again and again ({_last_line(error)}); the same command goes on"
        raise DataError(message) from None


def _answer_wave(
    settings: Settings, files: Sequence[InputFile], formats: Sequence[str], shards: Sequence[Shard], workers: int
) -> Iterator[dict[str, Any]]:
    import ray.data

    rows = [{"number": shard.number, "file": shard.file, **shard.cut._asdict()} for shard in shards]
    answers = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        Worker,
        fn_constructor_args=(settings, list(files), list(formats)),
        batch_size=1,
        # A worker has one shard at a time, so that none waits behind another while a worker is free.
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(rows)), max_tasks_in_flight_per_actor=1),
        num_cpus=settings.threads if ray.cluster_resources()["CPU"] >= workers * settings.threads else 1,
        max_restarts=_RESTARTS,
    )
    waiting = {shard.number for shard in shards}
    batches: Any = answers.iter_batches(batch_size=1, batch_format="pyarrow")
    for batch in batches:
        for answer in batch.to_pylist():
            if answer["error"]:
                raise DataError(answer["error"])
            if answer["number"] in waiting:
                waiting.remove(answer["number"])
                yield answer
    if waiting:
        raise DataError(f"{len(waiting)} shards were not answered; the same command goes on with them")


def _last_line(error: Exception) -> str:
    return quote((str(error).strip().splitlines() or [type(error).__name__])[-1], 150)[1:-1]
