"""The training loop of both papers: epoch after epoch, with the scores on dev after each.

`cman_tf.training.step` has the computation of one step.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from cman_tf.config import Config
from cman_tf.data.bucketing import batch_order
from cman_tf.errors import DataError
from cman_tf.runs.epochs import validate_epochs
from cman_tf.runs.metrics import Metrics
from cman_tf.scoring.score import stop_score
from cman_tf.training.dev_monitor import DevMonitor
from cman_tf.training.profiled_batches import ProfiledBatches
from cman_tf.training.profiling import BatchProfiler
from cman_tf.training.progress import NO_PROGRESS, Progress
from cman_tf.training.summaries import Summaries, make_record
from cman_tf.training.trainer import Trainer


def train(
    trainer: Trainer,
    shown: Config | None = None,
    progress: Progress = NO_PROGRESS,
    profiled: ProfiledBatches | None = None,
    checkpoint_steps: int = 0,
) -> None:
    """Train until the last epoch is reached or the patience is used up, and keep the best epoch on dev.

    Args:
      trainer: what to train, from `build_trainer`.
      shown: the configuration that TensorBoard shows. None shows the trainer's own.
      progress: the object to which every batch and epoch is reported.
      profiled: the batches that are profiled, or None.
      checkpoint_steps: the number of batches after which a checkpoint is saved within an epoch; 0 saves none.

    Raises:
      DataError: if the loss or the gradient is not finite, or if the run went on for more epochs than asked for.
      KeyboardInterrupt: if the user stops it, with a line that says in which epoch.
    """
    try:
        _train_epochs(trainer, shown, progress, profiled, checkpoint_steps)
    except KeyboardInterrupt as stop:
        saved, batches = trainer.state.saved()
        after = f"after epoch {saved} was saved" if saved else "before an epoch was saved"
        after = f"after its batch {batches} was saved" if batches else after
        stop.args = (f"stopped in epoch {saved + 1} {after}; run the same command again to go on",)
        raise


def _train_epochs(
    trainer: Trainer,
    shown: Config | None,
    progress: Progress,
    profiled: ProfiledBatches | None,
    checkpoint_steps: int,
) -> None:
    """Train as `train` does."""
    config, state = trainer.config, trainer.state
    validate_epochs(trainer.directory, int(state.epoch), int(state.best_epoch), config)
    metrics = Metrics(trainer.directory, int(state.epoch))
    summaries = Summaries(trainer.directory, int(state.epoch), shown or config, trainer.inputs())
    train_step = trainer.devices.make_train_step(trainer.model, trainer.optimizer, state.average)
    predictor = trainer.devices.make_predictor(trainer.model, trainer.vocabulary)
    monitor = DevMonitor(trainer, predictor) if config.protocol == "best_dev" else None
    profiler = BatchProfiler(profiled, summaries.folder)
    lengths = [len(example.words) for example in trainer.examples["train"]]
    while not trainer.done():
        epoch = int(state.epoch) + 1
        order = batch_order(lengths, config.batch_size, config.seed, epoch, config.batch_order)
        rate = config.rate_at(epoch)
        trainer.optimizer.set_rate(rate)
        progress.start_epoch(epoch, config.epochs, len(order), state.position.batches)
        try:
            means = _epoch(trainer, train_step, order, progress, profiler, checkpoint_steps)
        except BaseException:
            profiler.stop()
            raise
        trained, seconds = time.monotonic(), state.position.seconds
        with state.averaged():
            dev = monitor.evaluate() if monitor else None
            evaluated = time.monotonic()
            described = monitor.describe() if monitor else {}
        record = make_record(epoch, means, trainer.model, rate, dev)
        record.update(seconds=seconds, dev_seconds=evaluated - trained)
        metrics.add(record)
        summaries.add(record, dev, **described)
        better = state.finish_epoch(epoch, stop_score(dev) if dev else None)
        progress.finish_epoch(_line(record, config.epochs, dev, better))
    profiler.stop()


def _line(record: dict[str, float], epochs: int, dev: dict[str, Any] | None, better: bool) -> str:
    """Describe an epoch in one line: its loss, its dev scores and its time.

    Args:
      record: the epoch's numbers, from `make_record`.
      epochs: the number of the last epoch.
      dev: the scores on dev, or None.
      better: whether these are the best scores so far.
    """
    scores = ""
    if dev:
        f1 = [dev["strict"]["micro"][task]["f1"] for task in ("entities", "relations")]
        scores = f", dev entities {f1[0]:.2f}, relations {f1[1]:.2f}, mean {stop_score(dev):.2f}"
        scores += " (best so far)" if better else ""
    return f"epoch {record['epoch']}/{epochs}: loss {record['clean/loss']:.3f}{scores}, {record['seconds']:.1f} s"


def _epoch(
    trainer: Trainer,
    train_step: Any,
    order: list[np.ndarray],
    progress: Progress,
    profiler: BatchProfiler,
    checkpoint_steps: int,
) -> dict[str, float]:
    """Train for one epoch, or for what is left of it.

    Args:
      trainer: what to train.
      train_step: the compiled step, from `make_train_step`.
      order: for each batch the positions of its sentences.
      progress: the object to which every batch is reported.
      profiler: profiles some of the batches.
      checkpoint_steps: as in `train`.

    Returns:
      The means over all steps of the numbers that a step returns.
    """
    position = trainer.state.position
    best = float(trainer.state.best_score)
    start = time.monotonic() - position.seconds
    for batch in trainer.devices.batches(trainer.examples["train"], order[position.batches :], trainer.model):
        with profiler.batch():
            logs = {name: float(value) for name, value in train_step(batch).items()}
        for name in ("clean/loss", "gradient_norm"):
            if not np.isfinite(logs[name]):
                epoch = int(trainer.state.epoch) + 1
                raise DataError(f"epoch {epoch}: {name} is {logs[name]}, expected a number; lower --learning_rate")
        position.add(logs, len(order))
        position.seconds = time.monotonic() - start
        if checkpoint_steps and position.batches % checkpoint_steps == 0 and position.batches < len(order):
            trainer.state.save_within_epoch()
        progress.finish_batch(logs["clean/loss"], best)
    return dict(position.sums)
