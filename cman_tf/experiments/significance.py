"""Whether the means of two sets of runs differ by more than chance. Needs scipy."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from cman_tf.errors import DataError

LEVEL = 0.95
METHODS = (
    "p and the 95 % interval of a difference are of Welch's t test over runs, or, where one side is a single run, of "
    "Student's t test, which assumes that both sides vary equally. They are not corrected for the number of "
    "comparisons: of twenty comparisons without any effect, one has p below 0.05 by chance."
)


class MeanDifference(NamedTuple):
    """A difference of two means.

    Attributes:
      difference: The first mean less the second.
      low: Lower end of the 95 % confidence interval.
      high: Upper end.
      p: Two-sided p-value of "both means are the same".
      test: "Welch" or "Student".
    """

    difference: float
    low: float
    high: float
    p: float
    test: str


def compare_means(some: Sequence[float], others: Sequence[float]) -> MeanDifference | None:
    """Compare two means by a t test.

    With two runs or more on both sides it is Welch's test, which lets the sides vary unequally. With a single run on
    one side it is Student's test with pooled variance, as that run alone says nothing of how runs vary.

    Args:
      some: A score of each run, one or more.
      others: The same of the runs to compare with.

    Returns:
      The difference; None if both sides are single runs, which no test can compare.

    Raises:
      DataError: If scipy is not installed.
    """
    if len(some) + len(others) <= 2:
        return None
    try:
        from scipy import stats
    except ImportError:
        raise DataError(
            "scipy is not installed, but the report needs it for p-values: pip install 'cman-tf[report]'"
        ) from None
    difference = statistics.mean(some) - statistics.mean(others)
    sides = [(len(side), statistics.variance(side) if len(side) > 1 else 0.0) for side in (some, others)]
    freedom = len(some) + len(others) - 2
    if min(len(some), len(others)) > 1:
        test, terms = "Welch", [variance / count for count, variance in sides]
        error = math.sqrt(sum(terms))
        if error:
            freedom = sum(terms) ** 2 / sum(t**2 / (count - 1) for t, (count, _) in zip(terms, sides))
    else:
        test, pooled = "Student", sum((count - 1) * variance for count, variance in sides) / freedom
        error = math.sqrt(pooled * sum(1 / count for count, _ in sides))
    if not error:  # every run of both sides has its side's mean
        return MeanDifference(difference, difference, difference, 0.0 if difference else 1.0, test)
    half = float(stats.t.ppf((1 + LEVEL) / 2, freedom)) * error
    p = 2 * float(stats.t.sf(abs(difference) / error, freedom))
    return MeanDifference(difference, difference - half, difference + half, p, test)
