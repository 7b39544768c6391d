"""Parts of a corpus, and two corpora put together."""

from __future__ import annotations

import dataclasses

import numpy as np

from cman_tf.data.corpus import Corpus
from cman_tf.errors import DataError

FEWEST = 3  # documents that can be split in three
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
    """Hold out a random share of a corpus. The sentences of a document stay together.

    Args:
      corpus: the corpus.
      share: share of the documents to hold out; a sentence without a document id is a document of its own.

    Returns:
      The other sentences and those held out, both in the corpus' order.

    Raises:
      DataError: if one part would be empty.
    """
    groups = _shuffled_documents(corpus)
    if len(groups) < 2:
        unit = _unit(corpus)
        raise DataError(f"{corpus.path}: one {unit}, expected at least two {unit}s to hold some of them out")
    count = min(max(1, round(share * len(groups))), len(groups) - 1)
    return _part(corpus, _rows(groups[count:])), _part(corpus, _rows(groups[:count]))


def split_in_three(corpus: Corpus, shares: tuple[float, float]) -> tuple[Corpus, Corpus, Corpus]:
    """Split a corpus at random into three parts. The sentences of a document stay together.

    Args:
      corpus: the corpus.
      shares: shares of the first and the second part, in documents; the third part is the rest.

    Returns:
      The three parts, each in the corpus' order.

    Raises:
      DataError: if a part would be empty.
    """
    groups = _shuffled_documents(corpus)
    if len(groups) < FEWEST:
        unit = _unit(corpus) + ("" if len(groups) == 1 else "s")
        raise DataError(
            f"{corpus.path}: {len(groups)} {unit}, expected at least {FEWEST} to split them into train, dev and test; "
            "or give the parts yourself"
        )
    first = max(1, min(round(shares[0] * len(groups)), len(groups) - 2))
    second = max(first + 1, min(round(sum(shares) * len(groups)), len(groups) - 1))
    train, dev, test = (_part(corpus, _rows(part)) for part in (groups[:first], groups[first:second], groups[second:]))
    return train, dev, test


def split_in_folds(corpus: Corpus, folds: int) -> list[tuple[Corpus, Corpus]]:
    """Split a corpus at random into folds for cross-validation. The sentences of a document stay together.

    Args:
      corpus: the corpus.
      folds: the number of folds, at least 2.

    Returns:
      For each fold the other sentences and its own.

    Raises:
      DataError: if there are fewer documents than folds.
    """
    groups = _shuffled_documents(corpus)
    if len(groups) < folds:
        raise DataError(f"{corpus.path}: {len(groups)} {_unit(corpus)}s, expected at least {folds}, one for each fold")
    parts = [groups[number::folds] for number in range(folds)]
    return [
        (
            _part(corpus, [row for other in parts if other is not part for row in _rows(other)]),
            _part(corpus, _rows(part)),
        )
        for part in parts
    ]


def merge_corpora(one: Corpus, other: Corpus) -> Corpus:
    """Put the sentences of two corpora together; the rest is copied from the first corpus."""
    return dataclasses.replace(one, sentences=[*one.sentences, *other.sentences])


def _shuffled(corpus: Corpus) -> list[int]:
    return np.random.default_rng(_SEED).permutation(len(corpus.sentences)).tolist()


def _shuffled_documents(corpus: Corpus) -> list[list[int]]:
    """Return the positions of each document's sentences, the documents in random order."""
    groups: dict[object, list[int]] = {}
    for row, sentence in enumerate(corpus.sentences):
        groups.setdefault(sentence.document_id or row, []).append(row)
    documents = list(groups.values())
    return [documents[number] for number in np.random.default_rng(_SEED).permutation(len(documents))]


def _unit(corpus: Corpus) -> str:
    return "document" if any(sentence.document_id for sentence in corpus.sentences) else "sentence"


def _rows(groups: list[list[int]]) -> list[int]:
    return [row for group in groups for row in group]


def _part(corpus: Corpus, rows: list[int]) -> Corpus:
    return dataclasses.replace(corpus, sentences=[corpus.sentences[row] for row in sorted(rows)])
