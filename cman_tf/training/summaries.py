"""The numbers of a run that TensorBoard shows."""

from __future__ import annotations

import math
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorboard.compat.proto import summary_pb2
from tensorboard.plugins.histogram.summary_v2 import histogram_pb
from tensorboard.plugins.hparams import api as hparams
from tensorboard.plugins.pr_curve.summary import raw_data_pb
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.plugins.text.summary_v2 import text_pb

from cman_tf.config import Config
from cman_tf.models.factory import Model
from cman_tf.runs.durable import name_errors
from cman_tf.training import dashboard_tags as tags
from cman_tf.training.dev_curves import THRESHOLDS, Curve
from cman_tf.training.dev_probe import Probe
from cman_tf.training.event_files import drop_events
from cman_tf.training.event_records import EventFile
from cman_tf.training.hyperparameters import list_hyperparameters, name_trial

_Summary: Any = summary_pb2.Summary  # made at run time, so that its attributes have no types
_SETTINGS = "_hparams_/session_start_info"  # the tag of what the dashboard HParams shows


def read_uncertainties(model: Model) -> dict[str, float]:
    """Return sigma of each task, TNNLS equations 24-26; empty if the losses are not weighted by uncertainty."""
    return {task: math.exp(float(s.numpy()) / 2.0) for task, s in model.joint_loss.log_variances.items()}


def make_record(
    epoch: int, means: dict[str, float], model: Model, rate: float, dev: dict[str, Any] | None
) -> dict[str, float]:
    """Collect the numbers of an epoch for metrics.jsonl. `dashboard_tags.name_tag` has their names in TensorBoard.

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
    """Writes the files of TensorBoard in tensorboard/ of a run's directory. The steps are epochs.

    The settings that differ from the shipped flagfile are written for the dashboard HParams, which compares runs.

    Args:
      directory: the run's directory.
      last_epoch: the epoch from which training resumes. What is shown of later epochs, which a killed run may have
        written, is taken out.
      config: the configuration to show, or None to show none.
      inputs: the description of a token's inputs.
    """

    def __init__(self, directory: str, last_epoch: int, config: Config | None = None, inputs: str = "") -> None:
        self.folder = str(pathlib.Path(directory) / "tensorboard")
        drop_events(self.folder, lambda step, names: step > last_epoch or config is not None and _SETTINGS in names)
        with name_errors(self.folder):
            self._writer = tf.summary.create_file_writer(self.folder)
        self._file = EventFile(self.folder)
        if config is not None:
            values: dict[Any, Any] = dict(list_hyperparameters(config, inputs))
            with name_errors(self.folder), self._writer.as_default():
                hparams.hparams(values, trial_id=name_trial(directory))

    def add_test(self, epoch: int, scores: dict[str, Any]) -> None:
        """Write the F1 on test.

        Args:
          epoch: the epoch that was kept.
          scores: the scores on test.
        """
        shown = {f"{tags.TEST_F1}/{task}": row["f1"] for task, row in scores["strict"]["micro"].items()}
        drop_events(self.folder, lambda step, names: step == epoch and bool(names & shown.keys()))  # killed before
        self._write(epoch, [scalar_pb(name, f1) for name, f1 in shown.items()])

    def add(
        self,
        record: dict[str, float],
        dev: dict[str, Any] | None = None,
        probe: Probe | None = None,
        curves: Mapping[str, Curve] | None = None,
        sentences: str = "",
    ) -> None:
        """Write what is known of an epoch.

        Args:
          record: the numbers of metrics.jsonl.
          dev: the scores on dev.
          probe: the losses, gates and entropies on some dev sentences.
          curves: the precision-recall curve of each relation type.
          sentences: some dev sentences with predictions, as Markdown.
        """
        found = [scalar_pb(tags.name_tag(name), value) for name, value in record.items() if name != "epoch"]
        if dev:
            found.append(scalar_pb(f"{tags.DEV_F1}/mean", dev["stop_score"]))
            groups = {"relations": tags.RELATION_TYPES, "entities": tags.ENTITY_TYPES}
            for task, group in groups.items():
                for kind, row in dev["strict"]["per_type"][task].items():
                    found.append(scalar_pb(f"{group}/{tags.name_type(kind)}", row["f1"]))
        if probe:
            found += [scalar_pb(f"{tags.DEV_LOSS}/{task}", loss) for task, loss in probe.losses.items()]
            for group, values in (("label_gate", probe.gates), ("attention_entropy_in_bits", probe.entropies)):
                found += [histogram_pb(f"{group}/{name}", value) for name, value in values.items()]
        found += [_make_curve(kind, curve) for kind, curve in (curves or {}).items()]
        if sentences:
            found.append(text_pb("dev_sentences", sentences))
        self._write(int(record["epoch"]), found)

    def _write(self, epoch: int, summaries: list[Any]) -> None:
        """Write all at once, which takes a tenth of the time that `tf.summary` takes for each."""
        merged = _Summary(value=[value for summary in summaries for value in summary.value])
        with name_errors(self.folder), self._writer.as_default(step=epoch):
            tf.summary.experimental.write_raw_pb(merged.SerializeToString())
            self._writer.flush()
        self._file.validate_written()


def _make_curve(kind: str, curve: Curve) -> Any:
    """Return the summary of the plugin pr_curves."""
    counts = (curve["tp"], curve["fp"], curve["tn"], curve["fn"], curve["precision"], curve["recall"])
    rows = [np.array(row, np.float32) for row in counts]
    name = tags.name_type(kind)
    made = raw_data_pb(f"precision_recall/{name}", *rows, num_thresholds=len(THRESHOLDS), display_name=name)
    return _Summary.FromString(made.SerializeToString())  # of the same class as the others
