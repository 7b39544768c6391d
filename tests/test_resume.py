"""A run that is killed and started again ends as one that is not, to the last bit."""

import os
import random
import shutil

import pytest
from ends import list_differences, read_end
from helpers import run_command
from kills import Reference, kill_and_finish
from kinds import QUICK, write_corpus


@pytest.mark.e2e
@pytest.mark.parametrize("kills", [5, pytest.param(10, marks=pytest.mark.slow)])
def test_kills(kills, tmp_path):
    """SIGKILL at random moments, in a row; tests/reliability/kills.py does the same to more kinds of runs."""
    data = tmp_path / "data"
    write_corpus(data, 16)
    reference = Reference(tmp_path, QUICK, data)
    assert {"run/last/ckpt-3.index", "run/best/checkpoint", "run/metrics.jsonl"} <= reference.end.keys()
    places, differences = kill_and_finish(tmp_path, QUICK, data, reference, random.Random(1), kills, 0.5, 0.5)
    assert len(places) == kills and not differences, (places, differences)


@pytest.mark.slow
@pytest.mark.e2e
def test_the_same_bits_on_any_number_of_cores(tmp_path):
    """With --deterministic. The layers are wide enough for several threads to share a sum."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("one core")
    write_corpus(tmp_path / "data", 16)
    work = tmp_path / "work"
    work.mkdir()
    ends = []
    for chosen in (cores[:1], cores[:2]):
        command = ["cman_tf.train", f"--data_dir={tmp_path}/data", "--model_dir=run", "--model=multihead", "--noxla"]
        process = run_command(
            *command,
            *("--hidden_size=128", "--batch_size=16", "--nouse_characters", "--tokenizer=default", "--epochs=2"),
            "--deterministic",
            cwd=work,
            preexec_fn=lambda chosen=chosen: os.sched_setaffinity(0, chosen),
        )
        assert process.returncode == 0, process.stderr
        ends.append(read_end(work))
        shutil.rmtree(work / "run")
    assert not list_differences(*ends) and ends[0]["run/run.json"]["threads"] == [1]
