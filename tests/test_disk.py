"""Full disks, real ones: a small tmpfs in a mount namespace. `tests/reliability/disk.py` tries every command."""

import json
import subprocess
import sys

import pytest
from helpers import ROOT

sys.path.append(str(ROOT / "tests" / "reliability"))
from small_disk import can_mount

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not can_mount(), reason="mounting a tmpfs is not permitted here; root may"),
]
WITHIN = """
import json, os, pathlib, sys
from small_disk import enter_namespace, mount
enter_namespace()
import numpy as np
from test_damaged_checkpoints import open_state
from cman_tf.encoders.feature_file import create_file, write_index
from cman_tf.encoders.source import Source
from cman_tf.exporting.directory import new_directory
from cman_tf.runs.record import verify_resumable
from cman_tf.training.summaries import Summaries

found = {}

def attempt(name, call):
    try:
        call()
        found[name] = None
    except OSError as error:
        found[name] = str(error)

def write_features(path):
    with create_file(path, Source("transformer", {}, "ab")) as file:
        write_index(file, [b"a" * 32], [1000])
        file["features"] = np.ones([1000, 1, 8], np.float32)

def export(path):
    with new_directory(path) as folder:
        (folder / "a").write_bytes(bytes(1 << 16))

with mount(1 << 18) as disk:
    run = disk.path / "run"
    state, model = open_state(run)
    state.finish_epoch(1, 10.0)
    calls = {
        "checkpoint": lambda: state.finish_epoch(2, 20.0),
        "tensorboard": lambda: Summaries(str(run), 0).add({"epoch": 1}, sentences="a" * 9000),
        "features": lambda: write_features(disk.path / "f.h5"),
        "export": lambda: export(disk.path / "saved"),
    }
    for room in (0, 4096, 8192):
        disk.fill(room)
        before = disk.list_files()
        for name, call in calls.items():
            attempt(f"{name} {room}", call)
        found[f"left {room}"] = [name for name in disk.list_files() if "temp" in name or "/." in name or name[0] == "."]
        disk.make_room()
        verify_resumable(run, required=True)
    for name, call in calls.items():
        attempt(name, call)
    state, model = open_state(run)
    found["restored"] = state.restore_last()
    found["disk"] = str(disk.path)
print(json.dumps(found))
"""


def test_what_training_writes_on_a_full_disk(tmp_path):
    script = tmp_path / "within.py"
    script.write_text(
        f"import sys\nsys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}, "
        f"{str(ROOT / 'tests' / 'reliability')!r}]\n{WITHIN}"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    disk = found["disk"]
    paths = {"checkpoint": "run/best/ckpt-2", "tensorboard": "run/tensorboard", "features": "f.h5", "export": "saved"}
    for room in (0, 4096, 8192):
        assert found[f"left {room}"] == []
        for name, path in paths.items():
            line = found[f"{name} {room}"]
            expected = f"[Errno 28] No space left on device: '{disk}/"
            places = (f"{expected}{path}'", f"{expected}{path.replace('best', 'last')}'")
            # The file of an earlier process may be the one that cannot be written anew.
            assert line is None or line in places or line.startswith(f"{expected}run/tensorboard/events.out."), line
    for name in paths:
        assert found[f"{name} 0"] is not None, json.dumps(found)
        assert found[name] is None  # with room
    assert found["restored"] == 2


@pytest.mark.parametrize("cases", ["score,convert to a folder"])
def test_commands_on_a_full_disk_say_so_and_go_on_with_room(cases):
    command = [sys.executable, "tests/reliability/disk.py", f"--cases={cases}", "--output="]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=None)
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-4000:]
