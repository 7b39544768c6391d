"""The train command: overfitting, what a run leaves, going on with one, word vectors."""

import json
import re
import shutil

import numpy as np
import pytest
import tensorflow as tf
from helpers import BASELINE, ROOT, TINY_FLAGS, TRAINED_EPOCHS, call_command, fails_with, run_command
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from cman_tf.formats.corpus_files import read_corpus
from cman_tf.inference.description import read_description
from cman_tf.inference.loading import load_trained
from cman_tf.runs.flagfile import config_from_flagfile
from cman_tf.training.dashboard_tags import name_tag

pytestmark = pytest.mark.e2e


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
    assert {name_tag(name) for name in expected - {"epoch"}} <= tags
    assert {"_hparams_/session_start_info", "8_test_F1/entities", "8_test_F1/relations"} <= tags  # for HParams
    assert sorted(tag for tag in tags if tag[0] in "0123456789")[:2] == ["1_dev_F1/entities", "1_dev_F1/mean"]
    assert {f"2_dev_loss/{task}" for task in ("loss", "re", "first_ner", "second_ner")} <= tags
    assert {"3_dev_F1_by_relation_type/Live_In", "4_dev_F1_by_entity_type/Peop", "dev_sentences"} <= tags
    assert {"precision_recall/Live_In/pr_curves", "label_gate/label_gate_2"} <= tags
    assert {f"attention_entropy_in_bits/{unit}" for unit in ("self_attention_1", "label_attention_2")} <= tags
    assert "✓".encode() in values["dev_sentences"].tensor.string_val[0]  # of the last epoch, which has learned them
    content = values["_hparams_/session_start_info"].metadata.plugin_data.content
    shown = HParamsPluginData.FromString(content).session_start_info.hparams
    assert shown["inputs"].string_value == result["inputs"]
    assert shown["learning_rate"].number_value == 0.005
    assert {"flagfile", "model", "seed"} <= shown.keys() and not {"adam_epsilon", "cell"} & shown.keys()
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


def test_the_tokenizer_is_stored_with_the_run(trained):
    assert read_description(trained("cman")).tokenizer == "default"
    assert json.loads((trained("cman") / "run.json").read_text())["tokenizer"] == "default"


@pytest.mark.parametrize("tuned", [False, True])
def test_word_vectors_through_the_commands(tuned, eight_sentences, tmp_path):
    """Read, counted, frozen or trained, and kept with the model, which does without their file then."""
    words = sorted({token for s in read_corpus(eight_sentences / "train.json").sentences for token in s.tokens})
    lines = [f"{word} {number}.0 0.5 -0.5 1.0" for number, word in enumerate(words)]
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("\n".join(["unseen 9.0 9.0 9.0 9.0", "rare 8.0 8.0 8.0 8.0", *lines]) + "\n")
    flags = [f"--word_vectors={vectors}", "--kept_word_vectors=1", *(["--tune_word_vectors"] if tuned else [])]
    arguments = [f"--data_dir={eight_sentences}", f"--model_dir={tmp_path}/run", *flags, *BASELINE, "--epochs=2"]
    process = call_command("cman_tf.train", *arguments)
    assert process.returncode == 0, process.stderr[-3000:]
    assert f"word vectors: {len(words) + 1} kept of size 4; tokens covered: train 100.0 %" in process.stdout
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["word_vector_size"] == 4
    assert result["inputs"].startswith(f"words ({'tuned' if tuned else 'frozen'} vectors)")
    vectors.rename(tmp_path / "moved.txt")
    scores = tmp_path / "scores.json"
    data = f"--data={eight_sentences}/test.json"
    process = call_command("cman_tf.evaluate", f"--model_dir={tmp_path}/run", data, f"--json={scores}")
    assert process.returncode == 0, process.stderr[-3000:]
    assert json.loads(scores.read_text())["strict"] == result["test"]["strict"]
    model, vocabulary = load_trained(tmp_path / "run")
    table = model.representation.words.table.numpy()
    assert vocabulary.words[1:3] == ["unseen", words[0]]  # the second of the file was not kept
    same = np.array_equal(table[vocabulary.words.index(words[3])], np.float32([3.0, 0.5, -0.5, 1.0]))
    assert same is not tuned


def test_finished_run_prints_its_table_without_training(trained):
    folder = trained("cman")
    before = (folder / "metrics.jsonl").stat().st_mtime_ns
    process = run_command("cman_tf.train", f"--flagfile={folder}/flags.txt")
    assert process.returncode == 0
    assert "relations, micro" in process.stdout
    assert (folder / "metrics.jsonl").stat().st_mtime_ns == before
    assert "oneDNN" not in process.stderr  # TensorFlow was not even imported


def test_killed_run_goes_on(trained, eight_sentences, tmp_path):
    """A copy of a run, set back to before its result and its last lines, trains only what is left."""
    folder = tmp_path / "run"
    shutil.copytree(trained("cman"), folder)
    shutil.rmtree(folder / "results")
    (folder / "result.json").unlink()
    with (folder / "metrics.jsonl").open("a") as file:  # a line written just before the kill
        file.write(json.dumps({"epoch": TRAINED_EPOCHS + 1, "seconds": 0.0, "dev_seconds": 0.0}) + "\n")
    process = call_command(
        "cman_tf.train",
        f"--data_dir={eight_sentences}",
        f"--model_dir={folder}",
        "--model=cman",
        f"--epochs={TRAINED_EPOCHS + 2}",
        *TINY_FLAGS,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    assert f"resuming after epoch {TRAINED_EPOCHS}" in process.stderr
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, TRAINED_EPOCHS + 3))
    assert "clean/loss" in lines[TRAINED_EPOCHS]
    assert lines[TRAINED_EPOCHS]["clean/loss"] < lines[0]["clean/loss"] / 10  # the weights were there
    result = json.loads((folder / "result.json").read_text())
    assert result["epochs"] == TRAINED_EPOCHS + 2
    assert result["test"]["strict"]["micro"]["entities"]["f1"] == 100.0


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("vocabulary.json", None, "vocabulary.json: was changed since training wrote it"),
        ("record.json", "", "record.json is missing"),
        ("metrics.jsonl", "[]\n", "metrics.jsonl, line 1: the content is [], not an object, expected"),
        ("run.json", '{"settings": []}', "run.json"),
        ("result.json", "another run's", "of another run"),
        ("result.json", '{"epochs": 1, "best_epoch": 1, "test": 5}', "result.json: corpus is missing, expected what"),
    ],
)
def test_a_run_with_a_changed_file_does_not_go_on(name, content, message, trained, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained("cman"), folder)
    if content is None:  # two tags swapped
        words = json.loads((folder / name).read_text())
        words["tags"][1:3] = reversed(words["tags"][1:3])
        content = json.dumps(words)
    if content == "another run's":
        content = json.dumps({**json.loads((folder / name).read_text()), "run": "0" * 32})
    (folder / name).write_text(content)
    if not content:
        (folder / name).unlink()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    flags = (f"--flagfile={folder}/flags.txt", f"--model_dir={folder}", f"--epochs={TRAINED_EPOCHS + 1}")
    process = call_command("cman_tf.train", *flags)
    fails_with(process, message)
    assert len(process.stderr.strip().splitlines()[-1]) < 300
    if name != "metrics.jsonl":  # it is read only when training starts
        assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_finished_run_given_more_epochs_says_what_it_scored(tmp_path):
    shutil.copytree(ROOT / "tests" / "golden", tmp_path / "golden")
    folder = tmp_path / "golden" / "multihead"
    before = json.loads((folder / "result.json").read_text())
    more = (f"--epochs={before['epochs'] + 1}", f"--results_dir={tmp_path}/results")
    process = call_command("cman_tf.train", "--flagfile=multihead/flags.txt", *more, cwd=tmp_path / "golden")
    assert process.returncode == 0, process.stderr[-3000:]
    result = json.loads((folder / "result.json").read_text())
    assert result["epochs"] == before["epochs"] + 1
    (scored,) = result["scored_before"]
    assert (scored["epochs"], scored["best_epoch"]) == (before["epochs"], before["best_epoch"])
    assert scored["test"] == before["test"]["strict"]["micro"]


def test_fewer_epochs_than_the_best_one_are_refused(trained, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained("cman"), folder)
    (best, paths) = json.loads((folder / "result.json").read_text())["best_epoch"], (f"--model_dir={folder}",)
    process = call_command("cman_tf.train", f"--flagfile={folder}/flags.txt", *paths, f"--epochs={best - 1}")
    fails_with(process, f"run: the best epoch is {best}, expected at most --epochs={best - 1}")
    (folder / "result.json").write_text("{")
    fails_with(call_command("cman_tf.train", f"--flagfile={folder}/flags.txt", *paths), "result.json: not JSON")


@pytest.mark.e2e
def test_cross_validation_and_one_file(eight_sentences, tmp_path):
    """Each fold is the test data of one training, and all of them are one table in the end."""
    data = tmp_path / "all.json"
    records = json.loads((eight_sentences / "train.json").read_text())
    data.write_text(json.dumps(records * 2))
    cheap = (*TINY_FLAGS, "--nouse_characters", "--adversarial_alpha=0", "--epochs=1")
    arguments = (f"--data={data}", f"--model_dir={tmp_path}/run", *cheap)
    process = call_command("cman_tf.train", *arguments, "--folds=2")
    assert process.returncode == 0, process.stderr
    assert "recipe: tuned (" in process.stdout and "fold 2 of 2" in process.stdout
    assert re.search(r"^standard deviation +\d", process.stdout, re.M)
    tests = [json.loads((tmp_path / "run" / f"fold{n}" / "result.json").read_text())["test"] for n in (1, 2)]
    assert sum(test["counts"]["sentences"] for test in tests) == 2 * len(records)
    # What is second in its process is named as what is first: resumed alone, it would end with the same bytes.
    best = [
        tf.train.load_checkpoint(str(next((tmp_path / "run" / f"fold{n}" / "best").glob("*.index")).with_suffix("")))
        for n in (1, 2)
    ]
    assert len({reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH") for reader in best}) == 1
    one = call_command("cman_tf.train", *arguments, "--folds=2", "--fold=2")
    assert "fold 2 of 2" in one.stdout and "fold 1 of 2" not in one.stdout
    fails_with(
        call_command("cman_tf.train", *arguments, "--folds=2", "--fold=3"), "--fold=3, expected at most --folds=2"
    )
    fails_with(call_command("cman_tf.train", *arguments, "--fold=1"), "--fold without --folds")
