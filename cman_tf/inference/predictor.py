"""Decoding many sentences with a model, in batches of like length."""

from __future__ import annotations

import collections
import functools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf

from cman_tf.data.batches import Example, make_dataset
from cman_tf.data.bucketing import BATCH_TOKENS, order_by_length
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.inference.decoding import Prediction, decode_sentence
from cman_tf.models.factory import Model

AT_ONCE = 2  # batches


def make_decoder(model: Model, gold_labels: bool = False, marginals: bool = False) -> Any:
    """`model.decode` compiled once for batches of any shape.

    Marginals are for the entities' scores: scoring a corpus does without.
    """
    decode = functools.partial(model.decode, gold_labels=gold_labels, marginals=marginals)
    return tf.function(decode, input_signature=[model.signature], autograph=False)


def decode_batches(
    decoder: Any, batches: Iterable[dict[str, tf.Tensor]], at_once: int = AT_ONCE
) -> Iterator[dict[str, np.ndarray]]:
    """The output for each batch, in order, two batches at a time: while one is in an LSTM,
    a small step after another, the other's products keep the processor busy."""

    def decode(batch: dict[str, tf.Tensor]) -> dict[str, np.ndarray]:
        return {name: value.numpy() for name, value in decoder(batch).items()}

    with ThreadPoolExecutor(at_once) as pool:
        waiting: collections.deque = collections.deque()
        for batch in batches:
            waiting.append(pool.submit(decode, batch))
            if len(waiting) > at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


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
    order = order_by_length([len(example.words) for example in examples], batch_tokens)
    predictions: list[Prediction | None] = [None] * len(examples)
    batches = make_dataset(examples, order, vocabulary, step=1, features=features)
    for rows, output in zip(order, decode_batches(decoder, batches)):
        for place, row in enumerate(rows):
            example = examples[row]
            length = len(example.words)
            mine = output["pairs"][:, 0] == place
            predictions[row] = decode_sentence(
                example.tokens,
                [vocabulary.tags[tag] for tag in output["tags"][place, :length]],
                output["marginals"][place, :length] if "marginals" in output else None,
                output["pairs"][mine, 1:],
                output["scores"][mine],
                vocabulary.relations,
                example.id,
            )
    return predictions
