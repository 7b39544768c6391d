"""Batches and models to measure with: a real corpus' sentences, random contextual vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from cman_tf.data.batches import Example, batch_of, encode
from cman_tf.data.sentence import Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.model import CMAN, build_model
from cman_tf.settings import Settings

Batch = dict[str, tf.Tensor]


def tensors(examples: Sequence[Example], vocabulary: Vocabulary, contextual_size: int) -> Batch:
    """One batch as tensors, with random contextual vectors if any are wanted."""
    batch = {name: tf.constant(value) for name, value in batch_of(examples, vocabulary).items()}
    if contextual_size:
        batch["contextual"] = tf.random.normal([*batch["words"].shape, contextual_size])
    return batch


def batches(
    examples: Sequence[Example], order: Sequence[np.ndarray], vocabulary: Vocabulary, contextual_size: int
) -> list[Batch]:
    """All batches of an order, made in advance."""
    return [tensors([examples[row] for row in rows], vocabulary, contextual_size) for rows in order]


def made_up(length: int, sentences: Sequence[Sentence], vocabulary: Vocabulary) -> Example:
    """A sentence of exactly `length` tokens: real ones, one after another, cut at the end."""
    tokens: list[str] = []
    for sentence in sentences:
        tokens += sentence.tokens
        if len(tokens) >= length:
            break
    tokens = (tokens * (1 + length // len(tokens)))[:length]
    return encode(Sentence(tuple(tokens)), vocabulary)


def model_of(settings: Settings, vocabulary: Vocabulary, contextual_size: int) -> CMAN:
    """A model with random weights by the settings' seed."""
    tf.keras.utils.set_random_seed(settings.seed)
    return build_model(settings, vocabulary, contextual_size)
