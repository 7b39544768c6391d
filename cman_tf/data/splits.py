"""Parts of a corpus, and two put together."""

from __future__ import annotations

import dataclasses

import numpy as np

from cman_tf.data.corpus import Corpus
from cman_tf.errors import DataError

THREE_PARTS = (0.7, 0.15)  # train and dev of one file, the rest test (TNNLS on DREC)
_SEED = 0  # fixed, so that all runs, whatever their seed, see the same parts


def fraction(corpus: Corpus, share: float) -> Corpus:
    """A share of the sentences, at random, in their order; a smaller share is part of a larger one."""
    return _part(corpus, _shuffled(corpus)[: max(1, round(share * len(corpus.sentences)))])


def hold_out_sentences(corpus: Corpus, share: float) -> tuple[Corpus, Corpus]:
    """The sentences without and with a share held out at random, both in their order.

    Raises:
      DataError: if one part would be empty.
    """
    rows = _shuffled(corpus)
    if len(rows) < 2:
        raise DataError(f"{corpus.path}: one sentence, expected enough to hold some of them out")
    count = min(max(1, round(share * len(rows))), len(rows) - 1)
    return _part(corpus, rows[count:]), _part(corpus, rows[:count])


def split(corpus: Corpus, shares: tuple[float, float]) -> tuple[Corpus, Corpus, Corpus]:
    """Three parts at random, of these shares and of what is left, each in the corpus' order.

    Raises:
      DataError: if a part would be empty.
    """
    rows = _shuffled(corpus)
    first, second = round(shares[0] * len(rows)), round(sum(shares) * len(rows))
    if not 0 < first < second < len(rows):
        raise DataError(f"{corpus.path}: {len(rows)} sentences, expected enough to split them in three")
    return _part(corpus, rows[:first]), _part(corpus, rows[first:second]), _part(corpus, rows[second:])


def merged(one: Corpus, other: Corpus) -> Corpus:
    """The sentences of both."""
    return dataclasses.replace(one, sentences=[*one.sentences, *other.sentences])


def _shuffled(corpus: Corpus) -> list[int]:
    return np.random.default_rng(_SEED).permutation(len(corpus.sentences)).tolist()


def _part(corpus: Corpus, rows: list[int]) -> Corpus:
    return dataclasses.replace(corpus, sentences=[corpus.sentences[row] for row in sorted(rows)])
