"""Fitting a gate: which expert to trust for which token, or for which pair of tokens. Free of TensorFlow.

The experts' probabilities and features are given, and only the gate's weights are fitted, by Adam on all rows at once.
Whether the gate may look at the features, and how many steps are taken, is chosen by k-fold cross-validation, since a
gate can learn few rows by heart.

Shapes: N rows (tokens or pairs), E experts, D features, K outcomes (1 for the gold tag, R for relations).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_RATE, _DECAY = 0.01, 1e-3  # Adam's learning rate; the factor of the squares of the weights
_BLOCK, _BLOCKS = 10, 30  # steps between two looks at the held-out rows, and how many looks
CONSTANT, BY_FEATURES, UNIFORM = "constant", "by features", "uniform"
_CLIP = 1e-7  # probabilities are kept this far from 0 and 1


@dataclasses.dataclass(frozen=True)
class GateRows:
    """What a gate is fitted on.

    Attributes:
      features: float32 [N, D], one array for each part of a row: a token, or the head and the tail of a pair.
      probabilities: the experts' probabilities of the K outcomes, float32 [N, E, K].
      happened: whether each outcome is right, float32 [N, K].
      groups: the number of each row's sentence, int [N]. A sentence is never in two folds.
    """

    features: tuple[Array, ...]
    probabilities: Array
    happened: Array
    groups: Array

    def take(self, rows: Array) -> GateRows:
        """Return some of the rows."""
        return GateRows(
            tuple(part[rows] for part in self.features),
            self.probabilities[rows],
            self.happened[rows],
            self.groups[rows],
        )

    def zeros(self) -> list[Array]:
        """Return weights that count all experts alike: a kernel [D, E] for each part, and a bias [E]."""
        experts = self.probabilities.shape[1]
        kernels = [np.zeros((part.shape[1], experts), np.float32) for part in self.features]
        return [*kernels, np.zeros(experts, np.float32)]


def weigh(rows: GateRows, weights: Sequence[Array]) -> Array:
    """Compute softmax(sum of features x kernel + bias), the experts' weights: float [N, E].

    Args:
      rows: the rows.
      weights: a kernel [D, E] for each part, and a bias [E].
    """
    logits = sum((part @ kernel for part, kernel in zip(rows.features, weights)), weights[-1][None, :])
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def measure_loss(rows: GateRows, weights: Sequence[Array]) -> float:
    """Compute the mean cross-entropy of the mixed probabilities, in nats per row."""
    return float(_cross_entropy(_mix(rows, weigh(rows, weights)), rows.happened).sum() / max(1, len(rows.happened)))


def find_gradient(rows: GateRows, weights: Sequence[Array]) -> list[Array]:
    """Compute the gradient of `measure_loss` by the gate's weights, which has their shapes."""
    gate = weigh(rows, weights)
    mixed = _mix(rows, gate)
    # d loss / d mixed, then / d gate [N, E], then / d logits.
    slope = (mixed - rows.happened) / (mixed * (1 - mixed)) / max(1, len(mixed))
    of_gate = np.einsum("nk,nek->ne", slope, rows.probabilities)
    of_logits = gate * (of_gate - (gate * of_gate).sum(1, keepdims=True))
    return [*(part.T @ of_logits for part in rows.features), of_logits.sum(0)]


def _mix(rows: GateRows, gate: Array) -> Array:
    """Return the mixed probabilities, float [N, K], away from 0 and 1."""
    return np.clip(np.einsum("ne,nek->nk", gate, rows.probabilities), _CLIP, 1 - _CLIP)


def _cross_entropy(mixed: Array, happened: Array) -> Array:
    return -(happened * np.log(mixed) + (1 - happened) * np.log(1 - mixed))


def train_gate(
    rows: GateRows, blocks: int, held_out: GateRows | None = None, constant: bool = False
) -> tuple[list[Array], list[float]]:
    """Fit a gate.

    Args:
      rows: the rows to fit on.
      blocks: the number of blocks of ten steps.
      constant: whether the bias alone is fitted, so that the experts have the same weights in all rows.
      held_out: rows whose loss is measured before the first block and after each one, or None.

    Returns:
      The weights, and the losses of the held-out rows.
    """
    weights = rows.zeros()
    means, squares = rows.zeros(), rows.zeros()
    losses = [measure_loss(held_out, weights)] if held_out is not None else []
    for step in range(1, blocks * _BLOCK + 1):
        gradients = find_gradient(rows, weights)
        for number, gradient in enumerate(gradients):
            is_kernel = number < len(weights) - 1
            if is_kernel and constant:
                continue
            if is_kernel:
                gradient = gradient + 2 * _DECAY * weights[number]
            means[number] = 0.9 * means[number] + 0.1 * gradient
            squares[number] = 0.999 * squares[number] + 0.001 * gradient**2
            corrected = means[number] / (1 - 0.9**step), squares[number] / (1 - 0.999**step)
            weights[number] = (weights[number] - _RATE * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)).astype("f4")
        if held_out is not None and step % _BLOCK == 0:
            losses.append(measure_loss(held_out, weights))
    return weights, losses


def assign_folds(count: int, folds: int, seed: int = 0) -> Array:
    """Give each of some sentences a fold by chance, all folds alike: int [count].

    >>> sorted(assign_folds(5, 2).tolist())
    [0, 0, 0, 1, 1]
    """
    return np.random.default_rng(seed).permutation(count) % folds


@dataclasses.dataclass(frozen=True)
class FittedGate:
    """A gate and how it was found.

    Attributes:
      weights: a kernel [D, E] for each part, and a bias [E].
      of_folds: the weights that were fitted without each fold.
      kind: `CONSTANT` or `BY_FEATURES`; `UNIFORM` if no fitting helped.
      blocks: the number of blocks of ten steps that were taken.
      losses: by kind, the mean loss of held-out rows after each number of blocks, from 0: nats per row.
    """

    weights: list[Array]
    of_folds: list[list[Array]]
    kind: str
    blocks: int
    losses: dict[str, list[float]]


def measure_curve(rows: GateRows, folds: Array, constant: bool) -> list[float]:
    """Measure how long a gate should be fitted.

    Args:
      rows: the rows.
      folds: the fold of each row, int [N].
      constant: whether the bias alone is fitted.

    Returns:
      The mean loss of held-out rows after each number of blocks of ten steps, from 0.
    """
    curves = []
    for fold in np.unique(folds):
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        losses = train_gate(rows.take(inside), _BLOCKS, rows.take(outside), constant)[1]
        curves.append(np.array(losses) * len(outside))
    return [float(loss) for loss in np.sum(curves, 0) / len(folds)]


def fit_gate(rows: GateRows, folds: Array, count: int) -> FittedGate:
    """Fit a gate on all rows, as is best for held-out ones, and once without each fold.

    Args:
      rows: the rows. Without any, all experts count alike.
      folds: the fold of each row, int [N], from 0.
      count: the number of folds.
    """
    if not len(folds):
        return FittedGate(rows.zeros(), [rows.zeros() for _ in range(count)], UNIFORM, 0, {})
    losses = {kind: measure_curve(rows, folds, kind == CONSTANT) for kind in (CONSTANT, BY_FEATURES)}
    kind = min(losses, key=lambda name: min(losses[name]))  # the first one, which is simpler, if they are equal
    blocks = int(np.argmin(losses[kind]))
    without = [np.flatnonzero(folds != fold) for fold in range(count)]
    of_folds = [train_gate(rows.take(some), blocks, constant=kind == CONSTANT)[0] for some in without]
    weights = train_gate(rows, blocks, constant=kind == CONSTANT)[0]
    return FittedGate(weights, of_folds, kind if blocks else UNIFORM, blocks, losses)
