"""The inputs of several models in one batch, each model's arrays under names of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import tensorflow as tf

from cman_tf.data.batches import TARGETS, ArraySpec, Batch, Example, PaddedFeature, count_read_tokens
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.layers.input_features import Tensors


def name_array(expert: int, name: str) -> str:
    """Return the name that an expert's array has in a batch of all.

    >>> name_array(0, "words")
    'expert1_words'
    """
    return f"expert{expert + 1}_{name}"


class ExpertFeature:
    """A feature of one expert, whose words are those of the expert's own vocabulary.

    Args:
      expert: the number of the expert, from 0.
      feature: the feature.
      vocabulary: the expert's vocabulary.
    """

    def __init__(self, expert: int, feature: PaddedFeature, vocabulary: Vocabulary) -> None:
        self._expert, self._feature, self._vocabulary = expert, feature, vocabulary

    def specs(self) -> dict[str, ArraySpec]:
        return {name_array(self._expert, name): spec for name, spec in self._feature.specs().items()}

    def pad(self, examples: Sequence[Example], length: int) -> Batch:
        own = [dataclasses.replace(e, words=self._vocabulary.word_ids(e.tokens)) for e in examples]
        return {name_array(self._expert, name): array for name, array in self._feature.pad(own, length).items()}

    def count_tokens(self, examples: Sequence[Example]) -> list[int]:
        """Return the number of tokens that the expert reads of each sentence."""
        return count_read_tokens(examples, [self._feature])


def batch_of_expert(batch: Tensors, expert: int, names: Mapping[str, object]) -> dict[str, tf.Tensor]:
    """Take one expert's arrays out of a batch of all.

    Args:
      batch: the arrays of the batch.
      expert: the number of the expert, from 0.
      names: the names of the arrays that the expert reads.
    """
    return {name: batch[name if name in TARGETS else name_array(expert, name)] for name in names}
