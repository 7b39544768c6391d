"""Training in one process or several: the first one writes the run's files, the others only compute.

All compute the same weights, each from its own sentences, and score dev together.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

from cman_tf.config import Config
from cman_tf.data.corpus import Corpus
from cman_tf.encoders.source import Source
from cman_tf.runs.containment import validate_contained
from cman_tf.training.devices import OneDevice
from cman_tf.training.session import Session, open_session
from cman_tf.training.session_options import SessionOptions


def lead(session: Session, devices: OneDevice, score_test: bool = True) -> None:
    """Train as the process that writes, or let the others know that nothing is left to train.

    Args:
      session: the training.
      devices: what it computes on.
      score_test: whether to score the best epoch on test in the end, and to make a result.

    Raises:
      DataError: as `Session.fit` does, and if another process stops, or has other weights.
    """
    devices.meet("the copy of the run")  # until then nothing is written
    if not session.is_finished and score_test:
        session.train(devices)
    elif not session.is_finished:
        trainer, _ = session.fit(devices)
        session.progress.note(f"\ntest was not scored; {trainer.describe_best()}")
    devices.meet("the end")


def follow(
    config: Config,
    corpora: dict[str, Corpus],
    source: Source | None,
    options: SessionOptions,
    devices: OneDevice,
) -> None:
    """Take part in a training until the process that writes has ended it.

    Args:
      config: the resolved configuration.
      corpora: the corpus of each split.
      source: the contextual encoder's files, or None.
      options: the files of the training, as for the process that writes.
      devices: what the training computes on.

    Raises:
      DataError: if another process stops, or has other weights.
    """
    with own_copy(options.model_dir) as directory:
        devices.meet("the copy of the run")
        own = dataclasses.replace(options, model_dir=directory, results_dir=None)
        session = open_session(config, corpora, source, own)
        if not session.is_finished:
            session.fit(devices)
        devices.meet("the end")


@contextlib.contextmanager
def own_copy(directory: str) -> Iterator[str]:
    """Copy a run's directory, which need not exist, to a temporary place, without what TensorBoard shows."""
    with tempfile.TemporaryDirectory(prefix="cman-tf-") as folder:
        copy = pathlib.Path(folder, "run")
        if pathlib.Path(directory).is_dir():
            validate_contained(pathlib.Path(directory))
            shutil.copytree(directory, copy, ignore=shutil.ignore_patterns("events.out.*", ".*"))
        copy.mkdir(exist_ok=True)
        yield str(copy)
