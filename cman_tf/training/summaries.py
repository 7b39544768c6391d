"""The numbers of a run that TensorBoard shows."""

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


def read_uncertainties(model: Model) -> dict[str, float]:
    """Return sigma of each task, TNNLS equations 24-26; empty if the losses are not weighted by uncertainty."""
    return {task: math.exp(float(s) / 2.0) for task, s in model.joint_loss.log_variances.items()}


def make_record(
    epoch: int, means: dict[str, float], model: Model, rate: float, dev: dict[str, Any] | None
) -> dict[str, float]:
    """Collect the numbers of an epoch under the names that metrics.jsonl and TensorBoard share.

    Args:
      epoch: the epoch, counted from 1.
      means: the means over the epoch's steps.
      model: the model.
      rate: the learning rate.
      dev: the scores on dev, or None.
    """
    record: dict[str, float] = {"epoch": epoch, "learning_rate": rate, **means}
    record.update({f"uncertainty/{task}": sigma for task, sigma in read_uncertainties(model).items()})
    for task, row in dev["strict"]["micro"].items() if dev else ():
        record.update({f"dev/{task}/{name}": row[name] for name in ("precision", "recall", "f1")})
    return record


class Summaries:
    """Writes the files of TensorBoard in tensorboard/ of a run's directory.

    The configuration and the inputs are written for the dashboard HParams, which compares runs.

    Args:
      directory: the run's directory.
      config: the configuration to show, or None to show none.
      inputs: the description of a token's inputs.
    """

    def __init__(self, directory: str, config: Config | None = None, inputs: str = "") -> None:
        self._writer = tf.summary.create_file_writer(str(pathlib.Path(directory) / "tensorboard"))
        if config is None:
            return
        values = {name: "" if v is None else v for name, v in dataclasses.asdict(config).items()}
        values["inputs"] = inputs
        with self._writer.as_default():
            hparams.hparams(values, trial_id=hashlib.sha256(os.path.abspath(directory).encode()).hexdigest())

    def add_test(self, epoch: int, scores: dict[str, Any]) -> None:
        """Write the F1 on test.

        Args:
          epoch: the epoch that was kept.
          scores: the scores on test.
        """
        with self._writer.as_default(step=epoch):
            for task, row in scores["strict"]["micro"].items():
                tf.summary.scalar(f"test/{task}/f1", row["f1"])
        self._writer.flush()

    def add(self, record: dict[str, float]) -> None:
        """Write the numbers of an epoch's record."""
        with self._writer.as_default(step=int(record["epoch"])):
            for name, value in record.items():
                if name != "epoch":
                    tf.summary.scalar(name, value)
        self._writer.flush()
