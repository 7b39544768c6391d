"""Fitting the gates of a mixture, in NumPy: gradients, what a gate learns, and how long it is fitted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.mixing.gate_fitting import (
    GateRows,
    assign_folds,
    find_gradient,
    fit_gate,
    measure_curve,
    measure_loss,
    train_gate,
    weigh,
)


def make_rows(seed, count=7, experts=2, outcomes=3, widths=(4, 5)):
    random = np.random.default_rng(seed)
    return GateRows(
        tuple(random.normal(size=(count, width)) for width in widths),
        random.uniform(0.05, 0.95, (count, experts, outcomes)),
        random.integers(0, 2, (count, outcomes)).astype(float),
        np.arange(count),
    )


def make_weights(rows, seed):
    random = np.random.default_rng(seed)
    return [random.normal(size=array.shape) * 0.3 for array in rows.zeros()]


@pytest.mark.parametrize("experts", [2, 3])
@pytest.mark.parametrize("widths", [(4,), (4, 5)])
def test_gradient_is_that_of_finite_differences(experts, widths):
    rows = make_rows(1, experts=experts, widths=widths)
    weights = make_weights(rows, 2)
    for number, gradient in enumerate(find_gradient(rows, weights)):
        for place in np.ndindex(gradient.shape):
            losses = []
            for sign in (1, -1):
                moved = [array.copy() for array in weights]
                moved[number][place] += sign * 1e-5
                losses.append(measure_loss(rows, moved))
            assert gradient[place] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-4, abs=1e-8)


def test_loss_by_hand():
    """One row, two experts, weights 3/4 and 1/4: p = 0.75 * 0.8 + 0.25 * 0.4 = 0.7."""
    rows = GateRows((np.ones((1, 1)),), np.array([[[0.8], [0.4]]]), np.ones((1, 1)), np.zeros(1, int))
    weights = [np.array([[np.log(3.0), 0.0]]), np.zeros(2)]
    assert weigh(rows, weights)[0] == pytest.approx([0.75, 0.25])
    assert measure_loss(rows, weights) == pytest.approx(-np.log(0.7))
    assert measure_loss(rows, rows.zeros()) == pytest.approx(-np.log(0.6))


@given(st.integers(0, 1000))
def test_weights_are_a_distribution(seed):
    rows = make_rows(seed)
    gate = weigh(rows, make_weights(rows, seed + 1))
    assert (gate > 0).all() and gate.sum(1) == pytest.approx(np.ones(len(gate)))


def make_divided(count=60):
    """Rows of which the first feature says which of two experts is right."""
    random = np.random.default_rng(5)
    which = random.integers(0, 2, count)
    features = np.stack([2.0 * which - 1, random.normal(size=count)], 1).astype(np.float32)
    probabilities = np.full((count, 2, 1), 0.1, np.float32)
    probabilities[np.arange(count), which] = 0.9
    return GateRows((features,), probabilities, np.ones((count, 1), np.float32), np.arange(count)), which


def test_a_gate_learns_which_expert_is_right():
    rows, which = make_divided()
    fitted = fit_gate(rows, assign_folds(60, 5), 5)
    curve = fitted.losses["by features"]
    assert fitted.kind == "by features" and fitted.blocks > 0 and min(curve) < curve[0]
    for weights in (fitted.weights, *fitted.of_folds):
        assert (weigh(rows, weights).argmax(1) == which).all()


def test_a_gate_that_cannot_help_stays_the_average():
    """Experts that say the same leave nothing to learn; no row at all, neither."""
    rows, _ = make_divided()
    same = GateRows(rows.features, np.full_like(rows.probabilities, 0.6), rows.happened, rows.groups)
    fitted = fit_gate(same, assign_folds(60, 5), 5)
    assert fitted.kind == "uniform" and fitted.blocks == 0 and all((array == 0).all() for array in fitted.weights)
    none = fit_gate(rows.take(np.zeros(0, int)), np.zeros(0, int), 5)
    assert none.blocks == 0 and len(none.of_folds) == 5 and all((array == 0).all() for array in none.weights)


def test_noise_is_not_learned_by_heart():
    """Held-out rows choose how long a gate is fitted: with features of noise, not to the end."""
    random = np.random.default_rng(3)
    features = random.normal(size=(40, 30)).astype(np.float32)
    probabilities = random.uniform(0.3, 0.7, (40, 2, 1)).astype(np.float32)
    rows = GateRows((features,), probabilities, np.ones((40, 1), np.float32), np.arange(40))
    losses = measure_curve(rows, assign_folds(40, 5), constant=False)
    blocks = int(np.argmin(losses))
    assert measure_loss(rows, train_gate(rows, 30)[0]) < measure_loss(rows, train_gate(rows, blocks)[0])
    fitted = fit_gate(rows, assign_folds(40, 5), 5)
    assert min(map(min, fitted.losses.values())) == fitted.losses[fitted.kind][fitted.blocks]


def test_one_expert_that_is_always_better_is_trusted_everywhere():
    """With few rows and many features a constant gate is enough, and its kernels stay 0."""
    random = np.random.default_rng(4)
    features = random.normal(size=(50, 40)).astype(np.float32)
    is_right = random.uniform(size=(50, 1)) < 0.9
    probabilities = np.stack([np.full((50, 1), 0.5), np.where(is_right, 0.95, 0.3)], 1).astype(np.float32)
    rows = GateRows((features,), probabilities, np.ones((50, 1), np.float32), np.arange(50))
    fitted = fit_gate(rows, assign_folds(50, 5), 5)
    assert fitted.kind == "constant" and (fitted.weights[0] == 0).all()
    gate = weigh(rows, fitted.weights)
    assert (gate[:, 1] > 0.7).all() and (gate == gate[0]).all()


def test_rows_of_a_fold_are_not_seen():
    rows, _ = make_divided()
    folds = assign_folds(60, 3)
    changed = rows.happened.copy()
    changed[folds == 1] = 0.0
    other = GateRows(rows.features, rows.probabilities, changed, rows.groups)
    inside = [train_gate(one.take(np.flatnonzero(folds != 1)), 5)[0] for one in (rows, other)]
    assert all((one == two).all() for one, two in zip(*inside))
