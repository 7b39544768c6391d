"""The predict command: awkward text, every kind of input and output."""

import json

import pytest
from helpers import ROOT, call_command, fails_with, run_command

from cman_tf.data.signatures import learn_signatures, read_signatures
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.formats.registry import REGISTRY

pytestmark = pytest.mark.e2e

GOLDEN = ROOT / "tests" / "golden" / "dynamic_cman"
TEXT = "In Rome, Ann Lee works for Fox."
LINES = (
    "",
    "   ",
    "The clerk of Rome met 東京 Москва 🙂 zzz.",
    "x" * 5000,
    "shot " * 1500,
)


@pytest.fixture(scope="module")
def model(golden):
    return golden(GOLDEN.name)


@pytest.fixture
def loaded(model, monkeypatch):
    """The command finds the model loaded already, which saves three seconds a call."""
    monkeypatch.setattr("cman_tf.inference.extractor.Extractor", lambda description, **options: model)


def predict(*arguments, input="", **options):
    process = call_command("cman_tf.predict", f"--model_dir={GOLDEN}", *arguments, input=input, **options)
    assert process.returncode == 0, process.stderr[-3000:]
    return process


def test_predict(trained, eight_sentences):
    sentence = read_corpus(eight_sentences / "test.json").sentences[0]
    known = " ".join(sentence.tokens)
    text = "\n".join([known, *LINES])
    process = call_command("cman_tf.predict", f"--model_dir={trained('dynamic_cman')}", input=text)
    assert process.returncode == 0, process.stderr[-3000:]
    outputs = [json.loads(line) for line in process.stdout.splitlines()]
    assert len(outputs) == 1 + len(LINES)
    first = outputs[0]
    assert first["text"] == known and tuple(first["tokens"]) == sentence.tokens
    assert [(e["type"], e["start"], e["end"]) for e in first["entities"]] == [
        (e.type, e.start, e.end) for e in sentence.entities
    ]
    found = {(r["type"], r["head"], r["tail"]) for r in first["relations"]}
    assert found == {(r.type, r.head, r.tail) for r in sentence.relations}
    for entity in first["entities"]:
        assert known[entity["char_start"] : entity["char_end"]] == entity["text"]
        assert 0 <= entity["score"] <= 1
    for relation in first["relations"]:
        assert 0.5 <= relation["score"] <= 1
        assert relation["head_text"] == first["entities"][relation["head"]]["text"]
        assert relation["tail_text"] == first["entities"][relation["tail"]]["text"]
    empty = {"tokens": [], "offsets": [], "entities": [], "relations": []}
    assert outputs[1:3] == [{"text": "", **empty}, {"text": "   ", **empty}]
    assert {"東", "京", "Москва"} <= {*outputs[3]["tokens"]}  # the tokenizer that training chose
    assert outputs[4]["tokens"] == ["x" * 5000]
    assert len(outputs[5]["tokens"]) == 1500 and outputs[5]["pieces"] == 5
    assert "1 text of more than 400 tokens in a sentence: standard input, line 6 (1500 tokens, read" in process.stderr


def test_training_stores_the_types_of_arguments(trained, eight_sentences):
    run, sentences = trained("dynamic_cman"), read_corpus(eight_sentences / "train.json").sentences
    assert read_signatures(run / "signatures.json") == learn_signatures(sentences)
    known = " ".join(sentences[0].tokens)
    process = call_command("cman_tf.predict", f"--model_dir={run}", "--constrain_types=train", input=known)
    assert process.returncode == 0, process.stderr[-3000:]
    assert len(json.loads(process.stdout)["relations"]) == len(sentences[0].relations)


def test_predict_from_a_file_for_people(loaded, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT + "\n")
    process = run_command("cman_tf.predict", f"--model_dir={GOLDEN}", f"--input={path}", "--format=text")
    assert process.returncode == 0, process.stderr[-3000:]
    assert "\n  Ann Lee -- Work_For -> Fox (" in process.stdout and "\033" not in process.stdout
    path.write_bytes(b"fine\n\xff\n")
    process = call_command("cman_tf.predict", f"--model_dir={GOLDEN}", f"--input={path}")
    fails_with(process, "text.txt, line 2", "expected UTF-8")
    assert json.loads(process.stdout)["tokens"] == ["fine"]
    lines = predict(f"--input={path}", "--on_error=skip").stdout.splitlines()
    assert len(lines) == 2 and "not UTF-8" in json.loads(lines[1])["error"]


def test_what_it_writes_can_be_scored_and_predicted_on_again(loaded, tmp_path):
    gold, found = GOLDEN.parent / "corpus" / "test.json", tmp_path / "found.jsonl"
    predict(f"--input={gold}", f"--output={found}")
    scores = tmp_path / "scores.json"
    process = call_command("cman_tf.score", f"--gold={gold}", f"--predictions={found}", f"--json={scores}")
    assert process.returncode == 0, process.stderr
    then = json.loads((GOLDEN / "result.json").read_text())["test"]["strict"]["micro"]
    assert json.loads(scores.read_text())["strict"]["micro"] == then
    # Its own output is pre-tokenised input, of which the tokens, the texts and the places stay.
    again = [json.loads(line) for line in predict(f"--input={found}").stdout.splitlines()]
    assert again == [json.loads(line) for line in found.read_text().splitlines()]
    given = predict(f"--input={gold}", "--given_entities").stdout.splitlines()
    for line, sentence in zip(given, read_corpus(gold).sentences):
        assert [e["start"] for e in json.loads(line)["entities"]] == [e.start for e in sentence.entities]


def test_json_lines_keep_their_ids(loaded):
    lines = [{"id": 7, "text": TEXT}, {"id": "b", "tokens": ["Ann", "left"]}]
    process = predict(input="\n".join(map(json.dumps, lines)))
    outputs = [json.loads(line) for line in process.stdout.splitlines()]
    assert [output["id"] for output in outputs] == [7, "b"]
    assert outputs[1]["tokens"] == ["Ann", "left"]
    fails_with(
        call_command("cman_tf.predict", f"--model_dir={GOLDEN}", input='{"foo": 1}'),
        'JSON without "text" or "tokens"',
        "--input_format=lines",
    )


@pytest.mark.parametrize("format", [name for name, f in REGISTRY.items() if f.is_written and not f.extra])
def test_every_format_is_written(format, loaded, tmp_path):
    output = tmp_path / "found"
    predict(f"--format={format}", f"--output={output}", input=f"{TEXT}\n\n{TEXT}")
    assert output.exists()
    if format not in ("spert", "spert_lines", "multihead"):
        return
    expected = json.loads(predict(input=TEXT).stdout)
    sentences = read_corpus(output, format, predictions=True).sentences
    assert len(sentences) == 2  # an empty text is no sentence
    for sentence in sentences:
        assert list(sentence.tokens) == expected["tokens"]
        assert [(e.type, e.start, e.end) for e in sentence.entities] == [
            (e["type"], e["start"], e["end"]) for e in expected["entities"]
        ]
        assert [r.type for r in sentence.relations] == [r["type"] for r in expected["relations"]]


def test_a_folder_of_documents(loaded, tmp_path):
    texts, found = tmp_path / "texts", tmp_path / "found"
    texts.mkdir()
    (texts / "a.txt").write_bytes(f"{TEXT} {TEXT}\r\n\r\n{TEXT}".encode())
    (texts / "b.txt").write_text("")
    predict(f"--input={texts}", f"--output={found}/")
    outputs = {path.name: json.loads(path.read_text()) for path in found.iterdir()}
    assert outputs["b.jsonl"] == {"id": "b", "text": "", "tokens": [], "offsets": [], "entities": [], "relations": []}
    assert len(outputs["a.jsonl"]["sentences"]) == outputs["a.jsonl"]["pieces"] == 3
    for entity in outputs["a.jsonl"]["entities"]:
        assert (texts / "a.txt").read_bytes().decode()[entity["char_start"] : entity["char_end"]] == entity["text"]
    predict(f"--input={texts}", "--format=spert", f"--output={tmp_path}/a.json")
    sentences = read_corpus(tmp_path / "a.json").sentences
    assert [s.document_id for s in sentences] == ["a"] * 3
    assert "".join(s.text for s in sentences) == outputs["a.jsonl"]["text"]
    one = predict(f"--input={texts}", "--nosplit_sentences").stdout.splitlines()[0]
    assert "sentences" not in json.loads(one)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--input=absent.txt",), "absent.txt: no such file"),
        (("--output=there.json",), "there.json: exists, expected a new file, or --overwrite"),
        (("--input=there.json", "--output=there.json", "--overwrite"), "would be overwritten while it is read"),
        (("--output=folder/",), "folder/: a folder, expected a file"),
        (("--given_entities",), "--given_entities: raw text has none"),
        (("--constrain_types=train",), "no signatures.json, as an earlier version trained the run"),
        (("--constrain_types=absent.json",), "absent.json: No such file"),
        (("--symmetric_relations=Spouse",), "symmetric relation 'Spouse'"),
        (("--relation_threshold=2",), "--relation_threshold"),
        (("--on_long=error", "--input=long.txt"), "long.txt, line 2: a sentence of 500 tokens, expected at most 400"),
    ],
)
def test_bad_arguments(arguments, message, loaded, tmp_path):
    (tmp_path / "there.json").write_text("[]")
    (tmp_path / "long.txt").write_text("Ann left.\n" + "x " * 500)
    process = call_command("cman_tf.predict", f"--model_dir={GOLDEN}", *arguments, cwd=tmp_path, input=TEXT)
    fails_with(process, message)
    assert (tmp_path / "there.json").read_text() == "[]"


def test_flags_about_relations(loaded):
    every = json.loads(predict("--all_scores", "--relation_threshold=0.9", input=TEXT).stdout)
    assert len(every["relations"]) + len(every["candidates"]) == 3 * 2 * 2
    assert all(relation["score"] > 0.9 for relation in every["relations"])
    assert json.loads(predict("--entity_threshold=1", input=TEXT).stdout)["entities"] == []


def test_another_tokenizer():
    output = json.loads(predict("--tokenizer=characters", input="張三 住.").stdout)
    assert output["tokens"] == ["張", "三", "住", "."]


def test_allowed_types(tmp_path):
    types = tmp_path / "types.json"
    types.write_text('{"Work_For": [], "Live_In": []}')
    assert json.loads(predict(f"--constrain_types={types}", input=TEXT).stdout)["relations"] == []


def test_evaluate_with_allowed_types(tmp_path):
    types, scores = tmp_path / "types.json", tmp_path / "scores.json"
    types.write_text('{"Work_For": [], "Live_In": []}')
    gold = GOLDEN.parent / "corpus" / "test.json"
    arguments = (f"--model_dir={GOLDEN}", f"--data={gold}", f"--json={scores}", f"--constrain_types={types}")
    process = call_command("cman_tf.evaluate", *arguments)
    assert process.returncode == 0, process.stderr
    content = json.loads(scores.read_text())
    assert content["strict"]["micro"]["relations"]["tp"] == content["strict"]["micro"]["relations"]["fp"] == 0
    assert content["source"]["constrain_types"] == str(types)
