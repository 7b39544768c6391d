"""Damaged files of every kind: each is read, or refused in one line; nothing else is raised.

`FUZZ_RUNS=20000 pytest tests/test_model_directory_fuzz.py` tries more than the suite does. `tests/reliability/fuzz.py`
also measures time and memory.
"""

import os
import random

import pytest
from helpers import import_extra

from cman_tf.errors import DataError

import_extra("serve")
from fuzz_targets import make_targets, make_tensorflow_targets, try_damaged  # noqa: E402

pytestmark = pytest.mark.extra(name="serve")
RUNS = int(os.environ.get("FUZZ_RUNS", "900"))


@pytest.mark.parametrize(
    ("make", "runs"),
    [
        (make_targets, RUNS),
        pytest.param(make_tensorflow_targets, RUNS // 12, marks=pytest.mark.extra(name="transformers")),
    ],
)
def test_damaged_files_are_refused_in_one_line(tmp_path, make, runs):
    targets = make(tmp_path)
    for target in targets:  # the valid ones are read, or lack something outside of them
        try:
            target.read()
        except DataError as error:
            assert target.name in ("contextual.json", "record.json"), error
    draw = random.Random(1)
    for target in draw.choices(targets, [target.weight for target in targets], k=runs):
        assert not try_damaged(target, draw), target.name
