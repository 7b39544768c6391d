"""Loading a trained model from its run's directory."""

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
    """A model and its vocabulary."""

    model: Model
    vocabulary: Vocabulary


def load_trained(
    directory: str | pathlib.Path, checkpoint: str = "best", encoder_flags: dict[str, str] | None = None
) -> Trained:
    """Load a run's model, ready to decode.

    Args:
      directory: a run of `cman-tf train`.
      checkpoint: `best` (dev epoch) or `last`.
      encoder_flags: flags of `cman_tf.encoders.source` that say where the encoder is now.

    Raises:
      DataError: if there is no finished epoch of a model, if its encoder is not to be found or is another one, or if
        a file is not the one that training recorded.
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
                f"{directory}: contextual.json says {needed[1][0]} layers of {needed[1][1]}, the encoder has "
                f"{encoder.layers} of {encoder.size}, expected the same"
            )
    elif encoder_flags:
        raise DataError(f"{directory}: a model without a contextual encoder, expected no flags of one")
    model = build_model(config, vocabulary, encoder)
    restore_model(directory, model, checkpoint)
    return Trained(model, vocabulary)


def find_checkpoint(directory: str | pathlib.Path, which: str = "best") -> str:
    """Find the newest checkpoint of a run, as a path without an ending.

    Args:
      directory: the run's own.
      which: `best` or `last`.

    Raises:
      DataError: if there is none.
    """
    folder = pathlib.Path(directory) / which
    path = tf.train.latest_checkpoint(str(folder))
    if path is None:
        raise DataError(f"{folder}: no checkpoint, expected one of a run that finished an epoch")
    return path


def restore_model(directory: str | pathlib.Path, model: Model, which: str = "best") -> int:
    """Load a run's weights, of its best or its last epoch, into a model.

    Returns:
      The epoch.

    Raises:
      DataError: if there are none or they do not fit the model.
    """
    path = find_checkpoint(directory, which)
    epoch = tf.Variable(0, dtype=tf.int64)
    try:
        status = tf.train.Checkpoint(model=model, epoch=epoch).restore(path)
        status.expect_partial()  # first: else TensorFlow lists what it did not load once the next line fails
        status.assert_existing_objects_matched()
    except (ValueError, AssertionError, tf.errors.OpError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(f"{path}: {reason}, expected a checkpoint of this model") from None
    return int(epoch)
