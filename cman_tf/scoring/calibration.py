"""How far scores can be trusted as probabilities, and a temperature that makes them more trustworthy.

An event is one prediction that is right or wrong: a predicted entity, or a candidate for a relation. Shapes: N events.
"""

from __future__ import annotations

from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 10
_NEAREST = 1e-7  # to 0 and 1: float32 knows no score that is nearer to 1 and below it
_LIMITS = 0.1, 10.0  # the lowest and the highest temperature
_STEPS = 100


class Bin(NamedTuple):
    """The events whose scores lie in one part of the range from 0 to 1.

    Attributes:
      low: the lower end of the part.
      high: its upper end.
      events: the number of events.
      score: the mean of their scores; 0 without events.
      right: the share of them that is right; 0 without events.
    """

    low: float
    high: float
    events: int
    score: float
    right: float


class Reliability(TypedDict):
    """How well scores agree with what is right.

    Attributes:
      events: the number of events.
      right: the number of events that are right.
      expected_calibration_error: see `expected_calibration_error`.
      log_loss: see `log_loss`.
      bins: see `reliability_bins`.
    """

    events: int
    right: int
    expected_calibration_error: float
    log_loss: float
    bins: list[Bin]


def scale_scores(scores: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Divide the log odds of scores by a temperature (temperature scaling, Guo et al., 2017).

    The order of the scores stays, and 0.5 stays 0.5. A temperature above 1 moves scores towards 0.5.

    Args:
      scores: probabilities, of any shape. Those outside 1e-7 to 1 - 1e-7 are moved to these ends.
      temperature: above 0.

    Returns:
      The new probabilities, float64 of the same shape. With a temperature of 1 they are the scores themselves.

    >>> scale_scores([0.5, 0.9], 2.0).round(3).tolist()
    [0.5, 0.75]
    """
    given = np.asarray(scores, np.float64)
    if temperature == 1.0:
        return given
    return 1.0 / (1.0 + np.exp(-log_odds(given) / temperature))


def log_odds(scores: ArrayLike) -> NDArray[np.float64]:
    """Return log(p / (1 - p)) of scores, which are first moved into 1e-7 to 1 - 1e-7."""
    clipped = np.clip(np.asarray(scores, np.float64), _NEAREST, 1.0 - _NEAREST)
    return np.log(clipped) - np.log1p(-clipped)


def fit_temperature(scores: ArrayLike, is_right: ArrayLike) -> float:
    """Find the temperature with the lowest log loss.

    The loss is the mean of -(t log p + (1 - t) log(1 - p)). It is convex in 1 / temperature, and Newton's method with
    bisection finds its minimum. The targets t are Platt's (1999): (n + 1) / (n + 2) for the n events that are right,
    and 1 / (m + 2) for the m that are wrong. With targets of 1 and 0, scores that separate the events without an error
    would have a temperature of 0.

    Args:
      scores: probabilities, float [N].
      is_right: whether each event is right, bool [N].

    Returns:
      The temperature, from 0.1 to 10. It is 1 if no event is right, or all are: nothing can be fitted then.

    >>> fit_temperature([0.9, 0.9, 0.1, 0.1], [True, False, True, False])  # too sure of itself
    10.0
    """
    right = np.asarray(is_right, bool)
    count = int(right.sum())
    if count in (0, len(right)):
        return 1.0
    odds = log_odds(scores)
    targets = np.where(right, (count + 1) / (count + 2), 1 / (len(right) - count + 2))
    low, high = 1 / _LIMITS[1], 1 / _LIMITS[0]
    inverse = 1.0

    def slope(at: float) -> tuple[float, float]:
        p = 1.0 / (1.0 + np.exp(-at * odds))
        return float(np.mean(odds * (p - targets))), float(np.mean(odds * odds * p * (1.0 - p)))

    if slope(low)[0] >= 0:
        return _LIMITS[1]
    if slope(high)[0] <= 0:
        return _LIMITS[0]
    for _ in range(_STEPS):
        first, second = slope(inverse)
        low, high = (inverse, high) if first < 0 else (low, inverse)
        step = inverse - first / second if second > 0 else low
        new = step if low < step < high else (low + high) / 2
        if abs(new - inverse) < 1e-12 * inverse:
            break
        inverse = new
    return 1.0 / inverse


def log_loss(scores: ArrayLike, is_right: ArrayLike) -> float:
    """Return the mean of -log of the probability that the scores give to what is the case; 0 without events.

    Args:
      scores: probabilities, float [N].
      is_right: whether each event is right, bool [N].
    """
    odds = log_odds(scores)
    if not len(odds):
        return 0.0
    return float(np.mean(np.logaddexp(0.0, np.where(np.asarray(is_right, bool), -odds, odds))))


def reliability_bins(scores: ArrayLike, is_right: ArrayLike, bins: int = BINS) -> list[Bin]:
    """Group events by their scores into parts of equal width.

    Args:
      scores: probabilities, float [N].
      is_right: whether each event is right, bool [N].
      bins: the number of parts. The last one includes 1.

    >>> [b.events for b in reliability_bins([0.05, 0.95, 1.0], [False, True, True], 2)]
    [1, 2]
    """
    given, right = np.asarray(scores, np.float64), np.asarray(is_right, np.float64)
    place = np.clip((given * bins).astype(int), 0, bins - 1)
    events = np.bincount(place, minlength=bins)
    divisor = np.maximum(events, 1)
    means = np.bincount(place, given, bins) / divisor
    shares = np.bincount(place, right, bins) / divisor
    return [Bin(n / bins, (n + 1) / bins, int(events[n]), float(means[n]), float(shares[n])) for n in range(bins)]


def expected_calibration_error(bins: list[Bin]) -> float:
    """Return the mean distance between score and share of right events, over bins weighted by their events.

    Args:
      bins: the bins of `reliability_bins`.

    Returns:
      From 0 to 1; 0 without events. A score of 0.8 of which 80 % are right contributes nothing.
    """
    total = sum(b.events for b in bins)
    return sum(b.events * abs(b.score - b.right) for b in bins) / total if total else 0.0


def measure_reliability(scores: ArrayLike, is_right: ArrayLike) -> Reliability:
    """Measure how well scores agree with what is right.

    Args:
      scores: probabilities, float [N].
      is_right: whether each event is right, bool [N].
    """
    bins = reliability_bins(scores, is_right)
    right = np.asarray(is_right, bool)
    return {
        "events": len(right),
        "right": int(right.sum()),
        "expected_calibration_error": expected_calibration_error(bins),
        "log_loss": log_loss(scores, right),
        "bins": bins,
    }
