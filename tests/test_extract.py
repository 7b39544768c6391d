"""The command cman-tf extract: with Ray's processes, and without where it refuses what it is given."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import pytest
from helpers import ROOT, call_command, fails_with, import_extra, run_command
from ray_cluster import RayCluster, kill_all, list_children

import_extra("ray")
pytestmark = [pytest.mark.e2e, pytest.mark.extra(name="ray")]

TEXTS = ["Ann Lee lives in Rome .", "", "Fox News hired Bo .", "Rome is in Italy, and Bo left .", "😀 Ann works"]
MANY = [f"{text} {number}" for number in range(2000) for text in TEXTS]
_SECONDS = 300


@pytest.fixture(scope="module")
def model(trained):
    return trained("multihead")


def write_texts(path, texts):
    path.write_text("".join(f"{text}\n" for text in texts))
    return path


def extract(*arguments, **options):
    return run_command("cman_tf.extract", *map(str, arguments), **options)


def start(*arguments, **environment):
    """Start the command in a group of its own, as a shell does."""
    return subprocess.Popen(
        [sys.executable, "-m", "cman_tf.extract", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


def predict(model, path, *more):
    process = call_command("cman_tf.predict", f"--model_dir={model}", f"--input={path}", *more)
    assert process.returncode == 0, process.stderr
    return process.stdout


def read_parts(folder):
    return "".join(path.read_text() for path in sorted(folder.glob("part-*")))


def wait_for_parts(folder, count, process):
    start = time.monotonic()
    while len(list(folder.glob("part-*"))) < count:
        assert process.poll() is None and time.monotonic() - start < _SECONDS, process.communicate()
        time.sleep(0.02)


def is_worker(process):
    """Whether a process is one of Ray's that holds the model."""
    with contextlib.suppress(OSError):
        return b"MapWorker" in pathlib.Path(f"/proc/{process}/cmdline").read_bytes()
    return False


def is_at_work(process):
    """Whether a process is a worker, or one that would start another. Ray's agents end after a minute."""
    with contextlib.suppress(OSError):
        line = pathlib.Path(f"/proc/{process}/cmdline").read_bytes()  # empty if it has ended
        return any(name in line for name in (b"MapWorker", b"/raylet", b"/gcs_server"))
    return False


def test_all_inputs_and_their_dead_letters(model, tmp_path):
    """Three formats in a folder give what predict gives; what cannot be read is named; nothing is done twice."""
    import pyarrow as pa
    from pyarrow import parquet

    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    raw = [text.encode() for text in MANY[:700]]
    raw[3], raw[699] = b"Ann \xff left", b"\xff"
    (folder / "a.txt").write_bytes(b"".join(line + b"\n" for line in raw))
    records = [{"id": 7, "text": "Ann left ."}, {"tokens": ["Bo", "left"]}, {"text": 3}, {"id": "x", "text": "Oslo"}]
    (folder / "b.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records) + "{]\n")
    parquet.write_table(pa.table({"text": ["Ann left .", None, "Bo lives in Rome ."], "id": [1, 2, 3]}), folder / "c")
    process = extract(
        f"--model_dir={model}", f"--input={folder}", f"--output_dir={output}", "--workers=1", "--shard_texts=512"
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr == "" and re.search(r"^texts +708$", process.stdout, re.M), process.stdout
    (folder / "d.jsonl").write_text('{"id": 1, "text": "Ann left ."}\n{"id": 3, "text": "Bo lives in Rome ."}\n')
    expected = [predict(model, folder / name, "--on_error=skip") for name in ("a.txt", "b.jsonl", "d.jsonl")]
    lines = [line for line in "".join(expected).splitlines() if '"error"' not in line]
    assert read_parts(output).splitlines() == lines
    letters = [json.loads(line) for path in sorted(output.glob("dead/*")) for line in path.read_text().splitlines()]
    places = [(pathlib.Path(letter["file"]).name, letter["line"]) for letter in letters]
    assert places == [("a.txt", 4), ("a.txt", 700), ("b.jsonl", 3), ("b.jsonl", 5), ("c", 2)]
    assert letters[0]["content"] == "Ann \\xff left" and "not UTF-8" in letters[0]["reason"]
    result = json.loads((output / "extract.json").read_text())
    assert (result["texts"], result["dead"], result["parts"]) == (708, 5, 4)
    again = (f"--model_dir={model}", f"--input={folder}", f"--output_dir={output}", "--shard_texts=512")
    fails_with(call_command("cman_tf.extract", *again), "d.jsonl: not among the inputs when the run began")
    (folder / "d.jsonl").unlink()
    assert call_command("cman_tf.extract", *again).stdout == process.stdout
    fails_with(call_command("cman_tf.extract", *again, "--strict"), "a.txt, line 4: byte 0xff is not UTF-8")
    fails_with(call_command("cman_tf.extract", *again, "--all_scores"), "holds a run with another all_scores")
    (folder / "b.jsonl").write_text("{}\n")
    fails_with(call_command("cman_tf.extract", *again), "b.jsonl: was changed since the run began")


def test_what_is_refused_before_ray_starts(model, tmp_path):
    texts = write_texts(tmp_path / "a.txt", TEXTS)
    output = tmp_path / "out"

    def refused(*arguments, text=texts):
        flags = (f"--model_dir={model}", f"--input={text}", f"--output_dir={output}", *arguments)
        return call_command("cman_tf.extract", *flags)

    fails_with(refused(text=tmp_path / "none"), "none: no such file or folder, expected text, JSON lines or Parquet")
    fails_with(refused(f"--input={texts}"), "a.txt: named twice")
    fails_with(refused(f"--input={write_texts(tmp_path / 'b.gz', [])}"), "b.gz: a packed file")
    fails_with(refused("--input=nowhere://x"), "nowhere://x: ")
    fails_with(refused("--given_entities"), "a.txt: raw text has no entities")
    assert not output.exists()
    fails_with(refused("--input_format=parquet"), "a.txt: ", "expected a Parquet file")
    fails_with(refused("--address=1.2.3.4:5"), "--workers: expected the number of workers")
    for address in ("ray://x:1", "auto", "head", "head:x"):
        fails_with(refused(f"--address={address}", "--workers=1"), f"--address={address}: expected HOST:PORT of a cl")
    (tmp_path / "list.json").write_text('[{"text": "a"}]')
    fails_with(refused(text=tmp_path / "list.json"), "list.json: JSON on several lines, expected an object on each")
    fails_with(refused(text=ROOT / "cman_tf" / "sample" / "dev.json"), "dev.json: JSON on several lines")
    fails_with(refused(text=tmp_path), "out: in the folder that is read")
    (output / "x").mkdir(parents=True)
    fails_with(refused(), "out: not empty and no run of cman-tf extract")


def test_strict_names_the_row_of_a_table(tmp_path):
    from cman_tf.errors import DataError
    from cman_tf.extracting.lines import Cut
    from cman_tf.extracting.output import OutputFolder
    from cman_tf.extracting.run import _refuse_dead
    from cman_tf.extracting.shards import Shard

    (tmp_path / "dead").mkdir()
    letter = {"file": "c.parquet", "line": 2, "reason": "no text", "bytes": 4, "content": "null"}
    (tmp_path / "dead" / "part-00000.jsonl").write_text(json.dumps(letter) + "\n")
    folder, shards = OutputFolder(str(tmp_path), ".jsonl"), [Shard(0, 0, Cut(0, 9, 1, 9))]
    for format, unit in (("parquet", "row"), ("jsonl", "line")):
        with pytest.raises(DataError, match=f"^c.parquet, {unit} 2: no text$"):
            _refuse_dead(folder, {0: {"dead": 1}}, [format], shards)


def test_python_3_9_and_ray_that_is_not_installed(monkeypatch, tmp_path):
    from cman_tf.errors import DataError
    from cman_tf.extracting.session import check_ray

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"^Ray is not installed; pip install 'cman-tf\[ray\]'$"):
        check_ray()
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    with pytest.raises(DataError, match=r"needs Python 3.10 or newer, as Ray does; this is Python 3.9$"):
        check_ray()


@pytest.mark.slow
def test_a_killed_run_goes_on(model, tmp_path):
    """Killed in the middle, no worker is left and no part is made again; no two run at once; Ctrl-C is one line."""
    texts, output = write_texts(tmp_path / "a.txt", MANY), tmp_path / "out"
    arguments = (f"--model_dir={model}", f"--input={texts}", f"--output_dir={output}", "--workers=2")
    arguments += ("--shard_texts=512", "--batch_tokens=64")
    process = start(*arguments)
    wait_for_parts(output, 2, process)
    os.kill(process.pid, signal.SIGSTOP)  # a fast machine would end it before the next command has looked
    fails_with(extract(*arguments), "out: another cman-tf extract is running there")
    family = list_children(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    finished = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in output.glob("part-*")}
    assert 2 <= len(finished) < 20
    deadline = time.monotonic() + 60
    while any(map(is_at_work, family)) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not any(map(is_at_work, family))

    process = start(*arguments)
    wait_for_parts(output, len(finished) + 1, process)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
    shown = process.communicate(timeout=_SECONDS)
    assert (process.returncode, *shown) == (130, "", "stopped\n")

    process = extract(*arguments)
    assert process.returncode == 0 and process.stderr == "", process.stderr
    assert re.search(r"^parts +20, \d+ of them before$", process.stdout, re.M)
    assert read_parts(output) == predict(model, texts, "--batch_tokens=64")
    assert finished == {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in finished}
    assert not list(output.glob(".part*"))


@pytest.mark.slow
def test_a_cluster_whose_worker_node_is_killed(model, tmp_path):
    """Two nodes with a worker each; the one that is not the head is killed: nothing is lost, nothing is there twice."""
    texts, output = write_texts(tmp_path / "a.txt", MANY), tmp_path / "out"
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as folder, contextlib.closing(RayCluster(folder)) as ray:
        other = ray.add()
        process = start(
            f"--model_dir={model}", f"--input={texts}", f"--output_dir={output}", "--workers=2", "--shard_texts=512",
            "--batch_tokens=64", f"--address={ray.address}", **ray.environment,
        )  # fmt: skip
        wait_for_parts(output, 4, process)
        assert any(map(is_worker, list_children(other.pid)))
        ray.kill(other)
        assert len(list(output.glob("part-*"))) < 18
        shown = process.communicate(timeout=_SECONDS)
    assert process.returncode == 0 and shown[1] == "", shown
    assert read_parts(output) == predict(model, texts, "--batch_tokens=64")
    finished = [json.loads(line)["part"] for line in (output / "finished.jsonl").read_text().splitlines()]
    assert sorted(finished) == list(range(20))


@pytest.mark.slow
def test_workers_that_are_killed_and_a_shard_that_kills_all(model, tmp_path):
    """A worker that is killed is replaced. If workers are killed again and again, the command ends in one line."""
    texts, output = write_texts(tmp_path / "a.txt", MANY), tmp_path / "out"
    arguments = (f"--model_dir={model}", f"--input={texts}", f"--output_dir={output}", "--workers=1")
    arguments += ("--shard_texts=512", "--batch_tokens=64")

    def kill_workers():
        kill_all(filter(is_worker, list_children(process.pid)))

    process = start(*arguments)
    wait_for_parts(output, 2, process)
    kill_workers()
    assert len(list(output.glob("part-*"))) < 18
    shown = process.communicate(timeout=_SECONDS)
    assert process.returncode == 0 and shown[1] == "", shown
    assert read_parts(output) == predict(model, texts, "--batch_tokens=64")

    output = tmp_path / "other"
    arguments = (*arguments[:2], f"--output_dir={output}", *arguments[3:])
    process = start(*arguments)
    while process.poll() is None:
        kill_workers()
        time.sleep(0.2)
    shown = process.communicate()
    assert process.returncode == 1 and shown[1].startswith("the workers were killed again and again ("), shown
    assert shown[1].count("\n") == 1
