"""The average of the weights, alone and in a run."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from helpers import BASELINE, call_command

from cman_tf.inference.loading import load_trained, restore_model
from cman_tf.training.checkpoints import TrainingState
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.step import make_train_step
from cman_tf.training.weight_average import WeightAverage


def test_average_of_the_weights(make_model, make_batch, sentences, tmp_path):
    """By hand; it is what the best epoch keeps, while training goes on from the weights."""
    model = make_model(model="multihead", learning_rate=0.01)
    optimizer = ModelOptimizer(model)
    average = WeightAverage(model.trainable_variables, decay=0.6)
    expected = [v.numpy() for v in model.trainable_variables]
    step = make_train_step(model, optimizer, average)
    batch = make_batch(sentences)
    for decay in (0.1, 2 / 11, 3 / 12, 4 / 13):
        step(batch)
        expected = [decay * a + (1 - decay) * v.numpy() for a, v in zip(expected, model.trainable_variables)]
    weights = [v.numpy() for v in model.trainable_variables]
    for _ in range(2):
        with average.in_use():
            for variable, a in zip(model.trainable_variables, expected):
                np.testing.assert_allclose(variable, a, atol=1e-6)
        for variable, w in zip(model.trainable_variables, weights):
            np.testing.assert_array_equal(variable, w)
    kept = [a.numpy() for a in average.averages]
    average.steps.assign(1000)
    step(batch)
    last = average.averages[0]  # the decay is as asked for from the 14th step on
    np.testing.assert_allclose(last, 0.6 * kept[0] + 0.4 * model.trainable_variables[0].numpy(), atol=1e-6)

    state = TrainingState(str(tmp_path), model, optimizer, average)
    averages = [a.numpy() for a in average.averages]
    weights = [v.numpy() for v in model.trainable_variables]
    assert state.finish_epoch(1, 50.0)
    other = make_model(model="multihead")
    assert restore_model(str(tmp_path), other, "best") == 1
    for variable, a in zip(other.trainable_variables, averages):
        np.testing.assert_array_equal(variable, a)
    for killed in (False, True):  # after the best epoch was saved, before the last was
        if killed:
            shutil.rmtree(tmp_path / "last")
        again = make_model(model="multihead")
        its_average = WeightAverage(again.trainable_variables, decay=0.6)
        assert TrainingState(str(tmp_path), again, ModelOptimizer(again), its_average).restore_last() == 1
        for variable, w in zip(again.trainable_variables, weights):
            np.testing.assert_array_equal(variable, w)
        for variable, a in zip(its_average.averages, averages):
            np.testing.assert_array_equal(variable, a)
        assert int(its_average.steps) == 1001


@pytest.mark.slow
@pytest.mark.e2e
def test_a_run_with_averaged_weights(eight_sentences, tmp_path):
    """What it kept is what it scored on dev; the weights themselves are its last epoch's."""
    folder = tmp_path / "run"
    flags = [
        f"--data_dir={eight_sentences}",
        f"--model_dir={folder}",
        *BASELINE,
        "--learning_rate=0.02",
        "--weight_average=0.8",
    ]
    process = call_command("cman_tf.train", *flags, "--epochs=40")
    assert process.returncode == 0, process.stderr[-3000:]
    result = json.loads((folder / "result.json").read_text())
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    scored = lines[result["best_epoch"] - 1]
    for task in ("entities", "relations"):
        assert result["dev"]["strict"]["micro"][task]["f1"] == pytest.approx(scored[f"dev/{task}/f1"])
    assert scored["dev/entities/f1"] > 40
    kept = dict(tf.train.list_variables(str(folder / "last")))
    assert any(name.startswith("average/averages/") for name in kept)
    fixed = [*flags[:1], f"--model_dir={tmp_path}/fixed", *flags[2:], "--protocol=fixed_epochs", "--epochs=2"]
    process = call_command("cman_tf.train", *fixed)
    assert process.returncode == 0, process.stderr[-3000:]
    best, last = (load_trained(tmp_path / "fixed", which).model.trainable_variables for which in ("best", "last"))
    assert not np.array_equal(best[0], last[0])  # both of epoch 2
