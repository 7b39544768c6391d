"""Exact nearest neighbours by products of blocks of matrices, in memory that does not grow with their number.

A product of matrices rounds, and how it does depends on the place of a row in its block. So the products only choose
candidates, with a margin for the rounding; the candidates' scores are then computed one by one in float64. Equal rows
get equal scores, and the result does not depend on the sizes of the blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cman_tf.retrieving.ranking import rank_best
from cman_tf.retrieving.vectors import Vectors

COSINE, DOT = "cosine", "dot"
MEASURES = (COSINE, DOT)
_QUERIES = 64  # that are compared together
_NUMBERS = 1 << 21  # of a block of features: 16 MiB in float64
_CHECKED = 1 << 18  # numbers of candidates that are computed together
_ROUNDING = 2.0**-52


def find_neighbours(
    features: Vectors, queries: Vectors, rows: Sequence[int], k: int, measure: str
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the nearest rows of some queries, the nearest first; of equally near ones, the lower row first.

    Args:
      features: N vectors of D numbers.
      queries: vectors of D numbers.
      rows: the S rows of the queries that are asked.
      k: how many, at most N.
      measure: `cosine` or `dot`.

    Returns:
      int64 [S, k], the rows, and float64 [S, k], their cosines or dot products.
    """
    numbers = np.empty((len(rows), k), np.int64)
    scores = np.empty((len(rows), k))
    for first in range(0, len(rows), _QUERIES):
        part = slice(first, first + _QUERIES)
        chosen = np.asarray(rows[part], np.int64)
        vectors = np.asarray(queries.values[chosen], np.float64)
        norms = queries.norms[chosen]
        numbers[part], scores[part] = _search(features, vectors, norms, k, measure == COSINE)
    return numbers, scores


def _search(
    features: Vectors, vectors: NDArray[np.float64], norms: NDArray[np.float64], k: int, is_cosine: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Search for a block of queries; see `find_neighbours`."""
    best = [(np.empty(0, np.int64), np.empty(0)) for _ in vectors]
    height = max(_NUMBERS // features.size, 1)
    for first in range(0, len(features), height):
        block = np.asarray(features.values[first : first + height], np.float64)
        lengths = features.norms[first : first + height]
        products = block @ vectors.T
        # Twice the bound for the rounding of a sum of D products, in any order, and of the division.
        margins = 4 * (features.size + 4) * _ROUNDING * lengths[:, None] * norms
        if is_cosine:
            scale = lengths[:, None] * norms
            products, margins = products / scale, margins / scale
        for query, (numbers, scores) in enumerate(best):
            lower, upper = products[:, query] - margins[:, query], products[:, query] + margins[:, query]
            least = scores[-1] if len(scores) == k else -np.inf
            if k <= len(lower):
                least = max(least, np.partition(lower, len(lower) - k)[len(lower) - k])
            found = np.flatnonzero(upper >= least)
            exact = _score(block, found, vectors[query])
            if is_cosine:
                exact = exact / (lengths[found] * norms[query])
            numbers, scores = np.concatenate([numbers, found + first]), np.concatenate([scores, exact])
            order = rank_best(scores, k)  # the numbers rise among equal scores
            best[query] = numbers[order], scores[order]
    return np.stack([numbers for numbers, _ in best]), np.stack([scores for _, scores in best])


def _score(block: NDArray[np.float64], rows: NDArray[Any], query: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the dot products of some rows, each computed in the same way wherever it stands.

    Args:
      block: float64 [R, D].
      rows: the rows of the block, int [C].
      query: float64 [D].

    Returns:
      float64 [C].
    """
    scores = np.empty(len(rows))
    height = max(_CHECKED // block.shape[1], 1)
    for first in range(0, len(rows), height):
        part = rows[first : first + height]
        scores[first : first + height] = (block[part] * query).sum(axis=1)
    return scores
