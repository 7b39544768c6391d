"""Temperatures and reliability, against definitions written out in NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.scoring import calibration
from cman_tf.scoring.calibration import fit_temperature, measure_reliability, reliability_bins, scale_scores

EVENTS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def smoothed_loss(scores, right, temperature):
    """The loss of `fit_temperature`, as its docstring says it."""
    p = np.clip(scores, 1e-7, 1 - 1e-7)
    z = np.log(p / (1 - p)) / temperature
    positive, negative = right.sum(), (~right).sum()
    t = np.where(right, (positive + 1) / (positive + 2), 1 / (negative + 2))
    return np.mean(t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z))


def split(events):
    scores, right = zip(*events)
    return np.array(scores), np.array(right, bool)


@given(EVENTS)
def test_the_temperature_has_the_lowest_loss(events):
    scores, right = split(events)
    found = fit_temperature(scores, right)
    assert 0.1 <= found <= 10
    if 0 < right.sum() < len(right):
        losses = [smoothed_loss(scores, right, t) for t in np.geomspace(0.1, 10, 41)]
        assert smoothed_loss(scores, right, found) <= min(losses) + 1e-9
    else:
        assert found == 1.0


def test_a_known_temperature_is_found_again():
    generator = np.random.default_rng(1)
    true = generator.uniform(0.02, 0.98, 20000)
    right = generator.random(20000) < true
    assert fit_temperature(scale_scores(true, 1 / 2.5), right) == pytest.approx(2.5, rel=0.05)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.floats(0.1, 10))
def test_a_temperature_keeps_the_order_and_the_half(scores, temperature):
    scaled = scale_scores(scores, temperature)
    order = np.argsort(scores)
    assert (np.diff(scaled[order]) >= 0).all() and (scaled >= 0).all() and (scaled <= 1).all()
    assert ((scaled > 0.5) == (np.array(scores) > 0.5)).mean() == 1 or np.isclose(scores, 0.5, atol=1e-6).any()
    assert scale_scores(scores, 1.0).tolist() == scores
    inside = np.clip(scores, 0.1, 0.9)
    assert np.allclose(scale_scores(scale_scores(inside, 2.0), 0.5), inside)


@given(EVENTS, st.integers(1, 15))
def test_bins_and_their_error(events, count):
    scores, right = split(events)
    bins = reliability_bins(scores, right, count)
    error = 0.0
    for number, found in enumerate(bins):
        mine = np.minimum((scores * count).astype(int), count - 1) == number
        assert found.events == mine.sum()
        if mine.any():
            assert found.score == pytest.approx(scores[mine].mean()) and found.right == pytest.approx(
                right[mine].mean()
            )
            error += mine.mean() * abs(scores[mine].mean() - right[mine].mean())
    assert calibration.expected_calibration_error(bins) == pytest.approx(error, abs=1e-12)


@given(EVENTS)
def test_log_loss(events):
    scores, right = split(events)
    p = np.clip(scores, 1e-7, 1 - 1e-7)
    assert calibration.log_loss(scores, right) == pytest.approx(-np.mean(np.log(np.where(right, p, 1 - p))))
    assert measure_reliability(scores, right)["right"] == right.sum()


def test_without_events():
    assert measure_reliability([], [])["expected_calibration_error"] == measure_reliability([], [])["log_loss"] == 0.0
    assert fit_temperature([], []) == 1.0
