"""What follows a sentence when the model reads it: retrieved text (MoRe)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

SEPARATOR = "[SEP]"  # the token between a sentence and its context


class ContextFinder(Protocol):
    """Finds the context of sentences. `cman_tf.retrieving.contexts` has the one that asks an index."""

    def find(self, sentences: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
        """Return the tokens of each sentence's context; none if nothing was found.

        Args:
          sentences: the tokens of each sentence.
        """
        ...


def append_contexts(finder: ContextFinder, sentences: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Return the tokens of each sentence with the separator and its context; the sentence alone if it has none."""
    return [
        (*tokens, SEPARATOR, *context) if context else tuple(tokens)
        for tokens, context in zip(sentences, finder.find(sentences))
    ]
