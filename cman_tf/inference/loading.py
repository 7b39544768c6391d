"""Loading a trained model from the directory of its run."""

from __future__ import annotations

import dataclasses
import logging
import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from cman_tf.data.contextual_encoder import AnyEncoder
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.encoders.opening import open_encoder, open_tunable
from cman_tf.encoders.shared_encoder import BYTES, SharedEncoder
from cman_tf.errors import DataError
from cman_tf.inference.description import ModelDescription, read_description
from cman_tf.inference.mixture_loading import load_mixture
from cman_tf.models.factory import Model, build_model
from cman_tf.models.memory import estimate_loading
from cman_tf.models.mixture import Mixture
from cman_tf.models.variable_paths import name_variables
from cman_tf.retrieving.contexts import Contexts
from cman_tf.retrieving.names import IMAGES
from cman_tf.retrieving.recorded import FILE, describe_corpora
from cman_tf.runs.checkpoint_index import validate_checkpoint
from cman_tf.runs.free_memory import validate_memory
from cman_tf.runs.model_directory import find_checkpoint
from cman_tf.runs.packed_weights import WEIGHTS, load_weights


class Trained(NamedTuple):
    """A trained model, or a mixture of several, and its vocabulary."""

    model: Model | Mixture
    vocabulary: Vocabulary


def load_trained(
    directory: str | pathlib.Path, checkpoint: str = "best", encoder_flags: dict[str, str] | None = None
) -> Trained:
    """Load the model of a run, ready to decode.

    Args:
      directory: the directory of a run of `cman-tf train`.
      checkpoint: `best` (the best epoch on dev) or `last`.
      encoder_flags: the flags that give the place of the contextual encoder, by name, as in
        `cman_tf.encoders.names.ENCODER_FLAGS`. None looks for it where it was in training.

    Raises:
      DataError: if the run has no finished epoch, if its encoder is not found or has changed, or if a file differs
        from the one that training recorded.
    """
    return load_described(read_description(directory, checkpoint, encoder_flags))


def load_described(description: ModelDescription) -> Trained:
    """Load the model that `read_description` found, ready to decode.

    Raises:
      DataError: if its encoder or its weights are not what the description says.
    """
    return load_epoch(description)[0]


def load_epoch(description: ModelDescription) -> tuple[Trained, int]:
    """Load a model as `load_described` does; return it with the number of the epoch that its weights are of."""
    if description.experts:
        return Trained(
            load_mixture(description.directory, load_experts(description.experts)), description.vocabulary
        ), 0
    return _load_one(description, None)


def load_experts(descriptions: Sequence[ModelDescription], remembered: int = BYTES) -> list[Trained]:
    """Load several models. Those with the same frozen encoder share it.

    Args:
      descriptions: what `read_description` found.
      remembered: the bytes of an encoder's vectors that are remembered, about.

    Raises:
      DataError: as for `load_described`.
    """
    encoders: dict[str, SharedEncoder] = {}
    loaded = [_load_one(description, encoders)[0] for description in descriptions]
    for encoder in encoders.values():
        encoder.limit = remembered
    return loaded


def _load_one(description: ModelDescription, encoders: dict[str, SharedEncoder] | None) -> tuple[Trained, int]:
    """Load one model.

    Args:
      description: what `read_description` found.
      encoders: the frozen encoders that other models have opened, by their fingerprints; None: nothing is shared.

    Returns:
      The model, and the number of the epoch that its weights are of.
    """
    shape = description.encoder_shape
    needed = estimate_loading(description.config, description.vocabulary, shape[1] if shape else 0)
    what = f"{description.directory}: a model of --hidden_size={description.config.hidden_size}"
    validate_memory(needed, what, "load it on a machine with more")
    encoder: AnyEncoder | None = None
    if description.encoder:
        if description.config.tune_encoder:
            encoder = open_tunable(description.encoder)
        elif encoders is None:
            encoder = open_encoder(description.encoder)
        else:
            key = description.encoder.fingerprint
            if key not in encoders:
                encoders[key] = SharedEncoder(open_encoder(description.encoder))
            encoder = encoders[key]
        if shape and (encoder.layers, encoder.size) != shape:
            raise DataError(
                f"{description.directory}: the encoder has {encoder.layers} layers of size {encoder.size}, expected "
                f"{shape[0]} of size {shape[1]} as in contextual.json"
            )
    config, contexts = description.config, _open_contexts(description)
    if config.cooperative_weight:  # what is for training only
        config = dataclasses.replace(config, cooperative_weight=0.0)
    model = build_model(config, description.vocabulary, encoder, contexts)
    epoch = _restore(description.checkpoint, model)
    return Trained(model, description.vocabulary), epoch


def _open_contexts(description: ModelDescription) -> Contexts | None:
    """Open what a model's passages come from, if it reads any."""
    place, config = description.retrieval, description.config
    if not config.retrieved_passages:
        return None
    if place is None:
        raise DataError(f"{description.directory}: no {FILE}, expected what training wrote; restore the directory")
    contexts = Contexts(place, config.retrieved_passages, config.retrieved_tokens)
    if place.flag == IMAGES:  # text is asked for each sentence when it comes
        files = describe_corpora(place, description.evaluated)
        for (name, sentences), (_, file) in zip(description.evaluated, files):
            contexts.read_corpus(sentences, name, file, keeps=False)
    return contexts


def restore_model(directory: str | pathlib.Path, model: Model, which: str = "best") -> int:
    """Load the weights of a run into a model.

    Args:
      directory: the run's directory.
      model: the model with its weights built.
      which: the epoch whose weights are loaded, `best` or `last`.

    Returns:
      The number of the epoch.

    Raises:
      DataError: if there are no weights, or if they do not fit the model.
    """
    return _restore(find_checkpoint(directory, which), model)


def _restore(path: str, model: Model) -> int:
    """Load the weights of a checkpoint or of a packed model, given as `find_checkpoint` does; see `restore_model`."""
    if pathlib.Path(path).name == WEIGHTS:
        named = name_variables(model)
        expected = [(name, tuple(variable.shape)) for name, variable in named.items()]
        weights, number = load_weights(pathlib.Path(path).parent, expected)
        for variable, values in zip(named.values(), weights):
            variable.assign(values)
        return number
    epoch = tf.Variable(0, dtype=tf.int64)

    def restore() -> None:
        status = tf.train.Checkpoint(model=model, epoch=epoch).restore(path)
        status.expect_partial()  # must come first, or TensorFlow lists what it did not load if the next line fails
        status.assert_existing_objects_matched()

    restore_checkpoint(path, restore)
    for variable in model.variables:
        if variable.dtype.is_floating and not np.isfinite(variable.numpy()).all():
            raise DataError(f"{path}: a weight that is not finite, expected a checkpoint of this model")
    return int(epoch.read_value())  # under a strategy it is a variable of each device


def _is_no_list_of_values(record: logging.LogRecord) -> bool:
    """Return false for the hundreds of lines that TensorFlow logs after a checkpoint that it could not read."""
    return not record.getMessage().startswith(("Value in checkpoint could not be found", "Detecting that an object or"))


def restore_checkpoint(path: str, restore: Callable[[], object]) -> None:
    """Check the files of a checkpoint, and call a function that has TensorFlow read them.

    Args:
      path: the path of the checkpoint without an ending.
      restore: the function.

    Raises:
      DataError: if the files are damaged or not of this model. Damaged ones raise exceptions of TensorFlow, of protobuf
        and of Python.
    """
    validate_checkpoint(path)
    logging.getLogger("tensorflow").addFilter(_is_no_list_of_values)  # once: adding the same filter again does nothing
    try:
        restore()
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path}: {reason[:200]}, expected a checkpoint of this model") from None
