"""The predict command on awkward text, and the Python interface to the same."""

import json

import pytest
from helpers import call_command, fails_with, run_command

from cman_tf.formats.corpus_files import read_corpus

pytestmark = pytest.mark.e2e

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
    process = call_command("cman_tf.predict", f"--model_dir={trained('dynamic_cman')}", input=text)
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
    process = call_command("cman_tf.predict", f"--model_dir={trained('dynamic_cman')}", f"--input={path}")
    fails_with(process, "text.txt, line 2", "expected UTF-8")
    assert json.loads(process.stdout)["tokens"] == ["fine"]
