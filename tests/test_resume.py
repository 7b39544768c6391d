"""A run that is killed and started again ends as one that is not, to the last bit."""

import random

import pytest
from kills import Reference, kill_and_finish
from kinds import QUICK, write_corpus


@pytest.mark.e2e
def test_ten_kills(tmp_path):
    """SIGKILL at random moments, ten times in a row; tests/reliability/kills.py does the same to more kinds of runs."""
    data = tmp_path / "data"
    write_corpus(data, 16)
    reference = Reference(tmp_path, QUICK, data)
    assert {"run/last/ckpt-3.index", "run/best/checkpoint", "run/metrics.jsonl"} <= reference.end.keys()
    places, differences = kill_and_finish(tmp_path, QUICK, data, reference, random.Random(1), kills=10, share=0.6)
    assert len(places) == 10 and not differences, (places, differences)
