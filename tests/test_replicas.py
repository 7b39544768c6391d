"""Training on several devices and in several processes: the same as on one, and what happens when one is lost."""

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers import BASELINE, ROOT, TINY_FLAGS, call_command
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.sample import DIRECTORY
from cman_tf.training.shared_prediction import pack_outputs, unpack_outputs

LOST = "another process has stopped, or cannot be reached; start all of them again"


def free_addresses(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]


def start(index, addresses, *arguments, **options):
    """Start one of the processes that TF_CONFIG names."""
    config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    environment = {**os.environ, "TF_CONFIG": json.dumps(config), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def start_training(folder, model, processes, *arguments):
    addresses = free_addresses(processes)
    flags = [f"--data_dir={DIRECTORY}", f"--model_dir={folder}", "--strategy=multi_worker", *model, *arguments]
    return [start(index, addresses, "-m", "cman_tf.train", *flags) for index in range(processes)]


def assert_equal_steps(report, replicas):
    assert report["replicas"] == replicas and report["same"] == {"steps": True, "predicted": True}
    assert max(report["differences"].values()) < 1e-5 < 1e-2 < report["moved"]


def run_steps(model, replicas):
    process = subprocess.run(
        [sys.executable, "replica_steps.py", model, "mirrored", str(replicas)],
        cwd=ROOT / "tests",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return json.loads(process.stdout.splitlines()[-1])


@pytest.mark.e2e
def test_two_devices_compute_what_one_computes():
    """Losses, gradients and averages, for even, uneven and empty parts of batches."""
    assert_equal_steps(run_steps("multihead", 2), 2)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["cman", "dynamic_cman"])
def test_three_devices_compute_what_one_computes(model):
    assert_equal_steps(run_steps(model, 3), 3)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["dynamic_cman", "multihead"])
def test_two_processes_compute_what_one_computes(model):
    addresses = free_addresses(2)
    processes = [
        start(index, addresses, "replica_steps.py", model, "multi_worker", cwd=ROOT / "tests") for index in range(2)
    ]
    for process in processes:
        output, errors = process.communicate(timeout=500)
        assert process.returncode == 0, errors[-3000:]
        assert_equal_steps(json.loads(output.splitlines()[-1]), 2)


def hash_weights(folder):
    """Return the hash of the best epoch's weights: of its data file, which has no times."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("best/*.data-*")}


def wait_for_epoch(folder, epoch):
    end = time.monotonic() + 300
    while time.monotonic() < end:
        with contextlib.suppress(FileNotFoundError):
            if len((folder / "metrics.jsonl").read_text().splitlines()) >= epoch:
                return
        time.sleep(0.1)
    raise AssertionError("no epoch")


def end_all(processes, timeout):
    """Wait for all processes, and return each one's exit code, output and errors."""
    try:
        ended = [process.communicate(timeout=timeout) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, *texts) for process, texts in zip(processes, ended)]


@pytest.mark.slow
def test_killed_processes_end_the_others_and_all_resume(tmp_path):
    """A worker is killed, then the chief; each time the other one ends in one line within two minutes. Started again,
    both go on, and end with the weights of a run in which nothing was killed. Only the chief writes."""
    whole = end_all(start_training(tmp_path / "whole", BASELINE, 2, "--epochs=4"), 500)
    assert [code for code, *_ in whole] == [0, 0], whole
    for epoch, killed in ((1, 1), (2, 0)):
        processes = start_training(tmp_path / "run", BASELINE, 2, "--epochs=4", "--checkpoint_steps=3")
        wait_for_epoch(tmp_path / "run", epoch)
        processes[killed].kill()
        codes = end_all(processes, 120)
        assert codes[killed][0] == -9
        code, _, errors = codes[1 - killed]
        assert code == 1
        assert errors.splitlines()[-1].startswith(LOST) and "Traceback" not in errors
    resumed = end_all(start_training(tmp_path / "run", BASELINE, 2, "--epochs=4", "--checkpoint_steps=3"), 500)
    assert [code for code, *_ in resumed] == [0, 0], resumed
    assert hash_weights(tmp_path / "run") == hash_weights(tmp_path / "whole") != {}
    assert "strict, micro" in resumed[0][1] and "strict" not in resumed[1][1]
    assert "resuming after epoch" in resumed[0][2] and resumed[1][2] == ""
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["replicas"] == [2]
    finished = end_all(start_training(tmp_path / "run", BASELINE, 2, "--epochs=4", "--checkpoint_steps=3"), 300)
    assert [code for code, *_ in finished] == [0, 0] and "strict, micro" in finished[0][1]


@pytest.mark.slow
def test_a_process_with_other_settings_is_refused(tmp_path):
    addresses = free_addresses(2)
    flags = [f"--data_dir={DIRECTORY}", f"--model_dir={tmp_path / 'run'}", "--strategy=multi_worker", *BASELINE]
    processes = [
        start(index, addresses, "-m", "cman_tf.train", *flags, f"--seed={index + 1}", "--epochs=1")
        for index in range(2)
    ]
    for code, _, errors in end_all(processes, 300):
        assert code == 1
        assert errors == (
            f"{addresses[1]} has other settings, corpora or GPUs than {addresses[0]}, expected the same command and "
            "the same files in all processes\n"
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_process_that_waits_in_vain_ends_in_one_line(tmp_path):
    addresses = free_addresses(2)
    flags = [f"--data_dir={DIRECTORY}", f"--model_dir={tmp_path / 'run'}", "--strategy=multi_worker", *TINY_FLAGS]
    for index in range(2):
        [(code, _, errors)] = end_all([start(index, addresses, "-m", "cman_tf.train", *flags)], 200)
        assert code == 1 and len(errors.splitlines()) == 1
        assert f": waited in vain for {addresses[1 - index]}, expected all processes" in errors


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--strategy=mirrored", "--deterministic"], "--deterministic with --strategy=mirrored, expected one of them"),
        (["--replicas=2"], "--replicas with --strategy=none, expected --strategy=mirrored"),
        (["--strategy=multi_worker"], "--strategy=multi_worker: the environment has no TF_CONFIG, expected"),
    ],
)
def test_flags_that_do_not_fit_are_one_line(flags, expected, tmp_path):
    run = call_command("cman_tf.train", f"--data_dir={DIRECTORY}", f"--model_dir={tmp_path}/run", *flags)
    assert run.returncode != 0 and expected in run.stderr and len(run.stderr.splitlines()) == 1


@given(st.dictionaries(st.integers(0, 99), st.tuples(st.lists(st.integers(0, 9), max_size=5), st.integers(0, 4))))
def test_outputs_survive_their_transfer(outputs):
    arrays = {
        row: {"tags": np.array(tags, np.int32), "pairs": np.ones((pairs, 2), np.int64)}
        for row, (tags, pairs) in outputs.items()
    }
    found = dict(unpack_outputs(pack_outputs(arrays)))
    assert found.keys() == arrays.keys()
    for row, expected in arrays.items():
        for name, array in expected.items():
            np.testing.assert_array_equal(found[row][name], array)
            assert found[row][name].dtype == array.dtype
