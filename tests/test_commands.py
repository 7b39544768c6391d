"""The commands as users call them: good input, bad input, help."""

import json
import pathlib
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT, fails_with, run_command

import cman_tf
from cman_tf.data.corpus import read_corpus
from cman_tf.errors import DataError
from cman_tf.runs.provenance import portable


def test_evaluate_then_score_agree(trained, eight_sentences, tmp_path):
    gold = eight_sentences / "test.json"
    scores, predictions, again = (tmp_path / name for name in ("scores.json", "predictions.json", "again.json"))
    process = run_command(
        "cman_tf.evaluate",
        f"--model_dir={trained('dynamic_cman')}",
        f"--data={gold}",
        f"--json={scores}",
        f"--predictions={predictions}",
    )
    assert process.returncode == 0, process.stderr[-3000:]
    evaluated = json.loads(scores.read_text())
    assert evaluated["strict"]["micro"]["relations"]["f1"] == 100.0
    assert set(evaluated["strict"]["micro"]["entities"]) == {"precision", "recall", "f1", "tp", "fp", "fn"}
    assert read_corpus(predictions).sentences[0].relations
    process = run_command("cman_tf.score", f"--gold={gold}", f"--predictions={predictions}", f"--json={again}")
    assert process.returncode == 0
    rescored = json.loads(again.read_text())
    assert rescored["strict"] == evaluated["strict"]
    assert rescored["counts"] == evaluated["counts"]
    assert rescored["source"]["gold"] == evaluated["source"]["corpus"]
    assert rescored["source"]["predictions"]["sha256"]
    assert "a relation if its type and direction" in process.stdout


def test_score_needs_no_tensorflow(tmp_path, eight_sentences):
    gold = eight_sentences / "test.json"
    code = (
        "import runpy, sys; sys.modules['tensorflow'] = None;"
        f"sys.argv = ['score', '--gold={gold}', '--predictions={gold}'];"
        "runpy.run_module('cman_tf.score', run_name='__main__')"
    )
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert "100.00" in process.stdout


def test_evaluate_with_gold_labels_and_unknown_types(trained, eight_sentences, tmp_path):
    data, scores = tmp_path / "x.json", tmp_path / "scores.json"
    process = run_command(
        "cman_tf.evaluate",
        f"--model_dir={trained('cman')}",
        f"--data={eight_sentences / 'test.json'}",
        "--label_source=gold",
        f"--json={scores}",
    )
    assert process.returncode == 0, process.stderr[-3000:]
    assert json.loads(scores.read_text())["source"]["label_source"] == "gold"
    data.write_text('[{"tokens": ["x"], "entities": [{"type": "Drug", "start": 0, "end": 1}], "relations": []}]')
    process = run_command("cman_tf.evaluate", f"--model_dir={trained('cman')}", f"--data={data}")
    fails_with(process, "sentence 0: tag 'B-Drug', expected one of O, B-Loc")


SAMPLE = ROOT / "cman_tf" / "sample"
LINES = (
    "",
    "   ",
    "The clerk of Rome met 東京 Москва 🙂 zzz.",
    "x" * 5000,
    "shot " * 1500,
)


def test_predict(trained, eight_sentences, tmp_path):
    sentence = read_corpus(eight_sentences / "test.json").sentences[0]
    known = " ".join(sentence.tokens)
    text = "\n".join([known, *LINES])
    process = run_command("cman_tf.predict", f"--model_dir={trained('dynamic_cman')}", input=text)
    assert process.returncode == 0, process.stderr[-3000:]
    outputs = [json.loads(line) for line in process.stdout.splitlines()]
    assert len(outputs) == 1 + len(LINES)
    first = outputs[0]
    assert tuple(first["tokens"]) == sentence.tokens
    assert [(e["type"], e["start"], e["end"]) for e in first["entities"]] == [
        (e.type, e.start, e.end) for e in sentence.entities
    ]
    found = {(r["type"], r["head"], r["tail"]) for r in first["relations"]}
    assert found == {(r.type, r.head, r.tail) for r in sentence.relations}
    for entity in first["entities"]:
        assert known[entity["char_start"] : entity["char_end"]] == entity["text"]
        assert 0 <= entity["score"] <= 1
    assert all(0.5 <= relation["score"] <= 1 for relation in first["relations"])
    assert outputs[1] == outputs[2] == {"tokens": [], "offsets": [], "entities": [], "relations": []}
    assert "東京" in outputs[3]["tokens"]
    assert outputs[4]["tokens"] == ["x" * 5000]
    assert len(outputs[5]["tokens"]) == 1500
    assert "1500 tokens, cut into pieces" in process.stderr


def test_predict_from_a_file_for_people(trained, eight_sentences, tmp_path):
    sentence = read_corpus(eight_sentences / "test.json").sentences[0]
    path = tmp_path / "text.txt"
    path.write_text(" ".join(sentence.tokens) + "\n")
    process = run_command(
        "cman_tf.predict", f"--model_dir={trained('dynamic_cman')}", f"--input={path}", "--format=text"
    )
    assert process.returncode == 0, process.stderr[-3000:]
    assert f"-- {sentence.relations[0].type} ->" in process.stdout
    path.write_bytes(b"fine\n\xff\n")
    process = run_command("cman_tf.predict", f"--model_dir={trained('dynamic_cman')}", f"--input={path}")
    fails_with(process, "text.txt, line 2", "expected UTF-8")
    assert json.loads(process.stdout)["tokens"] == ["fine"]


def test_python_interface(trained, eight_sentences):
    model = cman_tf.load(trained("dynamic_cman"))
    sentence = read_corpus(eight_sentences / "test.json").sentences[1]
    text = " ".join(sentence.tokens)
    output = model.extract(text)
    assert len(output["entities"]) == len(sentence.entities)
    together = model.extract_all(["", text, "x y z " * 30])
    assert together[1]["entities"] == output["entities"]
    long = model.extract(" ".join([text] * 40))  # of more than one piece
    assert len(long["entities"]) > 20 * len(sentence.entities)
    assert all(r["head"] < len(long["entities"]) for r in long["relations"])
    with pytest.raises(DataError, match="no trained model here"):
        cman_tf.load("absent")


@pytest.mark.parametrize("command", ["train", "evaluate", "predict", "score", "download", "report"])
def test_help(command):
    process = run_command(f"cman_tf.{command}", "--help")
    assert "Traceback" not in process.stderr
    assert f"python -m cman_tf.{command}" in process.stdout
    flags = {"train": "--hidden_size", "download": "--data_dir", "report": "--results_dir"}
    assert flags.get(command, "--json" if command in ("evaluate", "score") else "--model_dir") in process.stdout
    assert "tensorflow" not in process.stderr.lower()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--model_dir=x"], "no train data, expected --data_dir or --train_data"),
        (["train", "--model_dir=x", "--data_dir=absent"], "absent: no such directory"),
        (["train", "--model_dir=x", "--attention_heads=7"], "expected a divisor of 2d = 256"),
        (["train", "--model_dir=x", "--bilstm_dropout=1"], "expected less than 1"),
        (["train", "--model_dir=x", "--modle=cman"], "modle"),
        (["train", "--model_dir=x", "stray"], "'stray': not a flag"),
        (["train"], "model_dir"),
        (["evaluate", "--model_dir=absent", f"--data={ROOT}/cman_tf/sample/test.json"], "no trained model here"),
        (["predict", "--model_dir=absent", "--input=missing"], "missing: no such file"),
        (["score", "--gold=absent", "--predictions=absent"], "absent: No such file"),
        (["train", "--model_dir=x", "--train_fraction=1.2"], "[0.01, 1]"),
        (["train", "--model_dir=x", "--learning_rate=nan"], "expected a finite number"),
        (["train", "--model_dir=x", "--seed=5000000000"], "4294967295"),
        (["train", "--model_dir=x", "--model=multihead", "--noshare"], "--noshare: expected another model"),
        (["train", "--model_dir=x", "--protocol=two_stage", "--learning_rate_schedule=linear"], "a constant rate"),
        (["train", "--model_dir=x", "--all_data=a", "--test_data=b"], "--all_data and --test_data, expected one"),
        (["train", "--model_dir=x", "--all_data=a", "--hold_out=0.1"], "--all_data and --hold_out, expected one"),
        (["train", "--model_dir=x", "--hold_out=0.1", f"--data_dir={SAMPLE}"], "dev.json, expected one of them"),
        (["train", "--model_dir=x", "--model=multihead", "--relation_dropout=0.3"], "--relation_dropout: expected"),
        (["download", "ace"], "ace: expected conll04"),
        (["report", "--results_dir=absent"], "no result files"),
    ],
)
def test_bad_calls(arguments, message, tmp_path):
    process = run_command(f"cman_tf.{arguments[0]}", *arguments[1:], cwd=tmp_path)
    fails_with(process, message)
    assert not list(tmp_path.iterdir())


def test_scores_do_not_overwrite_what_they_are_of(tmp_path):
    gold, found = (shutil.copy(SAMPLE / "dev.json", tmp_path / name) for name in ("gold.json", "found.json"))
    text = gold.read_text()
    for output in (gold, found):
        process = run_command("cman_tf.score", f"--gold={gold}", f"--predictions={found}", f"--json={output}")
        fails_with(process, f"{output}: read and to be written, expected another file to write")
        assert output.read_text() == text


def test_result_files_name_no_directory_above_the_current_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert portable(str(tmp_path / "data" / "x")) == str(pathlib.Path("data", "x"))
    for value in ("/elsewhere/x", "../shared/x", 3, None):
        assert portable(value) == value
