"""Loading a trained model from its run's directory."""

from __future__ import annotations

import pathlib

from cman_tf.data.vocabulary import Vocabulary
from cman_tf.flags import settings_from_flagfile
from cman_tf.model import CMAN, build_model
from cman_tf.training.state import restore_model


def load_trained(directory: str | pathlib.Path, checkpoint: str = "best") -> tuple[CMAN, Vocabulary]:
    """The model and its vocabulary.

    Args:
      directory: a run of `cman_tf.train`.
      checkpoint: `best` (dev epoch) or `last`.

    Raises:
      DataError: if there is no finished epoch of a model there.
    """
    vocabulary = Vocabulary.load(directory)
    model = build_model(settings_from_flagfile(pathlib.Path(directory) / "flags.txt"), vocabulary)
    restore_model(str(directory), model, checkpoint)
    return model, vocabulary
