"""The input features of sentences with their contexts, under names that begin with `context_`.

Shapes: B sentences, L' tokens of the longest one with its context.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from cman_tf.data.batches import ArraySpec, Batch, Example, PaddedFeature
from cman_tf.data.bucketing import LENGTH_STEP
from cman_tf.data.contexts import ContextFinder, append_contexts
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.layers.input_features import Tensors

PREFIX, LENGTHS = "context_", "context_lengths"


class Context(NamedTuple):
    """What follows the sentences in a batch of sentences with contexts.

    Attributes:
      lengths: the number of tokens of each sentence with its context, int32 [B].
      length: L, the number of tokens to which the sentences alone are padded, int32 scalar.
    """

    lengths: tf.Tensor
    length: tf.Tensor


class ContextFeature:
    """A feature whose sentences are followed by their contexts.

    Args:
      feature: the feature.
      vocabulary: the vocabulary of the model.
      finder: finds the contexts.
    """

    def __init__(self, feature: PaddedFeature, vocabulary: Vocabulary, finder: ContextFinder) -> None:
        self._feature, self._vocabulary, self._finder = feature, vocabulary, finder

    def specs(self) -> dict[str, ArraySpec]:
        return {PREFIX + name: spec for name, spec in self._feature.specs().items()}

    def pad(self, examples: Sequence[Example], length: int) -> Batch:
        sentences = append_contexts(self._finder, [example.tokens for example in examples])
        longest = max(length, *map(len, sentences))
        longest = -(-longest // LENGTH_STEP) * LENGTH_STEP  # few lengths, as XLA compiles each
        words = [self._vocabulary.word_ids(tokens) for tokens in sentences]
        full = [dataclasses.replace(e, tokens=t, words=w) for e, t, w in zip(examples, sentences, words)]
        return {PREFIX + name: array for name, array in self._feature.pad(full, longest).items()}


class ContextLengths:
    """The number of tokens of each sentence with its context.

    Args:
      finder: finds the contexts.
    """

    def __init__(self, finder: ContextFinder) -> None:
        self._finder = finder

    def specs(self) -> dict[str, ArraySpec]:
        return {LENGTHS: ArraySpec((None,))}  # [B]

    def pad(self, examples: Sequence[Example], length: int) -> Batch:
        return {LENGTHS: np.array(self.count_tokens(examples), np.int32)}

    def count_tokens(self, examples: Sequence[Example]) -> list[int]:
        """Return the number of tokens of each sentence with its context."""
        return [len(tokens) for tokens in append_contexts(self._finder, [example.tokens for example in examples])]


def view_with_context(batch: Tensors) -> dict[str, tf.Tensor]:
    """Return a batch of the sentences with their contexts, under the names of an ordinary batch.

    It has no gold tags or relations: `tags`, int32 [B, L'], is there for its shape.
    """
    view = {name[len(PREFIX) :]: value for name, value in batch.items() if name.startswith(PREFIX)}
    return {**batch, **view, "tags": tf.zeros_like(view["words"])}
