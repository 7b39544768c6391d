"""Batches of sentences as padded arrays, free of TensorFlow.

Shapes: B sentences in the batch, L tokens of the longest one (rounded up), E relations in the batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from cman_tf.data.bio import flat_entities, tags_from_entities
from cman_tf.data.bucketing import LENGTH_STEP
from cman_tf.data.types import Sentence
from cman_tf.data.vocabulary import Vocabulary

Batch = dict[str, NDArray[Any]]


class ArraySpec(NamedTuple):
    """The shape and dtype of one array of a batch; a size that differs from batch to batch is None."""

    shape: tuple[int | None, ...]
    dtype: str = "int32"


@dataclasses.dataclass(frozen=True)
class Example:
    """One sentence as numbers.

    Attributes:
      tokens: the L tokens as text.
      words: int32 [L], word ids.
      tags: int32 [L], ids of the gold BIO tags.
      relations: int32 [relations, 3], for each the last token of the head, the last token of the tail, and the
        relation's id (the recipe of Bekoulis et al.).
      id: the name of the sentence.
    """

    tokens: tuple[str, ...]
    words: NDArray[Any]
    tags: NDArray[Any]
    relations: NDArray[Any]
    id: str = ""


class PaddedFeature(Protocol):
    """One kind of input that the model reads for each token: its arrays, and how they are padded.

    `cman_tf.layers.input_features` defines the features, each with its layer.
    """

    def specs(self) -> dict[str, ArraySpec]:
        """Return the name, shape and dtype of each array."""
        ...

    def pad(self, examples: Sequence[Example], length: int) -> Batch:
        """Make the feature's arrays for one batch.

        Args:
          examples: the B sentences.
          length: L, to which every sentence is padded on the right.

        Returns:
          The arrays that `specs` names.
        """
        ...


TARGETS = {
    "lengths": ArraySpec((None,)),  # [B] tokens of each sentence
    "sentences": ArraySpec(()),  # sentences in the whole batch, also where this is one replica's part of it
    "tags": ArraySpec((None, None)),  # [B, L] gold tag ids, 0 where padded
    "relations": ArraySpec((None, 4)),  # [E, 4] sentence, head, tail, relation id
}


def batch_specs(features: Sequence[PaddedFeature]) -> dict[str, ArraySpec]:
    """Return the name, shape and dtype of each array of a batch with these features."""
    return {**TARGETS, **{name: spec for feature in features for name, spec in feature.specs().items()}}


def make_example(sentence: Sentence, vocabulary: Vocabulary) -> Example:
    """Turn a sentence into numbers.

    Where entities overlap, only those that BIO tags can express are kept (`flat_entities`), and only the relations
    between kept entities. Types that the vocabulary does not know, as dev or test data may have, are left out.

    Args:
      sentence: the sentence.
      vocabulary: the vocabulary of the training data.

    Returns:
      The sentence as an `Example`.
    """
    flat = set(flat_entities(sentence.entities))
    tags = [vocabulary.tag_id.get(tag, 0) for tag in tags_from_entities(sentence.entities, len(sentence.tokens))]
    relations = [
        (
            sentence.entities[r.head].end - 1,
            sentence.entities[r.tail].end - 1,
            vocabulary.relation_id[r.type],
        )
        for r in sentence.relations
        if r.type in vocabulary.relation_id and {sentence.entities[r.head], sentence.entities[r.tail]} <= flat
    ]
    return Example(
        sentence.tokens,
        vocabulary.word_ids(sentence.tokens),
        np.array(tags, np.int32),
        np.array(relations, np.int32).reshape(-1, 3),
        sentence.id,
    )


def pad_rows(rows: Sequence[Sequence[int] | NDArray[Any]], length: int) -> NDArray[Any]:
    """Pad rows of whole numbers with zeros: int32 [rows, length]."""
    padded = np.zeros((len(rows), length), np.int32)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    return padded


def make_batch(
    examples: Sequence[Example],
    features: Sequence[PaddedFeature],
    step: int = LENGTH_STEP,
    length: int | None = None,
    sentences: int | None = None,
) -> Batch:
    """Pad sentences to one batch.

    Args:
      examples: the B sentences.
      features: what the model reads for each token.
      step: L is rounded up to a multiple of this.
      length: L. None takes the length of the longest sentence, rounded up.
      sentences: number of sentences in the whole batch, if `examples` are one replica's part of it. None means that
        `examples` are the whole batch.

    Returns:
      The arrays that `batch_specs` names.
    """
    lengths = np.array([len(e.words) for e in examples], np.int32)
    if length is None:
        length = -(-int(lengths.max()) // step) * step
    batch: Batch = {
        "lengths": lengths,
        "sentences": np.array(len(examples) if sentences is None else sentences, np.int32),
        "tags": pad_rows([e.tags for e in examples], length),
        "relations": np.array(
            [(number, *relation) for number, e in enumerate(examples) for relation in e.relations], np.int32
        ).reshape(-1, 4),
    }
    for feature in features:
        batch.update(feature.pad(examples, length))
    return batch


def count_read_tokens(examples: Sequence[Example], features: Sequence[PaddedFeature]) -> list[int]:
    """Return the number of tokens that a model reads of each sentence: with what follows it, if anything does.

    Args:
      examples: the sentences.
      features: what the model reads for each token. Those that read more than the sentence have `count_tokens`.
    """
    counts = [len(example.words) for example in examples]
    for feature in features:
        count = getattr(feature, "count_tokens", None)
        if count is not None:
            counts = [max(pair) for pair in zip(counts, count(examples))]
    return counts


def make_replica_batch(
    examples: Sequence[Example],
    replica: int,
    replicas: int,
    features: Sequence[PaddedFeature],
    step: int = LENGTH_STEP,
) -> tuple[Batch, float]:
    """Make one replica's part of a batch.

    The model divides its losses by `sentences`, which counts the whole batch. The sum of the parts' gradients, each
    times its weight, is therefore the gradient of the whole batch.

    Args:
      examples: the sentences of the whole batch.
      replica: the number of the part, from 0.
      replicas: the number of parts.
      features: what the model reads for each token.
      step: L is rounded up to a multiple of this.

    Returns:
      The part, and its weight: 1. If the batch has fewer sentences than parts, some parts stand in for nothing: they
      have one sentence, and the weight 0.
    """
    part = examples[replica::replicas]
    return make_batch(part or examples[:1], features, step, sentences=len(examples)), float(bool(part))
