"""Paired bootstrap over sentences: whether one model's predictions are better than another's on the same sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.scoring.conventions import CONVENTIONS
from cman_tf.scoring.score import TASKS, validate_same_sentences

_CELLS = 10**6  # samples drawn at once times sentences, to bound the memory


class BootstrapDifference(NamedTuple):
    """A difference of micro F1, in percent.

    Attributes:
      difference: F1 of the first predictions less that of the second.
      low: Lower end of the 95 % confidence interval.
      high: Upper end.
      p: Two-sided p-value of "both are equally good".
    """

    difference: float
    low: float
    high: float
    p: float


def paired_bootstrap(
    gold: Sequence[Sentence],
    predicted_a: Sequence[Sentence],
    predicted_b: Sequence[Sentence],
    convention: str = "strict",
    samples: int = 10000,
    seed: int = 0,
) -> dict[str, BootstrapDifference]:
    """Compare two models' predictions of the same sentences by micro F1.

    Sentences are drawn with replacement, the same for both models, and F1 is computed anew from each sample (Efron and
    Tibshirani 1993; for NLP, Koehn 2004). The interval is between the percentiles of the differences.

    Args:
      gold: The sentences, one or more.
      predicted_a: The same sentences with one model's predictions.
      predicted_b: The same sentences with the other's.
      convention: strict, boundaries or relaxed.
      samples: How many samples to draw.
      seed: Of the draws.

    Returns:
      "entities" and "relations" to the difference, its interval and p-value.

    Raises:
      DataError: If the predictions are not of these sentences, in this order, or if there are no sentences.
    """
    if not gold:
        raise DataError("no sentences, expected one or more to draw from")
    counts: list[NDArray[np.int64]] = []  # for each model (sentences, tasks, 3): correct, predicted, gold
    for predicted in (predicted_a, predicted_b):
        validate_same_sentences(gold, predicted)
        facts = [CONVENTIONS[convention](right, found) for right, found in zip(gold, predicted)]
        rows = [[(len(r & f), len(f), len(r)) for r, f in zip(right, found)] for right, found in facts]
        counts.append(np.array(rows, dtype=np.int64).reshape(len(rows), len(TASKS), 3))
    both: NDArray[np.int64] = np.stack(counts, axis=1)  # (sentences, models, tasks, 3)
    observed = _f1(both.sum(axis=0))
    generator = np.random.default_rng(seed)
    drawn: list[NDArray[np.float64]] = []
    share = np.full(len(both), 1 / len(both))
    chunk = max(1, _CELLS // len(both))
    for start in range(0, samples, chunk):
        times = generator.multinomial(len(both), share, min(chunk, samples - start))  # that each sentence is drawn
        drawn.append(_f1(np.tensordot(times, both, axes=1)))
    f1: NDArray[np.float64] = np.concatenate(drawn)  # (samples, models, tasks)
    differences = f1[:, 0] - f1[:, 1]
    found: dict[str, BootstrapDifference] = {}
    for number, task in enumerate(TASKS):
        of_task = differences[:, number]
        low, high = np.percentile(of_task, [2.5, 97.5])
        # One is added to both counts, so that no finite number of samples gives p = 0.
        tail = min(np.sum(of_task <= 0), np.sum(of_task >= 0))
        p = min(1.0, 2 * (float(tail) + 1) / (samples + 1))
        difference = observed[0, number] - observed[1, number]
        found[task] = BootstrapDifference(float(difference), float(low), float(high), p)
    return found


def _f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 in percent of (..., 3) counts of correct, predicted and gold facts; 0 where there are none."""
    correct, predicted, gold = counts[..., 0], counts[..., 1], counts[..., 2]
    return 200.0 * correct / np.maximum(predicted + gold, 1)
