"""The best of many scores, in an order that does not depend on how they were computed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


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
    if k < count:
        places = np.flatnonzero(scores >= np.partition(scores, count - k)[count - k])
    else:
        places = np.arange(count)
    order = np.lexsort((places, -scores[places]))[:k]
    return places[order].astype(np.int64)
