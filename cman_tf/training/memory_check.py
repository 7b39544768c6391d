"""Refusing a training that cannot fit into memory, before TensorFlow is loaded."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable

from cman_tf.config import Config
from cman_tf.data.corpus import Corpus
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.encoders.source import Source
from cman_tf.models.memory import estimate_training
from cman_tf.runs.free_memory import validate_memory

_TYPICAL = 768  # the size of an encoder's vectors, which is not known before it is opened
_WEIGHTS = ("*.safetensors", "*.h5", "*.bin")


def validate_training_memory(
    config: Config, vocabulary: Vocabulary, corpora: Iterable[Corpus], source: Source | None = None
) -> None:
    """Estimate what training takes, and refuse more than 90 % of the memory that is available.

    Args:
      config: the resolved configuration.
      vocabulary: the vocabulary of the training data.
      corpora: the corpora that are trained on.
      source: the contextual encoder's files, or None.

    Raises:
      DataError: if it cannot fit.
    """
    longest = max((len(s.tokens) for corpus in corpora for s in corpus.sentences), default=1)
    tuned = _weigh(source) if source and config.tune_encoder else 0
    needed = estimate_training(config, vocabulary, longest, _TYPICAL if source else 0, tuned)
    what = f"training with --hidden_size={config.hidden_size}, --batch_size={config.batch_size}"
    what += f" and a longest sentence of {longest} tokens"
    validate_memory(needed, what, "lower these, --relation_size or --word_size, or leave out the longest sentences")


def _weigh(source: Source) -> int:
    """Return the size of an encoder's weights in bytes; 0 if they are not in a folder on this machine."""
    folder = pathlib.Path(source.location.get("encoder", ""))
    sizes = [sum(path.stat().st_size for path in folder.glob(pattern)) for pattern in _WEIGHTS]
    return max(sizes) if folder.is_dir() else 0
