"""What TensorBoard shows of a run."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
import pathlib
from typing import Any

import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from cman_tf.config import Config
from cman_tf.models.factory import Model


def uncertainties(model: Model) -> dict[str, float]:
    """sigma of each task, equations 24-26, where they are learned."""
    return {task: math.exp(float(s) / 2.0) for task, s in model.joint_loss.log_variances.items()}


def record_of(
    epoch: int, means: dict[str, float], model: Model, rate: float, dev: dict[str, Any] | None
) -> dict[str, float]:
    """An epoch's numbers under the names that metrics.jsonl and TensorBoard share."""
    record: dict[str, float] = {"epoch": epoch, "learning_rate": rate, **means}
    record.update({f"uncertainty/{task}": sigma for task, sigma in uncertainties(model).items()})
    for task, row in dev["strict"]["micro"].items() if dev else ():
        record.update({f"dev/{task}/{name}": row[name] for name in ("precision", "recall", "f1")})
    return record


class Summaries:
    """Writes an epoch's record under tensorboard/ of a run, and its settings and inputs for the
    dashboard HParams, which compares the runs below a directory."""

    def __init__(self, directory: str, config: Config | None = None, inputs: str = "") -> None:
        self._writer = tf.summary.create_file_writer(str(pathlib.Path(directory) / "tensorboard"))
        if config is None:
            return
        values = {name: "" if v is None else v for name, v in dataclasses.asdict(config).items()}
        values["inputs"] = inputs
        with self._writer.as_default():
            hparams.hparams(values, trial_id=hashlib.sha256(os.path.abspath(directory).encode()).hexdigest())

    def add_test(self, epoch: int, scores: dict[str, Any]) -> None:
        """Write the test F1 of the epoch that was kept."""
        with self._writer.as_default(step=epoch):
            for task, row in scores["strict"]["micro"].items():
                tf.summary.scalar(f"test/{task}/f1", row["f1"])
        self._writer.flush()

    def add(self, record: dict[str, float]) -> None:
        """Write every number of the record at its epoch."""
        with self._writer.as_default(step=int(record["epoch"])):
            for name, value in record.items():
                if name != "epoch":
                    tf.summary.scalar(name, value)
        self._writer.flush()
