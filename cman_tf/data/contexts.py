"""What follows a sentence when the model reads it: retrieved text (MoRe)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol

from cman_tf.data.corpus import Corpus
from cman_tf.data.types import Sentence

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


def with_contexts(corpus: Corpus, finder: ContextFinder) -> Corpus:
    """Return a corpus of the sentences with their contexts, without annotations."""
    texts = append_contexts(finder, [sentence.tokens for sentence in corpus.sentences])
    return dataclasses.replace(corpus, sentences=[Sentence(tokens) for tokens in texts])
