"""The contexts of sentences: passages of an index, up to a number of tokens, as the model reads them."""

from __future__ import annotations

import collections
import threading
from collections.abc import Mapping, Sequence

from cman_tf.retrieving.leakage import REASONS, find_unleaked
from cman_tf.retrieving.passages import Passage, PassageSource, Tokens, context_for

_REMEMBERED = 1 << 12  # sentences that were asked for last


class Contexts:
    """Finds the context of sentences. Several threads may use it.

    Args:
      source: what is asked for a sentence whose passages are not known.
      passages: the number of passages of a sentence, at most.
      tokens: the number of tokens of its context, at most.

    Attributes:
      source: the source.
      left_out: for each reason of the guard how many passages were left out.
    """

    def __init__(self, source: PassageSource, passages: int, tokens: int) -> None:
        self.source, self.left_out = source, dict.fromkeys(REASONS, 0)
        self._passages, self._tokens = passages, tokens
        self._of_corpora: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._asked: collections.OrderedDict[tuple[str, ...], tuple[str, ...]] = collections.OrderedDict()
        self._lock = threading.Lock()

    def add(
        self, sentences: Sequence[Tokens], passages: Sequence[Sequence[Passage]], left_out: Mapping[str, int]
    ) -> None:
        """Take what was retrieved for a corpus. Of equal sentences, the first one's passages count."""
        for tokens, found in zip(sentences, passages):
            self._of_corpora.setdefault(tuple(tokens), context_for(found, self._tokens))
        for reason, count in left_out.items():
            self.left_out[reason] += count

    def find(self, sentences: Sequence[Tokens]) -> list[tuple[str, ...]]:
        """Return the tokens of each sentence's context; those of sentences that are not known are asked for."""
        keys = [tuple(tokens) for tokens in sentences]
        with self._lock:
            missing = [k for k in dict.fromkeys(keys) if k not in self._of_corpora and k not in self._asked]
            if missing:
                retrieved = find_unleaked(self.source, missing, self._passages, [-1] * len(missing))
                for key, found in zip(missing, retrieved.passages):
                    self._asked[key] = context_for(found, self._tokens)
            found = [self._of_corpora[key] if key in self._of_corpora else self._asked[key] for key in keys]
            while len(self._asked) > _REMEMBERED:
                self._asked.popitem(last=False)
        return found
