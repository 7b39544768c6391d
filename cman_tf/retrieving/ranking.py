"""The best of many scores, in an order that does not depend on how they were computed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1024  # scores whose largest one is looked at first


def rank_best(scores: NDArray[Any], k: int) -> NDArray[np.int64]:
    """Return the places of the largest scores, the largest first; of equal ones, the lower place first.

    Args:
      scores: float [N].
      k: how many, at least 1.

    Returns:
      int64 [min(k, N)].

    >>> rank_best(np.array([1.0, 3.0, 1.0, 2.0]), 3).tolist()
    [1, 3, 0]
    """
    count = len(scores)
    blocks = count // _BLOCK
    if k <= blocks:  # at least k scores are as large as the largest ones of k blocks
        largest = scores[: blocks * _BLOCK].reshape(blocks, _BLOCK).max(axis=1)
        places = np.flatnonzero(scores >= np.partition(largest, blocks - k)[blocks - k])
    else:
        places = np.arange(count)
    if k < len(places):
        left = scores[places]
        places = places[left >= np.partition(left, len(left) - k)[len(left) - k]]
    order = np.lexsort((places, -scores[places]))[:k]
    return places[order].astype(np.int64)
