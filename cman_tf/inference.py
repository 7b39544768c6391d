"""Decoding many sentences with a model, in batches of like length."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from cman_tf.data.batches import Example, dataset, signature, sorted_order
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.decoding import Prediction, decode_sentence
from cman_tf.model import CMAN

BATCH_TOKENS = 2048  # of a batch: enough for large products, little padding, little memory


def make_decoder(model: CMAN, gold_labels: bool = False) -> Any:
    """`model.decode` compiled once for batches of any shape."""
    decode = functools.partial(model.decode, gold_labels=gold_labels)
    return tf.function(decode, input_signature=[signature(model.contextual)], autograph=False)


def predict_examples(
    decoder: Any,
    examples: Sequence[Example],
    vocabulary: Vocabulary,
    batch_tokens: int = BATCH_TOKENS,
    features: Any = None,
) -> list[Prediction]:
    """Predictions in the examples' order; a sentence's own does not depend on its batch.

    `features` is the encoder that the model was trained with, or its cache, or None.
    Nothing is compiled for a shape here, so lengths are not rounded up.
    """
    order = sorted_order([len(example.words) for example in examples], batch_tokens)
    predictions: list[Prediction | None] = [None] * len(examples)
    for rows, batch in zip(order, dataset(examples, order, vocabulary, step=1, features=features)):
        output = {name: value.numpy() for name, value in decoder(batch).items()}
        for place, row in enumerate(rows):
            example = examples[row]
            length = len(example.words)
            mine = output["pairs"][:, 0] == place
            predictions[row] = decode_sentence(
                example.tokens,
                [vocabulary.tags[tag] for tag in output["tags"][place, :length]],
                np.asarray(output["marginals"][place, :length]),
                output["pairs"][mine, 1:],
                output["scores"][mine],
                vocabulary.relations,
                example.id,
            )
    return predictions
