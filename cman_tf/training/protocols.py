"""On what is trained, and for how long: the three protocols, test scored once at the end."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any

from cman_tf.config import Config
from cman_tf.data.contextual_encoder import AnyEncoder
from cman_tf.data.corpus import Corpus
from cman_tf.data.splits import merged
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.runs.files import write_atomically
from cman_tf.runs.run_directory import STAGE_ONE
from cman_tf.training.loop import Trainer, build, train
from cman_tf.training.progress import NO_PROGRESS, Progress


def train_by_protocol(
    config: Config,
    corpora: dict[str, Corpus],
    vocabularies: dict[str, Vocabulary],
    directory: str,
    encoder: AnyEncoder | None,
    progress: Progress = NO_PROGRESS,
) -> tuple[Trainer, dict[str, Any]]:
    """Train as `config.protocol` says.

    Args:
      config: of the run.
      corpora: of the three splits.
      vocabularies: "train", of the training data, and, where the protocol trains on
        them, "train_dev" of training and dev data.
      directory: of the run.
      encoder: as for `build`.
      progress: is told of every batch and epoch.

    Returns:
      The trained trainer and what the result file is to say besides its own.
    """
    if config.protocol == "best_dev":
        trainer = build(config, corpora, vocabularies["train"], directory, encoder)
        train(trainer, progress=progress)
        return trainer, {}
    extra: dict[str, Any] = {}
    epochs = config.epochs
    if config.protocol == "two_stage":
        extra[STAGE_ONE] = stage = _stage_one(config, corpora, vocabularies["train"], directory, encoder, progress)
        epochs = stage["epochs"]  # the epoch it stopped in, patience included, as the authors' code has it
    fixed = dataclasses.replace(config, protocol="fixed_epochs", epochs=epochs)
    both = {**corpora, "train": merged(corpora["train"], corpora["dev"])}
    trainer = build(fixed, both, vocabularies["train_dev"], directory, encoder)
    train(trainer, shown=config, progress=progress)
    trainer.corpora, trainer.config = corpora, config  # as the result is to say
    return trainer, extra


def _stage_one(
    config: Config,
    corpora: dict[str, Corpus],
    vocabulary: Vocabulary,
    directory: str,
    encoder: AnyEncoder | None,
    progress: Progress,
) -> dict[str, Any]:
    """Early stopping on dev, in a directory of its own; test is not looked at."""
    folder = pathlib.Path(directory) / STAGE_ONE
    folder.mkdir(parents=True, exist_ok=True)
    trainer = build(dataclasses.replace(config, protocol="best_dev"), corpora, vocabulary, str(folder), encoder)
    train(trainer, progress=progress)
    stage = {
        "epochs": int(trainer.state.epoch),
        "best_epoch": int(trainer.state.best_epoch),
        "best_dev_stop_score": float(trainer.state.best_score),
    }
    write_atomically(folder / "result.json", json.dumps(stage, indent=1) + "\n")
    return stage
