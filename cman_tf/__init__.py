"""cman_tf: CMAN and dynamic CMAN for joint entity and relation extraction.

import cman_tf

model = cman_tf.load("runs/conll04")
model.extract("Sirhan Sirhan shot Robert Kennedy in Los Angeles.")
"""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cman_tf.inference.extractor import Extractor

__version__ = "0.1.0"


def load(directory: str | pathlib.Path, checkpoint: str = "best", **encoder: str) -> Extractor:
    """A trained model for raw text; see `cman_tf.inference.extractor.Extractor`.

    Args:
      directory: a run of `cman_tf.train`.
      checkpoint: `best` (dev epoch) or `last`.
      encoder: where its contextual encoder is now, if that moved: `encoder="minilm"`.

    Raises:
      cman_tf.errors.DataError: if no trained model is there.
    """
    from cman_tf.inference.extractor import Extractor  # TensorFlow only when it is needed

    return Extractor(directory, checkpoint, **encoder)
