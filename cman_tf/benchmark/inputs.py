"""The batches and models that are measured: sentences of a real corpus with random contextual vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from cman_tf.config import Config
from cman_tf.data.batches import Example, make_batch, make_example
from cman_tf.data.bucketing import BATCH_TOKENS, LENGTH_STEP, batch_order, order_by_length
from cman_tf.data.types import Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.models.cman import CMAN
from cman_tf.models.factory import Model, build_model

Batch = dict[str, tf.Tensor]


class RandomVectors:
    """A contextual encoder of one layer with random vectors. It takes about as long as a cache of features.

    Args:
      size: width of the vectors.
    """

    name, layers = "random vectors", 1

    def __init__(self, size: int) -> None:
        self.size, self._random = size, np.random.default_rng(0)

    def encode(self, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """Return float32 [L, 1, size] for each sentence of L tokens."""
        return [self._random.standard_normal((len(s), 1, self.size), np.float32) for s in sentences]


def make_tensors(examples: Sequence[Example], model: Model, step: int = LENGTH_STEP) -> Batch:
    """Make one batch as tensors.

    Args:
      examples: the sentences of the batch.
      model: the model that reads the batch.
      step: the length of the batch is rounded up to a multiple of this.
    """
    batch = make_batch(examples, model.layout.features, step)
    return {name: tf.constant(value) for name, value in batch.items()}


def make_batches(
    examples: Sequence[Example], order: Sequence[Sequence[int] | np.ndarray], model: Model, step: int = LENGTH_STEP
) -> list[Batch]:
    """Make all batches of an order in advance.

    Args:
      examples: the sentences.
      order: for each batch the positions of its sentences.
      model: the model that reads the batches.
      step: the length of a batch is rounded up to a multiple of this.
    """
    return [make_tensors([examples[row] for row in rows], model, step) for rows in order]


def make_training_batches(data: dict[str, Any], model: Model, step: int = LENGTH_STEP) -> list[Batch]:
    """Make the batches of an epoch in the way of `cman-tf train`.

    Args:
      data: the sentences `train`, and the `vocabulary`.
      model: the model that reads the batches.
      step: the length of a batch is rounded up to a multiple of this.
    """
    examples = [make_example(sentence, data["vocabulary"]) for sentence in data["train"]]
    config = model.config
    order = batch_order([len(e.words) for e in examples], config.batch_size, config.seed, 1)
    return make_batches(examples, order, model, step)


def make_decoding_batches(data: dict[str, Any], model: Model, count: int = 0) -> list[Batch]:
    """Make batches of the test sentences.

    Args:
      data: the sentences `test`, and the `vocabulary`.
      model: the model that reads the batches.
      count: number of sentences in a batch. 0 makes the batches in the way of `Predictor`.
    """
    examples = [make_example(sentence, data["vocabulary"]) for sentence in data["test"]]
    lengths = [len(e.words) for e in examples]
    order = order_by_length(lengths, BATCH_TOKENS)
    if count:
        rows = sorted(range(len(lengths)), key=lambda row: lengths[row])
        order = [rows[start : start + count] for start in range(0, len(rows), count)]
    return make_batches(examples, order, model, step=1)


def make_example_of_length(length: int, sentences: Sequence[Sentence], vocabulary: Vocabulary) -> Example:
    """Make a sentence of a given length by putting real sentences one after another.

    Args:
      length: number of tokens.
      sentences: the real sentences.
      vocabulary: their vocabulary.
    """
    tokens: list[str] = []
    for sentence in sentences:
        tokens += sentence.tokens
        if len(tokens) >= length:
            break
    tokens = (tokens * (1 + length // len(tokens)))[:length]
    return make_example(Sentence(tuple(tokens)), vocabulary)


def favour_outside(model: CMAN, bias: float) -> None:
    """Set the bias of the tag O in all CRFs. Otherwise untrained weights find an entity almost everywhere."""
    for crf in (model.first_crf, model.second_crf):
        if crf is not None:
            crf.unary.bias.assign(tf.one_hot(0, crf.unary.bias.shape[0]) * bias)


def build_random_model(config: Config, vocabulary: Vocabulary, contextual_size: int) -> CMAN:
    """Build a model with random weights.

    Args:
      config: the configuration of the model, with the seed.
      vocabulary: the vocabulary.
      contextual_size: width of the random contextual vectors, or 0 for none.
    """
    tf.keras.utils.set_random_seed(config.seed)
    return build_model(config, vocabulary, RandomVectors(contextual_size) if contextual_size else None)
