"""Batches and models to measure with: a real corpus' sentences, random contextual vectors."""

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
    """A contextual encoder of one layer whose vectors are random: it costs what a cache of features costs.

    Args:
      size: width of the vectors.
    """

    name, layers = "random vectors", 1

    def __init__(self, size: int) -> None:
        self.size, self._random = size, np.random.default_rng(0)

    def encode(self, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """float32 [L, 1, size] for each sentence."""
        return [self._random.standard_normal((len(s), 1, self.size), np.float32) for s in sentences]


def tensors(examples: Sequence[Example], model: Model, step: int = LENGTH_STEP) -> Batch:
    """One batch of a model as tensors."""
    batch = make_batch(examples, model.layout.features, step)
    return {name: tf.constant(value) for name, value in batch.items()}


def batches(
    examples: Sequence[Example], order: Sequence[Sequence[int]], model: Model, step: int = LENGTH_STEP
) -> list[Batch]:
    """All batches of an order, made in advance."""
    return [tensors([examples[row] for row in rows], model, step) for rows in order]


def training(data: dict[str, Any], model: Model, step: int = LENGTH_STEP) -> list[Batch]:
    """An epoch of the training sentences, batched as `cman-tf train` does."""
    examples = [make_example(sentence, data["vocabulary"]) for sentence in data["train"]]
    config = model.config
    order = batch_order([len(e.words) for e in examples], config.batch_size, config.seed, 1)
    return batches(examples, order, model, step)


def decoding(data: dict[str, Any], model: Model, count: int = 0) -> list[Batch]:
    """The test sentences, batched as `Predictor` does, or `count` a batch."""
    examples = [make_example(sentence, data["vocabulary"]) for sentence in data["test"]]
    lengths = [len(e.words) for e in examples]
    order = order_by_length(lengths, BATCH_TOKENS)
    if count:
        rows = sorted(range(len(lengths)), key=lambda row: lengths[row])
        order = [rows[start : start + count] for start in range(0, len(rows), count)]
    return batches(examples, order, model, step=1)


def made_up(length: int, sentences: Sequence[Sentence], vocabulary: Vocabulary) -> Example:
    """A sentence of exactly `length` tokens: real ones, one after another, cut at the end."""
    tokens: list[str] = []
    for sentence in sentences:
        tokens += sentence.tokens
        if len(tokens) >= length:
            break
    tokens = (tokens * (1 + length // len(tokens)))[:length]
    return make_example(Sentence(tuple(tokens)), vocabulary)


def favour_outside(model: CMAN, bias: float) -> None:
    """Add to the potential of the tag O: untrained weights find an entity almost everywhere."""
    for crf in (model.first_crf, model.second_crf):
        if crf is not None:
            crf.unary.bias.assign(tf.one_hot(0, crf.unary.bias.shape[0]) * bias)


def model_of(config: Config, vocabulary: Vocabulary, contextual_size: int) -> CMAN:
    """A model with random weights by the settings' seed."""
    tf.keras.utils.set_random_seed(config.seed)
    return build_model(config, vocabulary, RandomVectors(contextual_size) if contextual_size else None)
