"""Predicting many sentences with a model, in batches of similar length."""

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

AT_ONCE = 2  # batches that are decoded at the same time

Decoder = Callable[[Mapping[str, tf.Tensor]], "dict[str, tf.Tensor]"]


def make_decoder(model: Model, gold_labels: bool = False, marginals: bool = False, attention: bool = False) -> Decoder:
    """Compile the numeric core of inference, one `tf.function` for batches of any shape.

    Args:
      model: the model with its weights.
      gold_labels: whether the relation side sees the tags of the batch instead of the predicted tags.
      marginals: whether to return the tags' probabilities, too. The scores of entities need them.
      attention: whether to return the attention weights and label gates, too.

    Returns:
      A function from the tensors of `model.signature` to those of `JointModel.decode`.
    """
    decode = functools.partial(model.decode, gold_labels=gold_labels, marginals=marginals, attention=attention)
    return tf.function(decode, input_signature=[model.signature], autograph=False)


def decode_batches(
    decoder: Decoder, batches: Iterable[Mapping[str, tf.Tensor]], at_once: int = AT_ONCE
) -> Iterator[dict[str, np.ndarray]]:
    """Decode several batches at the same time, and yield their outputs in order.

    While one batch runs the many small steps of an LSTM, the matrix products of another keep the processor busy.

    Args:
      decoder: the function from `make_decoder`.
      batches: the tensors of each batch.
      at_once: number of batches that are decoded at the same time.
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
    """Predicts entities and relations of tokenized sentences.

    Args:
      model: the model with its weights.
      vocabulary: the vocabulary that the model was trained with.
      gold_labels: whether the relation side sees the gold tags instead of the predicted tags.
      marginals: whether predictions have scores for entities.
    """

    def __init__(
        self, model: Model, vocabulary: Vocabulary, gold_labels: bool = False, marginals: bool = False
    ) -> None:
        self.model, self.vocabulary = model, vocabulary
        self._decoder = make_decoder(model, gold_labels, marginals)

    def predict(self, sentences: Sequence[Sentence], batch_tokens: int = BATCH_TOKENS) -> list[Prediction]:
        """Predict entities and relations of sentences.

        Args:
          sentences: the sentences. Their entities and relations are ignored unless gold labels are used.
          batch_tokens: approximate number of tokens in a batch, padding included.

        Returns:
          The predictions in the order of the sentences.
        """
        return self.predict_examples([make_example(s, self.vocabulary) for s in sentences], batch_tokens)

    def predict_examples(self, examples: Sequence[Example], batch_tokens: int = BATCH_TOKENS) -> list[Prediction]:
        """Predict entities and relations of examples. A prediction does not depend on the other examples.

        Args:
          examples: the sentences as numbers.
          batch_tokens: approximate number of tokens in a batch, padding included.

        Returns:
          The predictions in the order of the examples.
        """
        order = order_by_length([len(example.words) for example in examples], batch_tokens)
        predictions: dict[int, Prediction] = {}
        # XLA compiles nothing here, so lengths need not be rounded up to few values.
        batches = make_dataset(examples, order, self.model.layout, step=1)
        for rows, output in zip(order, decode_batches(self._decoder, batches)):
            for place, row in enumerate(rows):
                predictions[row] = self._decode_row(examples[row], place, output)
        return [predictions[row] for row in range(len(examples))]

    def _decode_row(self, example: Example, place: int, output: Mapping[str, np.ndarray]) -> Prediction:
        """Turn the output for one sentence of a batch into a prediction.

        Args:
          example: the sentence.
          place: its row in the batch.
          output: the output for the batch, as `JointModel.decode` describes it.
        """
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
