"""t tests of differences of means, against scipy's own and values worked out by hand."""

import sys

import pytest
from helpers import import_extra

from cman_tf.errors import DataError
from cman_tf.experiments.significance import compare_means

import_extra("report")
from scipy import stats  # noqa: E402

pytestmark = pytest.mark.extra(name="report")
THREE = (80.0, 81.0, 82.0)


def test_welch_is_scipys():
    others = (70.0, 75.0, 71.0, 79.0)
    found, expected = compare_means(THREE, others), stats.ttest_ind(THREE, others, equal_var=False)
    assert found.test == "Welch"
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert found.difference == pytest.approx(81 - 73.75)


def test_a_single_run_takes_the_other_sides_variance():
    """80, 81, 82 deviate by 1. With one more value the limit of p = 0.05 is 4.303 * sqrt(1 + 1/3) = 4.969."""
    limit = 4.3027 * (4 / 3) ** 0.5
    found = compare_means((81 + limit,), THREE)
    assert found.test == "Student"
    assert found.p == pytest.approx(0.05, abs=1e-4)
    assert (found.low, found.high) == pytest.approx((0, 2 * limit), abs=1e-3)
    assert compare_means((81 + limit + 0.1,), THREE).p < 0.05 < compare_means((81 + limit - 0.1,), THREE).p


def test_swapping_the_sides_swaps_the_interval():
    found, swapped = compare_means(THREE, (70.0, 75.0)), compare_means((70.0, 75.0), THREE)
    assert (swapped.difference, swapped.low, swapped.high) == pytest.approx(
        (-found.difference, -found.high, -found.low)
    )
    assert swapped.p == pytest.approx(found.p)


def test_runs_that_do_not_vary():
    assert compare_means((80.0, 80.0), (80.0, 80.0)).p == 1
    assert compare_means((80.0, 80.0), (79.0, 79.0))[:4] == (1, 1, 1, 0)


def test_two_single_runs_are_not_compared():
    assert compare_means((80.0,), (99.0,)) is None


def test_without_scipy_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(DataError, match=r"scipy is not installed.*pip install 'cman-tf\[report\]'"):
        compare_means(THREE, THREE)
