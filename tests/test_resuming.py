"""Runs' directories: resuming, what a kill leaves, what is refused; saving and restoring."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from conftest import TINY_FLAGS, TRAINED_EPOCHS, fails_with, run_command

from cman_tf.config import Config
from cman_tf.errors import DataError
from cman_tf.runs.files import file_lock
from cman_tf.runs.run_directory import differing
from cman_tf.training.checkpoints import TrainingState, restore_model


def test_finished_run_prints_its_table_without_training(trained):
    folder = trained("cman")
    before = (folder / "metrics.jsonl").stat().st_mtime_ns
    process = run_command("cman_tf.train", f"--flagfile={folder}/flags.txt")
    assert process.returncode == 0
    assert "relations, micro" in process.stdout
    assert (folder / "metrics.jsonl").stat().st_mtime_ns == before
    assert "oneDNN" not in process.stderr  # TensorFlow was not even imported


def test_other_settings_are_refused(trained, eight_sentences, tmp_path):
    folder = trained("cman")
    process = run_command("cman_tf.train", f"--flagfile={folder}/flags.txt", "--seed=7", "--nolabel_attention")
    fails_with(process, "holds another run", "--seed is 1 there and 7 here", "--label_attention is True there")
    (tmp_path / "mine.txt").write_text("precious")
    process = run_command("cman_tf.train", f"--data_dir={eight_sentences}", f"--model_dir={tmp_path}")
    fails_with(process, "not empty and no run of ours")
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_one_process_trains_in_a_directory(eight_sentences, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    arguments = ("cman_tf.train", f"--data_dir={eight_sentences}", f"--model_dir={folder}", *TINY_FLAGS, "--epochs=1")
    with file_lock(folder):
        fails_with(run_command(*arguments), f"{folder}: another process trains in it, expected another --model_dir")
    assert not any(folder.iterdir())
    process = run_command(*arguments)  # the lock is gone with its process
    assert process.returncode == 0, process.stderr[-3000:]


def test_killed_run_goes_on(trained, eight_sentences, tmp_path):
    """A copy of a run, set back to before its result and its last lines, trains only what is left."""
    folder = tmp_path / "run"
    shutil.copytree(trained("cman"), folder)
    shutil.rmtree(folder / "results")
    (folder / "result.json").unlink()
    with (folder / "metrics.jsonl").open("a") as file:  # a line written just before the kill
        file.write(json.dumps({"epoch": TRAINED_EPOCHS + 1, "seconds": 0.0, "dev_seconds": 0.0}) + "\n")
    process = run_command(
        "cman_tf.train",
        f"--data_dir={eight_sentences}",
        f"--model_dir={folder}",
        "--model=cman",
        f"--epochs={TRAINED_EPOCHS + 2}",
        *TINY_FLAGS,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    assert f"going on after epoch {TRAINED_EPOCHS}" in process.stderr
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, TRAINED_EPOCHS + 3))
    assert "clean/loss" in lines[TRAINED_EPOCHS]
    assert lines[TRAINED_EPOCHS]["clean/loss"] < lines[0]["clean/loss"] / 10  # the weights were there
    result = json.loads((folder / "result.json").read_text())
    assert result["epochs"] == TRAINED_EPOCHS + 2
    assert result["test"]["strict"]["micro"]["entities"]["f1"] == 100.0


def test_a_finished_run_given_more_epochs_says_what_it_scored(trained, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained("cman"), folder)
    before = json.loads((folder / "result.json").read_text())
    paths = (f"--model_dir={folder}", f"--results_dir={tmp_path}/results")
    process = run_command("cman_tf.train", f"--flagfile={folder}/flags.txt", *paths, f"--epochs={TRAINED_EPOCHS + 1}")
    assert process.returncode == 0, process.stderr[-3000:]
    result = json.loads((folder / "result.json").read_text())
    assert result["epochs"] == TRAINED_EPOCHS + 1
    (scored,) = result["scored_before"]
    assert (scored["epochs"], scored["best_epoch"]) == (TRAINED_EPOCHS, before["best_epoch"])
    assert scored["test"] == before["test"]["strict"]["micro"]


def test_fewer_epochs_than_the_best_one_are_refused(trained, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained("cman"), folder)
    (best, paths) = json.loads((folder / "result.json").read_text())["best_epoch"], (f"--model_dir={folder}",)
    process = run_command("cman_tf.train", f"--flagfile={folder}/flags.txt", *paths, f"--epochs={best - 1}")
    fails_with(process, f"run: has its best epoch at epoch {best}, expected --epochs of at least that")
    (folder / "result.json").write_text("{")
    fails_with(run_command("cman_tf.train", f"--flagfile={folder}/flags.txt", *paths), "result.json: not JSON")


def test_a_truncated_checkpoint_is_one_line(trained, eight_sentences, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained("cman"), folder)
    (folder / "result.json").unlink()
    for path in (folder / "last").glob("*.index"):
        path.write_bytes(path.read_bytes()[:20])
    process = run_command("cman_tf.train", f"--flagfile={folder}/flags.txt", f"--model_dir={folder}")
    fails_with(process, "expected a checkpoint of this run")


def test_killed_before_its_first_file_was_whole(eight_sentences, tmp_path):
    """What the kill left is no other run; a run.json of something else is refused in one line."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".run.json.x7y").write_text('{"id"')
    arguments = ("cman_tf.train", f"--data_dir={eight_sentences}", f"--model_dir={folder}", *TINY_FLAGS, "--epochs=1")
    assert run_command(*arguments).returncode == 0
    fails_with(run_command(*arguments, "--format=spert"), "--format is auto there and spert here")
    (folder / "run.json").write_text("{}")
    fails_with(run_command(*arguments), "run.json: no 'id', expected what cman_tf.train wrote")


def test_epochs_of_a_falling_rate_may_not_change():
    old = dataclasses.asdict(Config(epochs=4, learning_rate_schedule="linear").resolved())
    assert differing(old, {**old, "epochs": 5, "patience": 3}) == ["epochs"]
    old["learning_rate_schedule"] = "constant"
    assert differing(old, {**old, "epochs": 5, "patience": 3}) == []


def test_save_and_restore(make_model, make_batch, sentences, tmp_path):
    model, optimizer = make_model(), tf.keras.optimizers.legacy.Adam(0.01)
    compute_gradients = [tf.ones_like(v) for v in model.trainable_variables]
    optimizer.apply_gradients(zip(compute_gradients, model.trainable_variables))
    state = TrainingState(str(tmp_path), model, optimizer)
    assert state.restore_last() == 0
    assert state.finish_epoch(1, 50.0)
    best = [v.numpy() for v in model.trainable_variables]
    optimizer.apply_gradients(zip(compute_gradients, model.trainable_variables))
    assert not state.finish_epoch(2, 50.0)  # as good is not better
    last = [v.numpy() for v in model.trainable_variables]
    expected = model.decode(make_batch(sentences))

    other, other_optimizer = make_model(), tf.keras.optimizers.legacy.Adam(0.01)
    again = TrainingState(str(tmp_path), other, other_optimizer)
    assert again.restore_last() == 2
    assert (int(again.best_epoch), float(again.best_score)) == (1, 50.0)
    for a, b in zip(other.trainable_variables, last):
        np.testing.assert_array_equal(a, b)
    for name, value in other.decode(make_batch(sentences)).items():
        np.testing.assert_array_equal(value, expected[name])
    other_optimizer.apply_gradients(zip(compute_gradients, other.trainable_variables))
    optimizer.apply_gradients(zip(compute_gradients, model.trainable_variables))
    for a, b in zip(other.trainable_variables, model.trainable_variables):
        np.testing.assert_array_equal(a, b)  # Adam's moments and step came back too

    assert restore_model(str(tmp_path), other, "best") == 1
    for a, b in zip(other.trainable_variables, best):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(DataError, match="expected a checkpoint of this model"):
        restore_model(str(tmp_path), make_model(hidden_size=6), "best")
    with pytest.raises(DataError, match="no checkpoint"):
        restore_model(str(tmp_path / "absent"), other)
