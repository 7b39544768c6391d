"""Loading a trained model from its run's directory."""

from __future__ import annotations

import pathlib
from typing import Any, NamedTuple

from cman_tf.data.vocabulary import Vocabulary
from cman_tf.encoders.source import find_again, load_source, open_encoder
from cman_tf.errors import DataError
from cman_tf.models.factory import Model, build_model
from cman_tf.runs.flagfile import config_from_flagfile
from cman_tf.training.checkpoints import restore_model


class Trained(NamedTuple):
    """A model, its vocabulary and the contextual encoder that its batches need, if any."""

    model: Model
    vocabulary: Vocabulary
    features: Any


def load_trained(
    directory: str | pathlib.Path, checkpoint: str = "best", elsewhere: dict[str, str] | None = None
) -> Trained:
    """A run's model, ready to decode.

    Args:
      directory: a run of `cman_tf.train`.
      checkpoint: `best` (dev epoch) or `last`.
      elsewhere: flags of `cman_tf.encoders.source` that say where the encoder is now.

    Raises:
      DataError: if there is no finished epoch of a model there, or its encoder is not to
        be found or is another.
    """
    vocabulary = Vocabulary.load(directory)
    needed = load_source(directory)
    config = config_from_flagfile(pathlib.Path(directory) / "flags.txt")
    features = None
    if needed:
        features = open_encoder(find_again(directory, elsewhere or {}), config.tune_encoder)
    elif elsewhere:
        raise DataError(f"{directory}: a model without a contextual encoder, expected no flags of one")
    tuned = features if config.tune_encoder else None
    model = build_model(config, vocabulary, needed and needed[1], tuned)
    restore_model(str(directory), model, checkpoint)
    return Trained(model, vocabulary, features)
