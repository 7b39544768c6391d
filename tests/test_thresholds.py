"""Thresholds: the curve and the choice, against counting by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.scoring.thresholds import GRID, choose_threshold, rates_at

SCORES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
EVENTS = st.lists(st.tuples(SCORES, st.booleans()), max_size=40)


def count_by_hand(events, gold, threshold):
    found = [right for score, right in events if score > threshold]
    tp = sum(found)
    return tp, len(found) - tp, gold - tp


@given(EVENTS, st.integers(0, 5), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_rates_are_counts(events, missed, thresholds):
    scores, right = [score for score, _ in events], [right for _, right in events]
    gold = sum(right) + missed
    for rates, threshold in zip(rates_at(scores, right, gold, thresholds), thresholds):
        assert (rates["tp"], rates["fp"], rates["fn"]) == count_by_hand(events, gold, threshold)


@given(EVENTS, st.integers(0, 5), st.floats(0.1, 0.9))
def test_no_threshold_is_better_than_the_chosen_one(events, missed, default):
    scores, right = [score for score, _ in events], [right for _, right in events]
    gold = sum(right) + missed
    choice = choose_threshold(scores, right, gold, default)
    counts = choice.rates["tp"], choice.rates["fp"], choice.rates["fn"]
    assert counts == count_by_hand(events, gold, choice.threshold)
    assert choice.rates["f1"] >= choice.at_default["f1"]
    limits = [t for t in (*GRID, *(s for s in scores)) if 0.05 <= t <= 0.95]
    assert choice.rates["f1"] >= max(r["f1"] for r in rates_at(scores, right, gold, limits)) - 1e-9
    assert choice.threshold == default or 0.05 <= choice.threshold <= 0.95
    assert bool(choice.reason) == (choice.threshold == default)
    assert choice.threshold not in scores or choice.threshold == default


def test_the_choice_is_the_nearest_and_the_shortest():
    scores = [0.93, 0.71, 0.4217, 0.3129, 0.2]
    assert choose_threshold(scores, [1, 1, 1, 0, 0], 3, 0.5).threshold == 0.4
    assert choose_threshold(scores, [1, 1, 1, 0, 0], 3, 0.5, fewest=4).reason == "fewer than 4 in the data"
    assert choose_threshold(scores, [1, 1, 0, 0, 0], 2, 0.5).reason == "no other threshold has a higher F1"
    assert choose_threshold([0.9, 0.8, 0.7], [1, 0, 0], 1, 0.75).threshold == pytest.approx(0.85, abs=0.05)
    assert choose_threshold([0.99, 0.97], [1, 0], 1, 0.5).threshold == 0.5  # would have to be above 0.95
    assert choose_threshold([], [], 3, 0.5).threshold == 0.5
    assert choose_threshold([0.3, 0.3, 0.3], [1, 0, 1], 2, 0.5).threshold == 0.2


def test_many_events_take_no_time():
    generator = np.random.default_rng(0)
    scores = generator.random(300000)
    choice = choose_threshold(scores, generator.random(300000) < scores, int(scores.sum()), 0.5)
    assert 0.05 <= choice.threshold <= 0.95
