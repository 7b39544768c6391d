"""Training end to end: overfitting, what a run leaves, resuming, other runs' directories."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from conftest import TINY_FLAGS, fails_with, run_command
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from cman_tf.data.corpus import read_corpus
from cman_tf.data.sentence import DataError
from cman_tf.files import held
from cman_tf.flags import settings_from_flagfile
from cman_tf.settings import Settings
from cman_tf.trained import load_trained
from cman_tf.training.average import WeightAverage
from cman_tf.training.run_directory import differing
from cman_tf.training.state import State, restore_model
from cman_tf.training.step import make_optimizer, make_train_step


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
    assert [line["epoch"] for line in lines] == list(range(1, 181))
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
    settings = settings_from_flagfile(trained("cman") / "flags.txt")
    assert (settings.model, settings.hidden_size, settings.loss_weighting) == ("cman", 32, "sum")
    text = (trained("cman") / "flags.txt").read_text()
    assert "--nolabel_gate" in text
    assert "--data_dir=" in text


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
    with held(folder):
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
        file.write(json.dumps({"epoch": 181, "seconds": 0.0, "dev_seconds": 0.0}) + "\n")
    process = run_command(
        "cman_tf.train",
        f"--data_dir={eight_sentences}",
        f"--model_dir={folder}",
        "--model=cman",
        "--epochs=182",
        *TINY_FLAGS,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    assert "going on after epoch 180" in process.stderr
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, 183))
    assert "clean/loss" in lines[180]
    assert lines[180]["clean/loss"] < lines[0]["clean/loss"] / 10  # the weights were there
    result = json.loads((folder / "result.json").read_text())
    assert result["epochs"] == 182
    assert result["test"]["strict"]["micro"]["entities"]["f1"] == 100.0


def test_a_finished_run_given_more_epochs_says_what_it_scored(trained, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained("cman"), folder)
    before = json.loads((folder / "result.json").read_text())
    paths = (f"--model_dir={folder}", f"--results_dir={tmp_path}/results")
    process = run_command("cman_tf.train", f"--flagfile={folder}/flags.txt", *paths, "--epochs=181")
    assert process.returncode == 0, process.stderr[-3000:]
    result = json.loads((folder / "result.json").read_text())
    assert result["epochs"] == 181
    (scored,) = result["scored_before"]
    assert (scored["epochs"], scored["best_epoch"]) == (180, before["best_epoch"])
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
    settings = Settings(learning_rate=0.4, learning_rate_schedule="linear", epochs=4)
    assert [settings.rate_at(epoch) for epoch in range(1, 5)] == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert Settings(learning_rate=0.4, epochs=4).rate_at(4) == 0.4
    model = make_model(adversarial_alpha=0.0)
    optimizer = make_optimizer(model)
    step, bias = make_train_step(model, optimizer), model.first_crf.unary.bias
    for rate in (0.125, 0.0):
        optimizer.learning_rate = rate
        before = bias.numpy()
        step(make_batch(sentences))
        np.testing.assert_allclose(np.abs(bias.numpy() - before).max(), rate, rtol=1e-3)


def test_epochs_of_a_falling_rate_may_not_change():
    old = dataclasses.asdict(Settings(epochs=4, learning_rate_schedule="linear").resolved())
    assert differing(old, {**old, "epochs": 5, "patience": 3}) == ["epochs"]
    old["learning_rate_schedule"] = "constant"
    assert differing(old, {**old, "epochs": 5, "patience": 3}) == []


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

    state = State(str(tmp_path), model, optimizer, average)
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
        assert State(str(tmp_path), again, tf.keras.optimizers.legacy.Adam(0.01), its_average).restore_last() == 1
        for variable, w in zip(again.trainable_variables, weights):
            np.testing.assert_array_equal(variable, w)
        for variable, a in zip(its_average.averages, averages):
            np.testing.assert_array_equal(variable, a)
        assert int(its_average.steps) == 1001


def test_a_run_with_averaged_weights(eight_sentences, tmp_path):
    """What it kept is what it scored on dev; the weights themselves are its last epoch's."""
    folder = tmp_path / "run"
    flags = [f"--data_dir={eight_sentences}", f"--model_dir={folder}", *TINY_FLAGS, "--weight_average=0.8"]
    process = run_command("cman_tf.train", *flags, "--epochs=90")
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


def test_save_and_restore(make_model, make_batch, sentences, tmp_path):
    model, optimizer = make_model(), tf.keras.optimizers.legacy.Adam(0.01)
    gradients = [tf.ones_like(v) for v in model.trainable_variables]
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    state = State(str(tmp_path), model, optimizer)
    assert state.restore_last() == 0
    assert state.finish_epoch(1, 50.0)
    best = [v.numpy() for v in model.trainable_variables]
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    assert not state.finish_epoch(2, 50.0)  # as good is not better
    last = [v.numpy() for v in model.trainable_variables]
    expected = model.decode(make_batch(sentences))

    other, other_optimizer = make_model(), tf.keras.optimizers.legacy.Adam(0.01)
    again = State(str(tmp_path), other, other_optimizer)
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


def test_settings_of_the_flagfiles():
    from conftest import ROOT

    dynamic = settings_from_flagfile(ROOT / "flags" / "conll04.flags")
    assert dataclass_but(dynamic, "patience") == dataclass_but(Settings().resolved(), "patience")
    ijcai = settings_from_flagfile(ROOT / "flags" / "conll04_ijcai.flags")
    assert dataclass_but(ijcai, "patience") == dataclass_but(Settings(model="cman").resolved(), "patience")
    ade = settings_from_flagfile(ROOT / "flags" / "ade.flags")  # TNNLS IV-C: 200-d vectors, dropout 0.3
    usual = dataclasses.replace(Settings(), word_size=200, bilstm_dropout=0.3, epochs=60, patience=10)
    assert ade == usual.resolved()
    assert (
        settings_from_flagfile(ROOT / "flags" / "ade_ijcai.flags")
        == dataclasses.replace(usual, model="cman").resolved()
    )
    drec = dataclasses.replace(Settings(), word_size=128, bilstm_dropout=0.3, use_characters=False, batch_size=4)
    found = settings_from_flagfile(ROOT / "flags" / "drec.flags")
    assert (
        found
        == dataclasses.replace(drec, adversarial_alpha=0.001, epochs=found.epochs, patience=found.patience).resolved()
    )
    multihead, its_ade = (
        settings_from_flagfile(ROOT / "flags" / f"{name}_multihead.flags") for name in ("conll04", "ade")
    )
    assert its_ade == dataclasses.replace(multihead, word_size=200, epochs=30, patience=8)
    assert settings_from_flagfile(ROOT / "flags" / "sample.flags").model == "dynamic_cman"
    for path in (ROOT / "flags").iterdir():
        assert "_dir" not in path.read_text()  # hyperparameters, never paths


def dataclass_but(settings, name):
    return {k: v for k, v in dataclasses.asdict(settings).items() if k != name}
