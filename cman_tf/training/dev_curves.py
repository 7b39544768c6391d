"""Precision and recall of each relation type on dev at many thresholds, for TensorBoard.

Shapes: N sentences, P pairs of a sentence, R relation types, M thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np

from cman_tf.data.batches import Example
from cman_tf.inference.decoding import Output
from cman_tf.scoring.counts import Rates
from cman_tf.scoring.thresholds import rates_at

THRESHOLDS = tuple(number / 50 for number in range(51))


class Curve(TypedDict):
    """The counts at each threshold, and precision and recall from 0 to 1."""

    tp: list[float]
    fp: list[float]
    tn: list[float]
    fn: list[float]
    precision: list[float]
    recall: list[float]


def measure_curves(
    examples: Sequence[Example], outputs: Mapping[int, Output], relation_types: Sequence[str]
) -> dict[str, Curve]:
    """Compute a curve for each relation type that the data has.

    A prediction is a pair of tokens with a type. It is right if a gold relation of the type has these two as the last
    tokens of its entities, whatever else the model says about the entities.

    Args:
      examples: the N sentences as numbers.
      outputs: what the network gives for each, by position.
      relation_types: the R types.
    """
    longest = max((len(example.words) for example in examples), default=1)
    scores: list[np.ndarray] = [np.zeros((0, len(relation_types)))]
    pairs, gold = [np.zeros(0, np.int64)], [np.zeros((0, 2), np.int64)]
    for row, example in enumerate(examples):
        output = outputs[row]
        scores.append(output.scores)
        pairs.append((row * longest + output.pairs[:, 0].astype(np.int64)) * longest + output.pairs[:, 1])
        places = (row * longest + example.relations[:, 0].astype(np.int64)) * longest + example.relations[:, 1]
        gold.append(np.stack([places, example.relations[:, 2]], 1))
    all_scores, all_pairs, all_gold = np.concatenate(scores), np.concatenate(pairs), np.concatenate(gold)
    curves: dict[str, Curve] = {}
    for number, kind in enumerate(relation_types):
        right = np.unique(all_gold[all_gold[:, 1] == number, 0])
        if len(right):
            is_right = np.isin(all_pairs, right)
            rows = rates_at(all_scores[:, number], is_right, len(right), THRESHOLDS)
            curves[kind] = _make_curve(rows, len(all_pairs))
    return curves


def _make_curve(rows: Sequence[Rates], predictions: int) -> Curve:
    # Where nothing is found, precision is 1, so that the curve does not fall to the corner.
    precision = [row["precision"] / 100 if row["tp"] + row["fp"] else 1.0 for row in rows]
    tn = [max(0.0, predictions - row["tp"] - row["fp"] - row["fn"]) for row in rows]
    return {
        "tp": [row["tp"] for row in rows],
        "fp": [row["fp"] for row in rows],
        "tn": tn,
        "fn": [row["fn"] for row in rows],
        "precision": precision,
        "recall": [row["recall"] / 100 for row in rows],
    }
