"""What TensorBoard shows of a run."""

from __future__ import annotations

import math
import pathlib
from typing import Any

import tensorflow as tf

from cman_tf.build import Model


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
    """Writes an epoch's record under tensorboard/ of a run."""

    def __init__(self, directory: str) -> None:
        self._writer = tf.summary.create_file_writer(str(pathlib.Path(directory) / "tensorboard"))

    def add(self, record: dict[str, float]) -> None:
        """Write every number of the record at its epoch."""
        with self._writer.as_default(step=int(record["epoch"])):
            for name, value in record.items():
                if name != "epoch":
                    tf.summary.scalar(name, value)
        self._writer.flush()
