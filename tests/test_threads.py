"""The number of threads of a run."""

import os

from cman_tf.training.threads import count_threads, describe_change


def test_number_of_threads(monkeypatch):
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    assert count_threads() == len(os.sched_getaffinity(0))
    for value, expected in (("7", 7), ("0", count_threads()), ("many", count_threads())):
        monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", value)
        assert count_threads() == expected


def test_a_change_is_one_line():
    assert describe_change([], 4) == describe_change([2, 4], 4) == ""
    line = describe_change([4, 2], 4)
    assert line.startswith("threads: 2 before, 4 now;") and "--deterministic" in line and "\n" not in line
