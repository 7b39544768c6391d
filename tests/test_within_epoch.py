"""Checkpoints within an epoch: which one counts, and what is deleted."""

import shutil

import pytest
import tensorflow as tf

from cman_tf.runs.record import read_record, start_record
from cman_tf.training.within_epoch import FOLDER, WithinEpoch, remove_others


@pytest.fixture
def make(tmp_path):
    start_record(tmp_path, "v1")

    def make():
        value = tf.Variable(0)
        return value, WithinEpoch(str(tmp_path), tf.train.Checkpoint(value=value))

    return make


def saved(folder):
    return sorted(path.name for path in (folder / FOLDER).glob("*.index"))


def test_the_newest_of_the_epoch_is_restored(make, tmp_path):
    value, within = make()
    within.restore(1)
    assert within.batches == 0
    for batches in (90, 100):
        value.assign(batches)
        within.save(3, batches)
    assert saved(tmp_path) == ["epoch3-100.index"]  # the one before is deleted
    again, resumed = make()
    resumed.restore(3)
    assert (int(again), resumed.batches) == (100, 100)
    resumed.restore(4)  # epoch 3 is done
    assert (int(again), resumed.batches) == (100, 0) and not (tmp_path / FOLDER).exists()


def test_what_was_not_recorded_or_was_changed_is_not_used(make, tmp_path, caplog):
    value, within = make()
    value.assign(10)
    within.save(1, 10)
    for path in (tmp_path / FOLDER).iterdir():  # as after a kill before it was recorded
        shutil.copy(path, path.with_name(path.name.replace("-10", "-20")))
    again, resumed = make()
    resumed.restore(1)
    assert (int(again), resumed.batches) == (10, 10)
    resumed.save(1, 30)
    assert saved(tmp_path) == ["epoch1-30.index"]
    assert {name.partition(".")[0] for name in read_record(tmp_path)["weights"]} >= {f"{FOLDER}/epoch1-30"}
    data = next((tmp_path / FOLDER).glob("*.data*"))
    data.write_bytes(data.read_bytes()[:-1])
    _, last = make()
    last.restore(1)
    assert last.batches == 0 and "epoch1-30: was changed since training wrote it; it is not used" in caplog.text


def test_leftovers(tmp_path):
    names = ("ckpt-2.index", "ckpt-2.data-00000-of-00001", "ckpt-12.index", "ckpt-3.data-00000-of-00001", "notes.txt")
    for name in (*names, "checkpoint", "checkpoint.tmp0a"):
        (tmp_path / name).touch()
    (tmp_path / "ckpt-3_temp").mkdir()
    remove_others(tmp_path, [str(tmp_path / "ckpt-2")])
    assert {path.name for path in tmp_path.iterdir()} == {*names[:2], "notes.txt", "checkpoint"}
    remove_others(tmp_path / "absent", [])
