"""Batches for the model: bucketed by length, padded right, in a seeded order.

Shapes: B sentences in the batch, L tokens of the longest (rounded up), N distinct
words in the batch (the longest first), W characters of the longest of them, E
relations in the batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from cman_tf.data.bio import flat_entities, tags_from_entities
from cman_tf.data.bucketing import LENGTH_STEP
from cman_tf.data.types import Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.encoders.transformer import TunedTransformer

MAX_WORD_CHARACTERS = 60  # of a longer word the character BiLSTM reads both ends

SIGNATURE = {
    "words": tf.TensorSpec([None, None], tf.int32),  # [B, L] word ids
    "lengths": tf.TensorSpec([None], tf.int32),  # [B] tokens of each sentence
    "characters": tf.TensorSpec([None, None], tf.int32),  # [N, W] of the distinct words
    "character_lengths": tf.TensorSpec([None], tf.int32),  # [N], falling, one at least
    "spelling": tf.TensorSpec([None, None], tf.int32),  # [B, L] a token's row in characters
    "tags": tf.TensorSpec([None, None], tf.int32),  # [B, L] gold tag ids, 0 where padded
    "relations": tf.TensorSpec([None, 4], tf.int32),  # [E, 4] sentence, head, tail, type
}


PIECES = {
    "pieces": tf.TensorSpec([None, None], tf.int32),  # [W, P] as in cman_tf.encoders.wordpieces.Pieces
    "piece_lengths": tf.TensorSpec([None], tf.int32),  # [W]
    "piece_places": tf.TensorSpec([None, 4], tf.int32),  # [Q, 4]
}


def batch_signature(contextual: tuple[int, int] | None = None, tuned: bool = False) -> dict[str, tf.TensorSpec]:
    """The tensors of a batch; with an encoder of (layers, size), "contextual" too,
    [B, L, layers, size], or, where it is tuned, the word pieces that it reads."""
    if contextual is None:
        return SIGNATURE
    if tuned:
        return {**SIGNATURE, **PIECES}
    return {**SIGNATURE, "contextual": tf.TensorSpec([None, None, *contextual], tf.float32)}


@dataclasses.dataclass(frozen=True)
class Example:
    """One sentence as numbers. `relations` is int32 [relations, 3]: last token of
    the head, last token of the tail, relation id (recipe of Bekoulis et al.)."""

    tokens: tuple[str, ...]
    words: np.ndarray
    tags: np.ndarray
    relations: np.ndarray
    id: str = ""


def make_example(sentence: Sentence, vocabulary: Vocabulary) -> Example:
    """The sentence as numbers; its tags and relations must be known (`check`).

    Of overlapping entities, and relations on them, only those that BIO tags can
    express are encoded (`flat_entities`).
    """
    flat = flat_entities(sentence.entities)
    tags = [vocabulary.tag_id[tag] for tag in tags_from_entities(flat, len(sentence.tokens))]
    relations = [
        (
            sentence.entities[r.head].end - 1,
            sentence.entities[r.tail].end - 1,
            vocabulary.relation_id[r.type],
        )
        for r in sentence.relations
        if sentence.entities[r.head] in flat and sentence.entities[r.tail] in flat
    ]
    return Example(
        sentence.tokens,
        vocabulary.word_ids(sentence.tokens),
        np.array(tags, np.int32),
        np.array(relations, np.int32).reshape(-1, 3),
        sentence.id,
    )


def make_batch(
    examples: Sequence[Example], vocabulary: Vocabulary, step: int = LENGTH_STEP, features: Any = None
) -> dict[str, np.ndarray]:
    """Pad the sentences to one batch of the shapes in `signature`, L a multiple of `step`.

    `features` is an encoder or a cache of one (`cman_tf.encoders`), or None; of a
    `TunedTransformer` the batch gets the word pieces, not features. Where a
    sentence is padded, "spelling" says 0 like the first word: the token representation
    is zero there whatever is looked up.
    """
    lengths = np.array([len(e.words) for e in examples], np.int32)
    longest = -(-int(lengths.max()) // step) * step
    words = sorted({t for e in examples for t in e.tokens}, key=lambda token: (-len(token), token))
    row_of = {token: row for row, token in enumerate(words)}
    spelled = [vocabulary.character_ids(token, MAX_WORD_CHARACTERS) for token in words]
    batch = {
        "lengths": lengths,
        "character_lengths": np.array([len(ids) for ids in spelled], np.int32),
        "characters": np.zeros((len(words), len(spelled[0])), np.int32),
        "relations": np.array(
            [(number, *relation) for number, e in enumerate(examples) for relation in e.relations], np.int32
        ).reshape(-1, 4),
    }
    for row, ids in enumerate(spelled):
        batch["characters"][row, : len(ids)] = ids
    for name in ("words", "tags", "spelling"):
        batch[name] = np.zeros((len(examples), longest), np.int32)
    for row, example in enumerate(examples):
        batch["words"][row, : lengths[row]] = example.words
        batch["tags"][row, : lengths[row]] = example.tags
        batch["spelling"][row, : lengths[row]] = [row_of[token] for token in example.tokens]
    tokens = [example.tokens for example in examples]
    if isinstance(features, TunedTransformer):
        batch.update(zip(PIECES, features.tokenizer.pieces(tokens)))
    elif features is not None:
        batch["contextual"] = np.zeros((len(examples), longest, features.layers, features.size), np.float32)
        for row, layers in enumerate(features.make_example(tokens)):
            batch["contextual"][row, : lengths[row]] = layers
    return batch


def make_dataset(
    examples: Sequence[Example],
    order: Sequence[Sequence[int]],
    vocabulary: Vocabulary,
    step: int = LENGTH_STEP,
    features: Any = None,
) -> tf.data.Dataset:
    """The batches of `order` as a prefetching `tf.data.Dataset`; the rest as in `make_batch`."""

    def generate() -> Iterator[dict[str, np.ndarray]]:
        for rows in order:
            yield make_batch([examples[row] for row in rows], vocabulary, step, features)

    shape = None if features is None else (features.layers, features.size)
    options = tf.data.Options()
    # The autotuner sleeps 10 ms, 20 ms, 40 ms, ... and the end of an epoch would wait
    # for it to wake: up to as long as the epoch took. There is nothing to tune here.
    options.autotune.enabled = False
    tensors = batch_signature(shape, isinstance(features, TunedTransformer))
    return tf.data.Dataset.from_generator(generate, output_signature=tensors).prefetch(4).with_options(options)
