"""Loading a trained model from its run's directory."""

from __future__ import annotations

import pathlib
from typing import Any

from cman_tf.build import Model, build_model
from cman_tf.data.sentence import DataError
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.encoders.source import find_again, load_source, open_encoder
from cman_tf.flags import settings_from_flagfile
from cman_tf.training.state import restore_model


def open_features(directory: str | pathlib.Path, elsewhere: dict[str, str] | None = None) -> Any:
    """The encoder that a trained model needs, or None if it needs none.

    Args:
      directory: a run of `cman_tf.train`.
      elsewhere: flags of `cman_tf.encoders.source` that say where the encoder is now.

    Raises:
      DataError: if it is not there or is another.
    """
    if load_source(directory) is None:
        if elsewhere:
            raise DataError(f"{directory}: a model without a contextual encoder, expected no flags of one")
        return None
    return open_encoder(find_again(directory, elsewhere or {}))


def load_trained(directory: str | pathlib.Path, checkpoint: str = "best") -> tuple[Model, Vocabulary]:
    """The model and its vocabulary.

    Args:
      directory: a run of `cman_tf.train`.
      checkpoint: `best` (dev epoch) or `last`.

    Raises:
      DataError: if there is no finished epoch of a model there.
    """
    vocabulary = Vocabulary.load(directory)
    needed = load_source(directory)
    settings = settings_from_flagfile(pathlib.Path(directory) / "flags.txt")
    model = build_model(settings, vocabulary, needed and needed[1])
    restore_model(str(directory), model, checkpoint)
    return model, vocabulary
