"""Training end to end: overfitting, what a run leaves, word vectors, rates and averages, the flagfiles."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from conftest import TINY_FLAGS, TRAINED_EPOCHS, run_command
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from cman_tf.command_line.config_flags import config_from_flagfile
from cman_tf.config import Config
from cman_tf.data.corpus import read_corpus
from cman_tf.inference.loading import load_trained
from cman_tf.training.checkpoints import TrainingState, restore_model
from cman_tf.training.step import make_optimizer, make_train_step
from cman_tf.training.weight_average import WeightAverage


@pytest.mark.parametrize("model", ["cman", "dynamic_cman"])
def test_overfits_eight_sentences(model, trained):
    result = json.loads((trained(model) / "result.json").read_text())
    for task in ("entities", "relations"):
        assert result["test"]["strict"]["micro"][task]["f1"] == 100.0


def test_what_a_run_leaves(trained):
    folder = trained("dynamic_cman")
    result = json.loads((folder / "results" / f"{result_name(folder)}.json").read_text())
    assert result == json.loads((folder / "result.json").read_text())
    assert result["flags"]["learning_rate"] == 0.005
    assert result["flags"]["loss_weighting"] == "uncertainty"
    assert result["seed"] == 1
    assert len(result["corpus"]["test"]["sha256"]) == 64
    assert result["time"]["finished"].startswith("20")
    assert result["run"] == json.loads((folder / "run.json").read_text())["id"]
    assert result["commit"]
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, TRAINED_EPOCHS + 1))
    expected = {
        f"{kind}/{loss}" for kind in ("clean", "adversarial") for loss in ("loss", "re", "first_ner", "second_ner")
    }
    expected |= {f"uncertainty/{task}" for task in ("re", "first_ner", "second_ner")}
    expected |= {f"dev/{task}/{rate}" for task in ("entities", "relations") for rate in ("precision", "recall", "f1")}
    expected |= {"clean/gate", "gradient_norm", "learning_rate", "seconds", "dev_seconds", "epoch"}
    assert expected == set(lines[0])
    values = {}
    for path in (folder / "tensorboard").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            values.update({value.tag: value for value in event.summary.value})
    tags = values.keys()
    assert expected - {"epoch"} <= tags
    assert {"_hparams_/session_start_info", "test/entities/f1", "test/relations/f1"} <= tags  # for HParams
    content = values["_hparams_/session_start_info"].metadata.plugin_data.content
    shown = HParamsPluginData.FromString(content).session_start_info.hparams
    assert shown["inputs"].string_value == result["inputs"]
    assert shown["learning_rate"].number_value == 0.005
    best = max(lines, key=lambda line: line["dev/entities/f1"] + line["dev/relations/f1"])
    assert result["best_epoch"] == best["epoch"]  # the first of equals


def result_name(folder):
    (path,) = (folder / "results").iterdir()
    return path.stem


def test_flags_txt_repeats_the_run(trained):
    config = config_from_flagfile(trained("cman") / "flags.txt")
    assert (config.model, config.hidden_size, config.loss_weighting) == ("cman", 32, "sum")
    text = (trained("cman") / "flags.txt").read_text()
    assert "--nolabel_gate" in text
    assert "--data_dir=" in text


@pytest.mark.parametrize("tuned", [False, True])
def test_word_vectors_through_the_commands(tuned, eight_sentences, tmp_path):
    """Read, counted, frozen or trained, and kept with the model, which does without their file then."""
    words = sorted({token for s in read_corpus(eight_sentences / "train.json").sentences for token in s.tokens})
    lines = [f"{word} {number}.0 0.5 -0.5 1.0" for number, word in enumerate(words)]
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("\n".join(["unseen 9.0 9.0 9.0 9.0", "rare 8.0 8.0 8.0 8.0", *lines]) + "\n")
    flags = [f"--word_vectors={vectors}", "--kept_word_vectors=1", *(["--tune_word_vectors"] if tuned else [])]
    arguments = [f"--data_dir={eight_sentences}", f"--model_dir={tmp_path}/run", *flags, *TINY_FLAGS, "--epochs=2"]
    process = run_command("cman_tf.train", *arguments)
    assert process.returncode == 0, process.stderr[-3000:]
    assert f"word vectors: {len(words) + 1} kept of size 4; tokens covered: train 100.0 %" in process.stdout
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["word_vector_size"] == 4
    assert result["inputs"].startswith(f"words ({'tuned' if tuned else 'frozen'} vectors)")
    vectors.rename(tmp_path / "moved.txt")
    scores = tmp_path / "scores.json"
    data = f"--data={eight_sentences}/test.json"
    process = run_command("cman_tf.evaluate", f"--model_dir={tmp_path}/run", data, f"--json={scores}")
    assert process.returncode == 0, process.stderr[-3000:]
    assert json.loads(scores.read_text())["strict"] == result["test"]["strict"]
    model, vocabulary, _ = load_trained(tmp_path / "run")
    table = model.representation.words.table.numpy()
    assert vocabulary.words[1:3] == ["unseen", words[0]]  # the second of the file was not kept
    same = np.array_equal(table[vocabulary.words.index(words[3])], np.float32([3.0, 0.5, -0.5, 1.0]))
    assert same is not tuned


def test_learning_rate_falls(make_model, make_batch, sentences):
    """Adam's first step is the rate itself for every weight that has a gradient: the compiled
    step follows the rate as it is set from outside."""
    config = Config(learning_rate=0.4, learning_rate_schedule="linear", epochs=4)
    assert [config.rate_at(epoch) for epoch in range(1, 5)] == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert Config(learning_rate=0.4, epochs=4).rate_at(4) == 0.4
    model = make_model(adversarial_alpha=0.0)
    optimizer = make_optimizer(model)
    step, bias = make_train_step(model, optimizer), model.first_crf.unary.bias
    for rate in (0.125, 0.0):
        optimizer.learning_rate = rate
        before = bias.numpy()
        step(make_batch(sentences))
        np.testing.assert_allclose(np.abs(bias.numpy() - before).max(), rate, rtol=1e-3)


def test_average_of_the_weights(make_model, make_batch, sentences, tmp_path):
    """By hand; it is what the best epoch keeps, while training goes on from the weights."""
    model, optimizer = make_model(), tf.keras.optimizers.legacy.Adam(0.01)
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
    other = make_model()
    assert restore_model(str(tmp_path), other, "best") == 1
    for variable, a in zip(other.trainable_variables, averages):
        np.testing.assert_array_equal(variable, a)
    for killed in (False, True):  # after the best epoch was saved, before the last was
        if killed:
            shutil.rmtree(tmp_path / "last")
        again = make_model()
        its_average = WeightAverage(again.trainable_variables, decay=0.6)
        assert (
            TrainingState(str(tmp_path), again, tf.keras.optimizers.legacy.Adam(0.01), its_average).restore_last() == 1
        )
        for variable, w in zip(again.trainable_variables, weights):
            np.testing.assert_array_equal(variable, w)
        for variable, a in zip(its_average.averages, averages):
            np.testing.assert_array_equal(variable, a)
        assert int(its_average.steps) == 1001


def test_a_run_with_averaged_weights(eight_sentences, tmp_path):
    """What it kept is what it scored on dev; the weights themselves are its last epoch's."""
    folder = tmp_path / "run"
    flags = [f"--data_dir={eight_sentences}", f"--model_dir={folder}", *TINY_FLAGS, "--weight_average=0.8"]
    process = run_command("cman_tf.train", *flags, "--epochs=70")
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
    process = run_command("cman_tf.train", *fixed)
    assert process.returncode == 0, process.stderr[-3000:]
    best, last = (load_trained(tmp_path / "fixed", which).model.trainable_variables for which in ("best", "last"))
    assert not np.array_equal(best[0], last[0])  # both of epoch 2


def test_settings_of_the_flagfiles():
    from conftest import ROOT

    dynamic = config_from_flagfile(ROOT / "flags" / "conll04.flags")
    assert dataclass_but(dynamic, "patience") == dataclass_but(Config().resolved(), "patience")
    ijcai = config_from_flagfile(ROOT / "flags" / "conll04_ijcai.flags")
    assert dataclass_but(ijcai, "patience") == dataclass_but(Config(model="cman").resolved(), "patience")
    ade = config_from_flagfile(ROOT / "flags" / "ade.flags")  # TNNLS IV-C: 200-d vectors, dropout 0.3
    usual = dataclasses.replace(Config(), word_size=200, bilstm_dropout=0.3, epochs=60, patience=10)
    assert ade == usual.resolved()
    assert (
        config_from_flagfile(ROOT / "flags" / "ade_ijcai.flags") == dataclasses.replace(usual, model="cman").resolved()
    )
    drec = dataclasses.replace(Config(), word_size=128, bilstm_dropout=0.3, use_characters=False, batch_size=4)
    found = config_from_flagfile(ROOT / "flags" / "drec.flags")
    assert (
        found
        == dataclasses.replace(drec, adversarial_alpha=0.001, epochs=found.epochs, patience=found.patience).resolved()
    )
    multihead, its_ade = (
        config_from_flagfile(ROOT / "flags" / f"{name}_multihead.flags") for name in ("conll04", "ade")
    )
    assert its_ade == dataclasses.replace(multihead, word_size=200, epochs=30, patience=8)
    assert config_from_flagfile(ROOT / "flags" / "sample.flags").model == "dynamic_cman"
    for path in (ROOT / "flags").iterdir():
        assert "_dir" not in path.read_text()  # hyperparameters, never paths


def dataclass_but(config, name):
    return {k: v for k, v in dataclasses.asdict(config).items() if k != name}
