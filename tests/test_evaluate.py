"""The evaluate command: it agrees with score, reads gold labels, and names unknown types."""

import json
import re

import pytest
from helpers import call_command, fails_with, run_command

from cman_tf.formats.corpus_files import read_corpus

pytestmark = pytest.mark.e2e


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
    process = call_command("cman_tf.score", f"--gold={gold}", f"--predictions={predictions}", f"--json={again}")
    assert process.returncode == 0
    rescored = json.loads(again.read_text())
    assert rescored["strict"] == evaluated["strict"]
    assert rescored["counts"] == evaluated["counts"]
    assert rescored["source"]["gold"] == evaluated["source"]["corpus"]
    assert rescored["source"]["predictions"]["sha256"]
    assert "a relation if its type and direction" in process.stdout


def test_evaluate_with_gold_labels_and_unknown_types(trained, eight_sentences, tmp_path):
    data, scores = tmp_path / "x.json", tmp_path / "scores.json"
    process = call_command(
        "cman_tf.evaluate",
        f"--model_dir={trained('cman')}",
        f"--data={eight_sentences / 'test.json'}",
        "--label_source=gold",
        f"--json={scores}",
    )
    assert process.returncode == 0, process.stderr[-3000:]
    assert json.loads(scores.read_text())["source"]["label_source"] == "gold"
    data.write_text('[{"tokens": ["x"], "entities": [{"type": "Drug", "start": 0, "end": 1}], "relations": []}]')
    arguments = (f"--model_dir={trained('cman')}", f"--data={data}")
    process = call_command("cman_tf.evaluate", *arguments)
    assert process.returncode == 0, process.stderr[-3000:]
    assert "1 entity of a type that the model does not know (Drug)" in process.stderr
    assert re.search(r"^Drug +0 +0 +1 ", process.stdout, re.M)  # what else the model finds in "x" does not matter
    assert "relations: nothing to score, in the data or the predictions" in process.stdout
    fails_with(call_command("cman_tf.evaluate", *arguments, "--strict_labels"), "entity type Drug, expected types")
    data.write_text('[{"tokens": ["Ann", "lives", "in", "Oslo"]}]')
    fails_with(call_command("cman_tf.evaluate", *arguments), "no entities, so there is nothing to score")
