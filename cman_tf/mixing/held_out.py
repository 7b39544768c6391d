"""What the experts say of held-out sentences, in the rows that the gates are fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from cman_tf.data.batches import Example, count_read_tokens, make_batch, make_example
from cman_tf.data.bucketing import order_by_length
from cman_tf.data.types import Sentence
from cman_tf.mixing.gate_fitting import Array, GateRows
from cman_tf.models.entity_pairs import find_last_tokens
from cman_tf.models.mixture import Mixture

MOST_TOKENS = 200_000  # that gates are fitted on, and as many pairs; their features are held in memory


class HeldOut(NamedTuple):
    """The rows of both gates, and which tokens are in gold entities, bool [N]."""

    tokens: GateRows
    pairs: GateRows
    is_entity: Array


def choose_sentences(sentences: Sequence[Sentence], most: int = MOST_TOKENS, seed: int = 0) -> list[int]:
    """Return the numbers of the sentences to fit on: all, or as many by chance as have at most `most` tokens."""
    if sum(len(sentence.tokens) for sentence in sentences) <= most:
        return list(range(len(sentences)))
    chosen: list[int] = []
    tokens = 0
    for number in np.random.default_rng(seed).permutation(len(sentences)).tolist():
        tokens += len(sentences[number].tokens)
        if tokens > most:
            break
        chosen.append(number)
    return sorted(chosen)


def run_experts(mixture: Mixture, sentences: Sequence[Sentence], batch_tokens: int) -> HeldOut:
    """Run the experts on annotated sentences.

    The pairs are those of the last tokens of two entities, gold ones or ones that the mixture finds.

    Args:
      mixture: the mixture, whose gates count all experts alike.
      sentences: the sentences; their numbers are the groups of the rows.
      batch_tokens: approximate number of tokens in a batch.
    """
    examples = [make_example(sentence, mixture.vocabularies[0]) for sentence in sentences]
    parts = [
        _run_batch(mixture, [examples[row] for row in rows], np.array(rows))
        for rows in order_by_length(count_read_tokens(examples, mixture.layout.features), batch_tokens)
    ]
    tokens, pairs, is_entity = zip(*parts)
    return HeldOut(_join(tokens), _choose_pairs(_join(pairs)), np.concatenate(is_entity))


def _choose_pairs(pairs: GateRows, most: int = MOST_TOKENS, seed: int = 0) -> GateRows:
    """Return all pairs, or as many by chance as may be held in memory."""
    count = len(pairs.groups)
    if count <= most:
        return pairs
    return pairs.take(np.sort(np.random.default_rng(seed).choice(count, most, replace=False)))


def _join(parts: Sequence[GateRows]) -> GateRows:
    features = tuple(np.concatenate(of_part) for of_part in zip(*(rows.features for rows in parts)))
    names = ("probabilities", "happened", "groups")
    return GateRows(features, *(np.concatenate([getattr(rows, name) for rows in parts]) for name in names))


def _run_batch(mixture: Mixture, examples: Sequence[Example], numbers: Array) -> tuple[GateRows, GateRows, Array]:
    arrays = make_batch(examples, mixture.layout.features, step=1)
    batch = {name: tf.constant(array) for name, array in arrays.items()}
    lengths, gold = batch["lengths"], batch["tags"]
    states = mixture.inspect(batch)
    mask = tf.sequence_mask(lengths, tf.shape(gold)[1])
    there = tf.where(mask)
    of_gold = tf.gather(states.marginals, gold[:, :, None], axis=3, batch_dims=2)  # [B, L, E, 1]
    tags = tf.gather_nd(gold, there).numpy()
    tokens = GateRows(
        (tf.gather_nd(states.tokens, there).numpy(),),
        tf.gather_nd(of_gold, there).numpy(),
        np.ones((len(tags), 1), np.float32),
        numbers[there.numpy()[:, 0]],
    )
    found = mixture.find_tags(tf.reduce_mean(states.marginals, 2), lengths)
    last = find_last_tokens(gold, lengths, mixture.inside, mixture.kind)
    last |= find_last_tokens(found, lengths, mixture.inside, mixture.kind)
    both = tf.where(last[:, :, None] & last[:, None, :]).numpy()
    both = both[both[:, 1] != both[:, 2]].astype(np.int32)
    places = np.stack([both[:, 0] * gold.shape[1] + both[:, end] for end in (1, 2)], 1)
    flat = tf.reshape(states.relations, [-1, states.relations.shape[-1]])
    scores, _ = mixture.scorer.score_experts(*mixture.scorer.project(flat), tf.constant(places))
    happened = np.zeros((len(both), mixture.scorer.relations), np.float32)
    row_of = {tuple(pair): row for row, pair in enumerate(both.tolist())}
    for sentence, head, tail, kind in arrays["relations"].tolist():
        row = row_of.get((sentence, head, tail))
        if row is not None:
            happened[row, kind] = 1.0
    ends = tuple(tf.gather(flat, places[:, end]).numpy() for end in (0, 1))
    return tokens, GateRows(ends, scores.numpy(), happened, numbers[both[:, 0]]), tags > 0
