"""The position within an epoch, as a checkpoint holds it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.training.epoch_position import EpochPosition

_LOGS = st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False), min_size=1, max_size=4)


@given(st.lists(_LOGS, max_size=6), st.integers(0, 6))
def test_an_interrupted_sum_is_the_same_to_the_last_bit(batches, before):
    whole, first = EpochPosition(), EpochPosition()
    for logs in batches:
        whole.add(logs, len(batches))
    for logs in batches[:before]:
        first.add(logs, len(batches))
    resumed = EpochPosition()
    resumed.deserialize(first.serialize())
    for logs in batches[before:]:
        resumed.add(logs, len(batches))
    assert resumed.serialize() == whole.serialize()  # as text, as NaN is not equal to itself
    assert resumed.batches == len(batches) and list(resumed.sums) == list(whole.sums)
    whole.clear()
    assert whole.serialize() == EpochPosition().serialize()


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "[]", "{}", "null"),
        *(json.dumps({"batches": 1, "sums": sums, "seconds": 0}) for sums in ([], {"a": "b"}, {"a": []})),
        *(json.dumps({"batches": count, "sums": {}, "seconds": 0}) for count in (-1, None, "x", float("inf"))),
        '{"batches": 1, "sums": {}, "seconds": Infinity}',
    ],
)
def test_other_text_is_refused(text):
    position = EpochPosition()
    with pytest.raises(ValueError):
        position.deserialize(text)
    assert position.serialize() == EpochPosition().serialize()
