"""Precision, recall and F1 at every threshold, and the threshold with the highest F1.

An event is one prediction with a score. It is found if its score is above the threshold. Shapes: N events.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cman_tf.scoring.counts import Rates, rates

GRID = tuple(number / 100 for number in range(101))  # the thresholds of a curve
RANGE = 0.05, 0.95  # between which a threshold is chosen
_NEAR = 1e-9  # scores that are nearer to each other are not told apart


class Choice(NamedTuple):
    """A threshold that was chosen.

    Attributes:
      threshold: the threshold.
      rates: precision, recall and F1 with it, on the data it was chosen on.
      at_default: the same with the default.
      reason: why the default was kept; empty if it was not.
    """

    threshold: float
    rates: Rates
    at_default: Rates
    reason: str


def rates_at(scores: ArrayLike, is_right: ArrayLike, gold: int, thresholds: ArrayLike) -> list[Rates]:
    """Compute precision, recall and F1 at some thresholds, in O((N + M) log N) for M thresholds.

    Args:
      scores: the scores, float [N].
      is_right: whether each event is right, bool [N].
      gold: the number of gold items, found or not; at least the number of events that are right.
      thresholds: float [M]. Events with a score above the threshold are found.

    >>> [r["recall"] for r in rates_at([0.9, 0.4], [True, True], 4, [0.3, 0.5])]
    [50.0, 25.0]
    """
    ordered, right_from = _order(scores, is_right)
    first = np.searchsorted(ordered, np.asarray(thresholds, np.float64), side="right")
    return [
        rates(int(right), int(found - right), int(gold - right))
        for right, found in zip(right_from[first].tolist(), (len(ordered) - first).tolist())
    ]


def _order(scores: ArrayLike, is_right: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the scores in ascending order, [N], and the number of right events from each place on, [N + 1]."""
    given, right = np.asarray(scores, np.float64), np.asarray(is_right, bool)
    order = np.argsort(given, kind="stable")
    total = int(right.sum())
    return given[order], total - np.concatenate([[0], np.cumsum(right[order])]).astype(np.int64)


def choose_threshold(
    scores: ArrayLike,
    is_right: ArrayLike,
    gold: int,
    default: float,
    fewest: int = 0,
    limits: tuple[float, float] = RANGE,
) -> Choice:
    """Choose the threshold with the highest F1.

    Every threshold that makes a difference is tried. The default is kept unless another threshold has a higher F1. Of
    several that are equally good, the nearest to the default is taken, and of the numbers between two scores the
    one with the fewest digits.

    Args:
      scores: the scores, float [N].
      is_right: whether each event is right, bool [N].
      gold: the number of gold items, found or not.
      default: the threshold that is used without tuning.
      fewest: with fewer gold items than this number the default is kept.
      limits: the lowest and the highest threshold that may be chosen.

    >>> choose_threshold([0.9, 0.42, 0.31], [True, True, False], 2, 0.5).threshold
    0.4
    """
    (at_default,) = rates_at(scores, is_right, gold, [default])
    if gold < fewest:
        return Choice(default, at_default, at_default, f"fewer than {fewest} in the data")
    ordered, right_from = _order(scores, is_right)
    # A cut before place n finds the events from n on. Cuts between equal scores are not possible.
    below = np.concatenate([[0.0], ordered])
    above = np.concatenate([ordered, [1.0]])
    low, high = np.maximum(below, limits[0]), np.minimum(above, limits[1])
    cuts = np.flatnonzero(high - low > _NEAR)
    if not len(cuts):
        return Choice(default, at_default, at_default, "all scores are the same")
    found = len(ordered) - cuts
    f1 = 200.0 * right_from[cuts] / np.maximum(found + gold, 1)
    best = float(f1.max())
    if best <= at_default["f1"] + 1e-9:
        return Choice(default, at_default, at_default, "no other threshold has a higher F1")
    ties = cuts[f1 > best - 1e-9]
    away = np.maximum(np.maximum(low[ties] - default, default - high[ties]), 0.0)
    cut = int(ties[np.argmin(away)])
    threshold = _shortest_between(float(low[cut]), float(high[cut]))
    (chosen,) = rates_at(scores, is_right, gold, [threshold])
    return Choice(threshold, chosen, at_default, "")


def _shortest_between(low: float, high: float) -> float:
    """Return the number with the fewest digits strictly between two numbers, and of these the most central one."""
    middle = (low + high) / 2
    for digits in range(1, 16):
        rounded = round(middle, digits)
        if low < rounded < high and not math.isclose(rounded, low, abs_tol=_NEAR / 10):
            return rounded
    return middle
