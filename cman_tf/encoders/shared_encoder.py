"""One frozen encoder for several models, which computes each sentence once while it is remembered."""

from __future__ import annotations

import collections
from collections.abc import Sequence

import numpy as np

from cman_tf.data.contextual_encoder import ContextualEncoder

BYTES = 256 << 20  # of the vectors that are remembered


class SharedEncoder:
    """A frozen encoder that remembers the vectors of the last sentences.

    Args:
      encoder: the encoder.
      limit: the bytes of the vectors that are remembered, about.
    """

    def __init__(self, encoder: ContextualEncoder, limit: int = BYTES) -> None:
        self.name, self.layers, self.size = encoder.name, encoder.layers, encoder.size
        self.limit = limit
        self._encoder = encoder
        self._known: collections.OrderedDict[tuple[str, ...], np.ndarray] = collections.OrderedDict()
        self._bytes = 0

    def encode(self, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """Return the vectors of each sentence, float32 [L, layers, size]. Remembered ones are not computed again."""
        keys = [tuple(tokens) for tokens in sentences]
        missing = [key for key in dict.fromkeys(keys) if key not in self._known]
        made = dict(zip(missing, self._encoder.encode(missing))) if missing else {}
        found = [made[key] if key in made else self._known[key] for key in keys]
        for key, vectors in made.items():
            self._known[key] = vectors
            self._bytes += vectors.nbytes
        while self._bytes > self.limit:
            self._bytes -= self._known.popitem(last=False)[1].nbytes
        return found
