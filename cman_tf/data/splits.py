"""Parts of a corpus, and two corpora put together."""

from __future__ import annotations

import dataclasses

import numpy as np

from cman_tf.data.corpus import Corpus
from cman_tf.errors import DataError

THREE_PARTS = (0.7, 0.15)  # shares of train and dev in one file; the rest is test (TNNLS on DREC)
_SEED = 0  # fixed, so that runs with different seeds see the same parts


def sample_fraction(corpus: Corpus, share: float) -> Corpus:
    """Take a random share of a corpus' sentences.

    Args:
      corpus: the corpus.
      share: share of the sentences, above 0 and at most 1. A smaller share is part of a larger one.

    Returns:
      The chosen sentences in the corpus' order, at least one.
    """
    return _part(corpus, _shuffled(corpus)[: max(1, round(share * len(corpus.sentences)))])


def hold_out_sentences(corpus: Corpus, share: float) -> tuple[Corpus, Corpus]:
    """Hold out a random share of a corpus' sentences.

    Args:
      corpus: the corpus.
      share: share of the sentences to hold out.

    Returns:
      The other sentences and those held out, both in the corpus' order.

    Raises:
      DataError: if one part would be empty.
    """
    rows = _shuffled(corpus)
    if len(rows) < 2:
        raise DataError(f"{corpus.path}: one sentence, expected at least two to hold some of them out")
    count = min(max(1, round(share * len(rows))), len(rows) - 1)
    return _part(corpus, rows[count:]), _part(corpus, rows[:count])


def split_in_three(corpus: Corpus, shares: tuple[float, float]) -> tuple[Corpus, Corpus, Corpus]:
    """Split a corpus at random into three parts.

    Args:
      corpus: the corpus.
      shares: shares of the first and the second part; the third part is the rest.

    Returns:
      The three parts, each in the corpus' order.

    Raises:
      DataError: if a part would be empty.
    """
    rows = _shuffled(corpus)
    first, second = round(shares[0] * len(rows)), round(sum(shares) * len(rows))
    if not 0 < first < second < len(rows):
        raise DataError(f"{corpus.path}: {len(rows)} sentences, expected enough to split them into three parts")
    return _part(corpus, rows[:first]), _part(corpus, rows[first:second]), _part(corpus, rows[second:])


def merge_corpora(one: Corpus, other: Corpus) -> Corpus:
    """Put the sentences of two corpora together; the rest is copied from the first corpus."""
    return dataclasses.replace(one, sentences=[*one.sentences, *other.sentences])


def _shuffled(corpus: Corpus) -> list[int]:
    return np.random.default_rng(_SEED).permutation(len(corpus.sentences)).tolist()


def _part(corpus: Corpus, rows: list[int]) -> Corpus:
    return dataclasses.replace(corpus, sentences=[corpus.sentences[row] for row in sorted(rows)])
