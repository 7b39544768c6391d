"""Predicting many sentences with a model, in batches of similar length."""

from __future__ import annotations

import collections
import dataclasses
import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf

from cman_tf.config import RELATION_THRESHOLD
from cman_tf.data.batches import Batch, Example, count_read_tokens, make_batch, make_example
from cman_tf.data.bucketing import BATCH_TOKENS, order_by_length
from cman_tf.data.types import Entity, Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.inference.constraints import DecodingOptions
from cman_tf.inference.decoding import DEFAULTS, Output, Prediction, decode_sentence, relate_entities
from cman_tf.models.factory import Model

AT_ONCE = 2  # batches that are decoded at the same time

Decoder = Callable[[Mapping[str, Any]], "dict[str, tf.Tensor]"]


def make_decoder(
    model: Model,
    gold_labels: bool = False,
    marginals: bool = False,
    attention: bool = False,
    threshold: float = RELATION_THRESHOLD,
    given_entities: bool = False,
) -> Decoder:
    """Compile the numeric core of inference, one `tf.function` for batches of any shape.

    Args:
      model: the model with its weights.
      gold_labels: whether the relation side sees the tags of the batch instead of the predicted tags.
      marginals: whether to return the tags' probabilities, too. The scores of entities need them.
      attention: whether to return the attention weights and label gates, too.
      threshold: pairs with a relation above this probability are returned.
      given_entities: whether the entities and the pairs are those of the batch, as in `JointModel.decode`.

    Returns:
      A function from the tensors of `model.signature` to those of `JointModel.decode`.
    """
    decode = functools.partial(
        model.decode,
        gold_labels=gold_labels,
        marginals=marginals,
        attention=attention,
        threshold=threshold,
        given_entities=given_entities,
    )
    return tf.function(decode, input_signature=[model.signature], autograph=False)


def decode_batches(
    decoder: Decoder, batches: Iterable[Mapping[str, Any]], at_once: int = AT_ONCE, count: int = 0
) -> Iterator[dict[str, np.ndarray]]:
    """Decode several batches at the same time, and yield their outputs in order.

    While one batch runs the many small steps of an LSTM, the matrix products of another keep the processor busy. Of the
    batches, few are held at a time.

    Args:
      decoder: the function from `make_decoder`.
      batches: the arrays or tensors of each batch.
      at_once: number of batches that are decoded at the same time.
      count: the number of batches if it is known. A single batch is decoded without starting a thread.
    """

    def decode(batch: Mapping[str, Any]) -> dict[str, np.ndarray]:
        return {name: value.numpy() for name, value in decoder(batch).items()}

    if count == 1:
        yield from map(decode, batches)
        return
    with ThreadPoolExecutor(at_once) as pool:
        waiting: collections.deque = collections.deque()
        for batch in batches:
            waiting.append(pool.submit(decode, batch))
            if len(waiting) > at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class Predictor:
    """Predicts entities and relations of tokenized sentences. Several threads may use one predictor.

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
        self._lock = threading.Lock()
        self._settings = {"gold_labels": gold_labels, "marginals": marginals}
        self._decoders = {"default": make_decoder(model, **self._settings)}

    def predict(
        self, sentences: Sequence[Sentence], batch_tokens: int = BATCH_TOKENS, options: DecodingOptions = DEFAULTS
    ) -> list[Prediction]:
        """Predict entities and relations of sentences.

        Args:
          sentences: the sentences. Their entities and relations are ignored unless gold labels are used.
          batch_tokens: approximate number of tokens in a batch, padding included.
          options: what is kept of the model's output.

        Returns:
          The predictions in the order of the sentences.
        """
        return self.predict_examples([make_example(s, self.vocabulary) for s in sentences], batch_tokens, options)

    def predict_examples(
        self,
        examples: Sequence[Example],
        batch_tokens: int = BATCH_TOKENS,
        options: DecodingOptions = DEFAULTS,
        outputs: dict[int, Output] | None = None,
    ) -> list[Prediction]:
        """Predict entities and relations of examples. A prediction does not depend on the other examples.

        Args:
          examples: the sentences as numbers.
          batch_tokens: approximate number of tokens in a batch, padding included.
          options: what is kept of the model's output.
          outputs: a dictionary to which what the network gives for each example is added, or None.

        Returns:
          The predictions in the order of the examples.
        """
        predictions: dict[int, Prediction] = {}
        for row, output in self._run(examples, batch_tokens, options):
            example = examples[row]
            if outputs is not None:
                outputs[row] = output
            predictions[row] = decode_sentence(example.tokens, *output, self.vocabulary.relations, example.id, options)
        return [predictions[row] for row in range(len(examples))]

    def outputs(
        self, sentences: Sequence[Sentence], batch_tokens: int = BATCH_TOKENS, options: DecodingOptions = DEFAULTS
    ) -> list[Output]:
        """Return what the network gives for each sentence, as `decode_sentence` takes it.

        Args:
          sentences: the sentences.
          batch_tokens: approximate number of tokens in a batch, padding included.
          options: what will be kept. Pairs of tokens that it will never keep may be left out.
        """
        examples = [make_example(s, self.vocabulary) for s in sentences]
        found = dict(self._run(examples, batch_tokens, options))
        return [found[row] for row in range(len(examples))]

    def _run(
        self, examples: Sequence[Example], batch_tokens: int, options: DecodingOptions
    ) -> Iterator[tuple[int, Output]]:
        """Yield the position of each example and what the network gives for it."""
        for row, output in self._decode(examples, batch_tokens, self._choose_decoder(options)):
            length = len(examples[row].words)
            yield (
                row,
                Output(
                    [self.vocabulary.tags[tag] for tag in output["tags"][:length]],
                    output["marginals"][:length] if "marginals" in output else None,
                    output["pairs"],
                    output["scores"],
                ),
            )

    def relate(
        self, sentences: Sequence[Sentence], batch_tokens: int = BATCH_TOKENS, options: DecodingOptions = DEFAULTS
    ) -> list[Prediction]:
        """Predict the relations of entities that are given.

        The model sees the entities' types as its labels. Where entities overlap, it sees those that BIO tags can
        express, but the relations of all of them are predicted.

        Args:
          sentences: the sentences with their entities, whose types the vocabulary knows. Relations are ignored.
          batch_tokens: approximate number of tokens in a batch, padding included.
          options: what is kept of the model's output.

        Returns:
          The predictions in the order of the sentences.
        """
        candidates = [_pair_up(sentence.entities, self._scores_all_pairs) for sentence in sentences]
        examples: list[Example] = []
        for sentence, (_, tokens) in zip(sentences, candidates):
            example = make_example(dataclasses.replace(sentence, relations=()), self.vocabulary)
            relations = np.pad(tokens, ((0, 0), (0, 1))).astype(np.int32)  # the relation's id is not used
            examples.append(dataclasses.replace(example, relations=relations))
        predictions: dict[int, Prediction] = {}
        for row, output in self._decode(examples, batch_tokens, self._decoder("given", given_entities=True)):
            length = len(examples[row].words)
            predictions[row] = relate_entities(
                sentences[row],
                output["marginals"][:length] if "marginals" in output else None,
                candidates[row][0],
                output["scores"],
                self.vocabulary.relations,
                options,
            )
        return [predictions[row] for row in range(len(sentences))]

    @property
    def _scores_all_pairs(self) -> bool:
        """Whether the model predicts relations between any tokens of two entities, not only between their last."""
        config = self.model.config
        return config.model == "multihead" or config.relation_candidates == "tokens"

    def _choose_decoder(self, options: DecodingOptions) -> Decoder:
        """Return the decoder that returns every pair of tokens that the options ask for."""
        if options.all_scores or options.lowest_threshold < RELATION_THRESHOLD:
            return self._decoder("all_pairs", threshold=-1.0)
        return self._decoders["default"]

    def _decoder(self, name: str, **settings: Any) -> Decoder:
        """Return the decoder of a name, made with more settings when it is first asked for."""
        with self._lock:
            if name not in self._decoders:
                self._decoders[name] = make_decoder(self.model, **self._settings, **settings)
            return self._decoders[name]

    def _decode(
        self, examples: Sequence[Example], batch_tokens: int, decoder: Decoder
    ) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """Decode examples in batches of similar length.

        Yields:
          The position of an example and its output, as `JointModel.decode` describes it; `pairs` have no sentence.
        """
        order = order_by_length(count_read_tokens(examples, self.model.layout.features), batch_tokens)
        for rows, output in zip(order, decode_batches(decoder, self._make_batches(examples, order), count=len(order))):
            bounds = np.searchsorted(output["pairs"][:, 0], np.arange(len(rows) + 1))  # pairs are in order of sentences
            for place, row in enumerate(rows):
                mine = slice(bounds[place], bounds[place + 1])
                of_row = {"tags": output["tags"][place], "pairs": output["pairs"][mine, 1:]}
                of_row["scores"] = output["scores"][mine]
                if "marginals" in output:
                    of_row["marginals"] = output["marginals"][place]
                yield row, of_row

    def _make_batches(self, examples: Sequence[Example], order: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Pad examples to batches, one after another. Encoders are run by one thread at a time."""
        for rows in order:
            with self._lock:
                # XLA compiles nothing here, so lengths need not be rounded up to few values.
                batch = make_batch([examples[row] for row in rows], self.model.layout.features, step=1)
            yield batch


def _pair_up(entities: Sequence[Entity], all_tokens: bool) -> tuple[np.ndarray, np.ndarray]:
    """List the pairs of two entities, and for each a pair of their tokens.

    Args:
      entities: the entities.
      all_tokens: whether to list all pairs of their tokens, else only the last tokens.

    Returns:
      The positions of the entities, int [C, 2], and the tokens, int [C, 2].
    """
    listed = [
        (number, token)
        for number, e in enumerate(entities)
        for token in range(e.start if all_tokens else e.end - 1, e.end)
    ]
    pairs = [(one, other) for one in listed for other in listed if one[0] != other[0]]
    both = np.array(pairs, int).reshape(-1, 2, 2)
    return both[:, :, 0], both[:, :, 1]
