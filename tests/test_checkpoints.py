"""Saving, restoring, and damaged checkpoints."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from helpers import call_command, fails_with

from cman_tf.errors import DataError
from cman_tf.inference.loading import restore_model
from cman_tf.runs.record import read_record, start_record
from cman_tf.training.checkpoints import TrainingState
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.weight_average import WeightAverage


@pytest.mark.e2e
def test_a_truncated_checkpoint_is_one_line(trained, eight_sentences, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained("cman"), folder)
    (folder / "result.json").unlink()
    for path in [*folder.glob("last/*.index"), *folder.glob("best/*.index")]:
        path.write_bytes(path.read_bytes()[:20])
    arguments = (f"--flagfile={folder}/flags.txt", f"--model_dir={folder}")
    fails_with(call_command("cman_tf.train", *arguments), "was changed since training wrote it")
    (folder / "record.json").unlink()  # as in a run of an older version
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**run, "record": False}))
    process = call_command("cman_tf.train", *arguments)
    fails_with(process, "expected a checkpoint of this run")


def test_save_and_restore(make_model, make_batch, sentences, tmp_path):
    model = make_model(learning_rate=0.01)
    optimizer = ModelOptimizer(model)
    gradients = [tf.ones_like(v) for v in model.trainable_variables]
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    state = TrainingState(str(tmp_path), model, optimizer)
    assert state.restore_last() == 0
    assert state.finish_epoch(1, 50.0)
    best = [v.numpy() for v in model.trainable_variables]
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    assert not state.finish_epoch(2, 50.0)  # as good is not better
    last = [v.numpy() for v in model.trainable_variables]
    expected = model.decode(make_batch(sentences))

    other = make_model(learning_rate=0.01)
    other_optimizer = ModelOptimizer(other)
    again = TrainingState(str(tmp_path), other, other_optimizer)
    assert again.restore_last() == 2
    assert (int(again.best_epoch), float(again.best_score)) == (1, 50.0)
    for a, b in zip(other.trainable_variables, last):
        np.testing.assert_array_equal(a, b)
    for name, value in other.decode(make_batch(sentences)).items():
        np.testing.assert_array_equal(value, expected[name])
    other_optimizer.apply_gradients(zip(gradients, other.trainable_variables))
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    for a, b in zip(other.trainable_variables, model.trainable_variables):
        np.testing.assert_array_equal(a, b)  # Adam's moments and step came back too

    assert restore_model(str(tmp_path), other, "best") == 1
    for a, b in zip(other.trainable_variables, best):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(DataError, match="expected a checkpoint of this model"):
        restore_model(str(tmp_path), make_model(hidden_size=6), "best")
    with pytest.raises(DataError, match="no checkpoint"):
        restore_model(str(tmp_path / "absent"), other)


def test_a_checkpoint_that_was_saved_and_not_recorded_is_recorded_on_resuming(make_model, tmp_path):
    """As after a kill between the two, or for a run of a version that kept no record. A changed file is not."""
    model = make_model()
    state = TrainingState(str(tmp_path), model, ModelOptimizer(model))
    state.finish_epoch(1, 50.0)
    recorded = read_record(tmp_path)["weights"]
    assert {name.partition("/")[0] for name in recorded} == {"best", "last"}
    start_record(tmp_path, "v1")
    path = tmp_path / "record.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "weights": {}}))
    again = make_model()
    assert TrainingState(str(tmp_path), again, ModelOptimizer(again)).restore_last() == 1
    assert read_record(tmp_path)["weights"] == recorded
    changed = dict.fromkeys(recorded, "0" * 64)
    path.write_text(json.dumps({**json.loads(path.read_text()), "weights": changed}))
    with pytest.raises(DataError, match="was changed since training wrote it"):
        TrainingState(str(tmp_path), again, ModelOptimizer(again)).restore_last()
    assert read_record(tmp_path)["weights"] == changed


def read_variables(folder):
    """The bytes of all variables in the checkpoints of a run, without the names that Keras gives to layers."""
    found = {}
    for path in folder.rglob("*.index"):
        reader = tf.train.load_checkpoint(str(path.with_suffix("")))
        names = [name for name in reader.get_variable_to_shape_map() if not name.startswith("_CHECKPOINTABLE")]
        found[path] = {name: np.asarray(reader.get_tensor(name)).tobytes() for name in names}
    return found


def test_an_epoch_that_was_saved_as_the_best_alone_is_also_saved_as_the_last(make_model, tmp_path):
    """As after a kill between the two, with an average of the weights. Everything is that of a run without a kill."""

    def make(folder):
        model = make_model()
        average = WeightAverage(model.trainable_variables, 0.9)
        return model, average, TrainingState(str(folder), model, ModelOptimizer(model), average)

    model, average, state = make(tmp_path)
    model.trainable_variables[0].assign_add(tf.ones_like(model.trainable_variables[0]))
    average.update()
    state.finish_epoch(1, 50.0)
    weights = [v.numpy() for v in model.trainable_variables]
    before = read_variables(tmp_path)
    shutil.rmtree(tmp_path / "last")
    (tmp_path / "best" / "ckpt-2_temp").mkdir()
    model, average, state = make(tmp_path)
    assert state.restore_last() == 1 and state.saved() == (1, 0)
    assert read_variables(tmp_path) == before and len(before) == 2
    assert len(list(tmp_path.rglob("ckpt-*"))) == 4 == len(read_record(tmp_path)["weights"])
    for a, b in zip(model.trainable_variables, weights):
        np.testing.assert_array_equal(a, b)
