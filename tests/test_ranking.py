"""The largest scores, whatever their number and however many are equal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.retrieving import ranking
from cman_tf.retrieving.ranking import rank_best


@given(st.lists(st.integers(0, 6), max_size=60), st.integers(1, 70), st.sampled_from([1, 2, 3, 7, 1024]))
def test_as_a_stable_sort_has_it(scores, k, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "_BLOCK", block)
        found = rank_best(np.array(scores, np.float32), k)
    assert found.tolist() == sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:k]
