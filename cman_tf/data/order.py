"""Batches of like length, by tokens, without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def sorted_order(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Batches in order of length, each of at most `tokens` tokens, padding included, or
    of one longer sentence."""
    batches: list[list[int]] = []
    for row in np.argsort(lengths, kind="stable").tolist():
        if not batches or (len(batches[-1]) + 1) * lengths[row] > tokens:
            batches.append([])
        batches[-1].append(row)
    return batches
