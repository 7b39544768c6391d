"""The three protocols: on which data and for how many epochs a run trains. Test is scored once, at the end."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any

from cman_tf.config import Config
from cman_tf.data.contexts import ContextFinder
from cman_tf.data.contextual_encoder import AnyEncoder
from cman_tf.data.corpus import Corpus
from cman_tf.data.splits import merge_corpora
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.inference.description import ModelDescription
from cman_tf.runs.epochs import STAGE_ONE
from cman_tf.runs.files import write_atomically
from cman_tf.training.devices import ONE_DEVICE, OneDevice
from cman_tf.training.loop import train
from cman_tf.training.profiled_batches import ProfiledBatches
from cman_tf.training.progress import NO_PROGRESS, Progress
from cman_tf.training.trainer import Trainer, build_trainer


def train_by_protocol(
    config: Config,
    corpora: dict[str, Corpus],
    vocabularies: dict[str, Vocabulary],
    directory: str,
    encoder: AnyEncoder | None,
    progress: Progress = NO_PROGRESS,
    init_from: ModelDescription | None = None,
    profiled: ProfiledBatches | None = None,
    checkpoint_steps: int = 0,
    devices: OneDevice = ONE_DEVICE,
    finder: ContextFinder | None = None,
) -> tuple[Trainer, dict[str, Any]]:
    """Train as `config.protocol` says.

    Args:
      config: the resolved configuration.
      corpora: the corpus of each split, by the name of the split.
      vocabularies: `train`, the vocabulary of the training data, and `train_dev`, that of the training and dev data;
        the protocol decides which of them it needs.
      directory: the run's directory.
      encoder: the contextual encoder, as for `build_trainer`.
      progress: the object to which every batch and epoch is reported.
      init_from: the trained model whose weights training starts from, or None.
      profiled: the batches that are profiled, in the first stage if there are two, or None.
      checkpoint_steps: the number of batches after which a checkpoint is saved within an epoch; 0 saves none.
      devices: what to compute on.
      finder: finds the contexts of sentences, or None.

    Returns:
      The trainer after training, and what the result file contains besides the trainer's result.
    """
    if config.protocol == "best_dev":
        trainer = build_trainer(config, corpora, vocabularies["train"], directory, encoder, init_from, devices, finder)
        train(trainer, progress=progress, profiled=profiled, checkpoint_steps=checkpoint_steps)
        return trainer, {}
    extra: dict[str, Any] = {}
    epochs = config.epochs
    if config.protocol == "two_stage":
        extra[STAGE_ONE] = stage = _stage_one(
            config,
            corpora,
            vocabularies["train"],
            directory,
            encoder,
            progress,
            init_from,
            profiled,
            checkpoint_steps,
            devices,
            finder,
        )
        profiled = None
        epochs = stage["epochs"]  # the epoch in which it stopped, patience included, as in the authors' code
    fixed = dataclasses.replace(config, protocol="fixed_epochs", epochs=epochs)
    both = {**corpora, "train": merge_corpora(corpora["train"], corpora["dev"])}
    trainer = build_trainer(fixed, both, vocabularies["train_dev"], directory, encoder, init_from, devices, finder)
    train(trainer, shown=config, progress=progress, profiled=profiled, checkpoint_steps=checkpoint_steps)
    trainer.corpora, trainer.config = corpora, config  # the result names the given ones
    return trainer, extra


def _stage_one(
    config: Config,
    corpora: dict[str, Corpus],
    vocabulary: Vocabulary,
    directory: str,
    encoder: AnyEncoder | None,
    progress: Progress,
    init_from: ModelDescription | None,
    profiled: ProfiledBatches | None,
    checkpoint_steps: int,
    devices: OneDevice,
    finder: ContextFinder | None,
) -> dict[str, Any]:
    """Train the first stage, with early stopping on dev, in its own directory. Test is not read.

    Args:
      config: the resolved configuration.
      corpora: the corpus of each split, by the name of the split.
      vocabulary: the vocabulary of the training data.
      directory: the run's directory.
      encoder: the contextual encoder, as for `build_trainer`.
      progress: the object to which every batch and epoch is reported.
      init_from: the trained model whose weights training starts from, or None.
      profiled: the batches that are profiled, or None.
      checkpoint_steps: as in `train_by_protocol`.
      devices: what to compute on.
      finder: finds the contexts of sentences, or None.

    Returns:
      The number of epochs, the best epoch and its score on dev.
    """
    folder = pathlib.Path(directory) / STAGE_ONE
    folder.mkdir(parents=True, exist_ok=True)
    trainer = build_trainer(
        dataclasses.replace(config, protocol="best_dev"),
        corpora,
        vocabulary,
        str(folder),
        encoder,
        init_from,
        devices,
        finder,
    )
    train(trainer, progress=progress, profiled=profiled, checkpoint_steps=checkpoint_steps)
    stage = {
        "epochs": int(trainer.state.epoch),
        "best_epoch": int(trainer.state.best_epoch),
        "best_dev_stop_score": float(trainer.state.best_score),
    }
    write_atomically(folder / "result.json", json.dumps(stage, indent=1) + "\n")
    return stage
