"""Loading a trained model from the directory of its run."""

from __future__ import annotations

import pathlib
from typing import NamedTuple

import tensorflow as tf

from cman_tf.data.contextual_encoder import AnyEncoder
from cman_tf.data.tokenizer import TOKENIZERS
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.encoders.opening import open_encoder, open_tunable
from cman_tf.encoders.source import find_again, load_source
from cman_tf.errors import DataError
from cman_tf.models.factory import Model, build_model
from cman_tf.runs.flagfile import config_from_flagfile
from cman_tf.runs.record import verify_record


class Trained(NamedTuple):
    """A trained model and its vocabulary."""

    model: Model
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
    path = find_checkpoint(directory, checkpoint)
    verify_record(directory, path, TOKENIZERS)
    vocabulary = Vocabulary.load(directory)
    needed = load_source(directory)
    config = config_from_flagfile(pathlib.Path(directory) / "flags.txt")
    encoder: AnyEncoder | None = None
    if needed:
        source = find_again(directory, encoder_flags or {})
        encoder = open_tunable(source) if config.tune_encoder else open_encoder(source)
        if (encoder.layers, encoder.size) != needed[1]:
            raise DataError(
                f"{directory}: the encoder has {encoder.layers} layers of size {encoder.size}, expected "
                f"{needed[1][0]} of size {needed[1][1]} as in contextual.json"
            )
    elif encoder_flags:
        flags = ", ".join(f"--{name}" for name in encoder_flags)
        raise DataError(f"{directory}: the model has no contextual encoder, expected no {flags}")
    model = build_model(config, vocabulary, encoder)
    restore_model(directory, model, checkpoint)
    return Trained(model, vocabulary)


def find_checkpoint(directory: str | pathlib.Path, which: str = "best") -> str:
    """Find the newest checkpoint of a run.

    Args:
      directory: the run's directory.
      which: `best` or `last`.

    Returns:
      The checkpoint's path without an ending.

    Raises:
      DataError: if there is no checkpoint.
    """
    folder = pathlib.Path(directory) / which
    path = tf.train.latest_checkpoint(str(folder))
    if path is None:
        raise DataError(f"{folder}: no checkpoint, expected one of a run that finished an epoch")
    return path


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
    path = find_checkpoint(directory, which)
    epoch = tf.Variable(0, dtype=tf.int64)
    try:
        status = tf.train.Checkpoint(model=model, epoch=epoch).restore(path)
        status.expect_partial()  # must come first, or TensorFlow lists what it did not load if the next line fails
        status.assert_existing_objects_matched()
    except (ValueError, AssertionError, tf.errors.OpError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(f"{path}: {reason}, expected a checkpoint of this model") from None
    return int(epoch)
