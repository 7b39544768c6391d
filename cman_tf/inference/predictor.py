"""Decoding many sentences with a model, in batches of like length."""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import tensorflow as tf

from cman_tf.data.batches import Example, make_example
from cman_tf.data.bucketing import BATCH_TOKENS, order_by_length
from cman_tf.data.types import Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.inference.decoding import Prediction, decode_sentence
from cman_tf.models.factory import Model
from cman_tf.models.input_pipeline import make_dataset

AT_ONCE = 2  # batches

Decoder = Callable[[Mapping[str, tf.Tensor]], "dict[str, tf.Tensor]"]


def make_decoder(model: Model, gold_labels: bool = False, marginals: bool = False, attention: bool = False) -> Decoder:
    """Compile the numeric core of inference: numbers in, numbers out, one `tf.function` for batches of any shape.

    Args:
      model: with its weights.
      gold_labels: the label attention sees the tags of the batch.
      marginals: also give the probabilities of the tags, for the entities' scores. Scoring a corpus does without.
      attention: also give attention weights and gates.

    Returns:
      The function from the tensors of `model.signature` to those of `JointModel.decode`.
    """
    decode = functools.partial(model.decode, gold_labels=gold_labels, marginals=marginals, attention=attention)
    return tf.function(decode, input_signature=[model.signature], autograph=False)


def decode_batches(
    decoder: Decoder, batches: Iterable[Mapping[str, tf.Tensor]], at_once: int = AT_ONCE
) -> Iterator[dict[str, np.ndarray]]:
    """Give the output for each batch, in order, two batches at a time.

    While one batch is in an LSTM, one small step after another, the other's products keep the processor busy.
    """

    def decode(batch: Mapping[str, tf.Tensor]) -> dict[str, np.ndarray]:
        return {name: value.numpy() for name, value in decoder(batch).items()}

    with ThreadPoolExecutor(at_once) as pool:
        waiting: collections.deque = collections.deque()
        for batch in batches:
            waiting.append(pool.submit(decode, batch))
            if len(waiting) > at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class Predictor:
    """A model with its vocabulary: sentences in, predictions out.

    Args:
      model: with its weights.
      vocabulary: that it was trained with.
      gold_labels: as for `make_decoder`.
      marginals: as for `make_decoder`.
    """

    def __init__(
        self, model: Model, vocabulary: Vocabulary, gold_labels: bool = False, marginals: bool = False
    ) -> None:
        self.model, self.vocabulary = model, vocabulary
        self._decoder = make_decoder(model, gold_labels, marginals)

    def predict(self, sentences: Sequence[Sentence], batch_tokens: int = BATCH_TOKENS) -> list[Prediction]:
        """Predict for sentences, in their order; see `predict_examples`."""
        return self.predict_examples([make_example(s, self.vocabulary) for s in sentences], batch_tokens)

    def predict_examples(self, examples: Sequence[Example], batch_tokens: int = BATCH_TOKENS) -> list[Prediction]:
        """Predict for examples, in their order. What is predicted for one does not depend on its batch.

        Args:
          examples: sentences as numbers.
          batch_tokens: tokens a batch, about; padding counts.
        """
        order = order_by_length([len(example.words) for example in examples], batch_tokens)
        predictions: dict[int, Prediction] = {}
        # Nothing is compiled for a shape here, so lengths are not rounded up.
        batches = make_dataset(examples, order, self.model.layout, step=1)
        for rows, output in zip(order, decode_batches(self._decoder, batches)):
            for place, row in enumerate(rows):
                predictions[row] = self._decode_row(examples[row], place, output)
        return [predictions[row] for row in range(len(examples))]

    def _decode_row(self, example: Example, place: int, output: Mapping[str, np.ndarray]) -> Prediction:
        """One sentence of a batch: ids to names."""
        length = len(example.words)
        mine = output["pairs"][:, 0] == place
        return decode_sentence(
            example.tokens,
            [self.vocabulary.tags[tag] for tag in output["tags"][place, :length]],
            output["marginals"][place, :length] if "marginals" in output else None,
            output["pairs"][mine, 1:],
            output["scores"][mine],
            self.vocabulary.relations,
            example.id,
        )
