"""A run's directory: what may go on in it, and what is refused."""

import dataclasses
import json

import pytest
from helpers import BASELINE, call_command, fails_with

from cman_tf.config import Config
from cman_tf.errors import DataError
from cman_tf.runs.files import file_lock
from cman_tf.runs.flagfile import config_of_run
from cman_tf.runs.run_directory import exclusive_run, find_run, start_run
from cman_tf.runs.run_settings import fill_defaults, list_differences


@pytest.mark.e2e
def test_other_settings_are_refused(trained, eight_sentences, tmp_path):
    folder = trained("cman")
    process = call_command("cman_tf.train", f"--flagfile={folder}/flags.txt", "--seed=7", "--nolabel_attention")
    fails_with(process, "holds another run", "--seed is 1 there and 7 here", "--label_attention is True there")
    (tmp_path / "mine.txt").write_text("precious")
    process = call_command("cman_tf.train", f"--data_dir={eight_sentences}", f"--model_dir={tmp_path}")
    fails_with(process, "directory is not empty and holds no run.json")
    assert (tmp_path / "mine.txt").read_text() == "precious"


@pytest.mark.e2e
def test_one_process_trains_in_a_directory(eight_sentences, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    arguments = (
        "cman_tf.train",
        f"--data_dir={eight_sentences}",
        f"--model_dir={folder}",
        *BASELINE,
        "--epochs=1",
    )
    with file_lock(folder):
        fails_with(call_command(*arguments), f"{folder}: another process trains here, expected a free directory")
    assert not any(folder.iterdir())
    process = call_command(*arguments)  # the lock is gone with its process
    assert process.returncode == 0, process.stderr[-3000:]


@pytest.mark.e2e
def test_killed_before_its_first_file_was_whole(eight_sentences, tmp_path):
    """What the kill left is no other run; a run.json of something else is refused in one line."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".run.json.x7y").write_text('{"id"')
    arguments = (
        "cman_tf.train",
        f"--data_dir={eight_sentences}",
        f"--model_dir={folder}",
        *BASELINE,
        "--epochs=1",
    )
    assert call_command(*arguments).returncode == 0
    fails_with(call_command(*arguments, "--format=spert"), "--format is auto there and spert here")
    (folder / "run.json").write_text("{}")
    fails_with(call_command(*arguments), "run.json: id is missing, expected what cman-tf train wrote")


def test_epochs_of_a_falling_rate_may_not_change():
    old = dataclasses.asdict(Config(epochs=4, learning_rate_schedule="linear").resolved())
    assert list_differences(old, {**old, "epochs": 5, "patience": 3}) == ["epochs"]
    old["learning_rate_schedule"] = "constant"
    assert list_differences(old, {**old, "epochs": 5, "patience": 3}) == []


def test_an_older_runs_mlp_has_one_layer(tmp_path):
    """A run of a version without the setting is read as it was trained."""
    assert fill_defaults({"model": "cman", "cell": "mlp"})["mlp_layers"] == 1
    assert fill_defaults({"model": "cman", "cell": "mlp", "mlp_layers": 3})["mlp_layers"] == 3
    assert (
        list_differences({"model": "cman", "cell": "bilstm"}, dataclasses.asdict(Config(model="cman").resolved())) == []
    )
    flags = tmp_path / "flags.txt"
    for text, layers in (("--model=cman\n--cell=mlp\n", 1), ("--model=cman\n--cell=mlp\n--mlp_layers=2\n", 2)):
        flags.write_text(text)
        assert config_of_run(flags).mlp_layers == layers


def test_what_fails_before_it_writes_leaves_no_directory(tmp_path):
    with pytest.raises(DataError), exclusive_run(str(tmp_path / "run")):
        raise DataError("bad input")
    assert not (tmp_path / "run").exists()
    with exclusive_run(str(tmp_path / "run")):
        (tmp_path / "run" / "run.json").write_text("{}")
    assert (tmp_path / "run" / "run.json").exists()
    (tmp_path / "given").mkdir()
    with pytest.raises(DataError), exclusive_run(str(tmp_path / "given")):
        raise DataError("bad input")
    assert (tmp_path / "given").exists()


def test_what_a_killed_process_left_is_removed(tmp_path):
    for name in (
        ".run.json.abcdefgh",
        ".metrics.jsonl.12345678",
        "stage_one/.record.json.a_b_c_d_",
        ".mine.json.abcdefgh",
    ):
        path = tmp_path / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with exclusive_run(str(tmp_path / "run")):
        assert [path.name for path in (tmp_path / "run").rglob("*") if path.is_file()] == [".mine.json.abcdefgh"]


def test_the_numbers_of_threads_are_kept_in_order(tmp_path):
    def start(threads):
        run = find_run(str(tmp_path), Config().resolved(), {"train": "0" * 64}, None)
        start_run(str(tmp_path), run, "commit", {}, threads)
        return json.loads((tmp_path / "run.json").read_text())

    assert [start(threads)["threads"] for threads in (2, 2, 4, 2)] == [[2], [2], [2, 4], [2, 4, 2]]
    (tmp_path / "run.json").write_text(json.dumps({**start(2), "threads": "2"}))
    with pytest.raises(DataError, match="run.json: threads"):
        start(2)


def test_the_tokenizer_stays_that_of_the_run(tmp_path):
    config = Config().resolved()

    def find(tokenizer):
        return find_run(str(tmp_path), config, {"train": "0" * 64}, None, tokenizer=tokenizer)

    run = find("auto")
    assert run["tokenizer"] == "auto"
    run["tokenizer"] = "ptb"
    start_run(str(tmp_path), run, "commit", {})
    assert find("auto")["tokenizer"] == find("ptb")["tokenizer"] == "ptb"
    with pytest.raises(DataError, match="--tokenizer is ptb there and default here"):
        find("default")

    known = tmp_path / "run.json"
    content = json.loads(known.read_text())
    del content["tokenizer"]  # as older versions wrote it
    known.write_text(json.dumps(content))
    assert find("auto")["tokenizer"] == find("v1")["tokenizer"] == "v1"
    with pytest.raises(DataError, match="--tokenizer is v1 there and ptb here"):
        find("ptb")
    known.write_text(json.dumps({**content, "tokenizer": 7}))
    with pytest.raises(DataError, match="run.json: tokenizer is 7, not text, expected what cman-tf train wrote"):
        find("auto")
