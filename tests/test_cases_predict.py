"""Cases from the field that touch predict, evaluate and train: each has a small test with the right value.

See test_cases_formats.py. The model is the one that the tests share; it knows eight sentences of the sample by heart.
"""

import copy
import json

import pytest
from case_inputs import FILES, TEXT, WORKS, record, row, run, write_json
from helpers import BASELINE, call_command, fails_with, write_file

import cman_tf
from cman_tf import read_corpus
from cman_tf.data.tokenizers import find_tokenizer

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def directory(trained):
    return trained("dynamic_cman")


@pytest.fixture(scope="module")
def model(directory):
    return cman_tf.load(directory)


@pytest.fixture(scope="module")
def known(eight_sentences):
    """A sentence that the model knows, in which somebody lives somewhere; as a text with blanks between the tokens."""
    sentences = read_corpus(eight_sentences / "train.json").sentences
    return " ".join(next(s.tokens for s in sentences if any(r.type == "Live_In" for r in s.relations)))


@pytest.fixture
def predict(directory, model, monkeypatch):
    """Run predict, with the model loaded already; returns the objects that it writes, and its messages."""

    def choose(description, tokenizer, **options):
        chosen = copy.copy(model)
        chosen.tokenizer, chosen._tokenizer = tokenizer, find_tokenizer(tokenizer)
        return chosen

    monkeypatch.setattr("cman_tf.inference.extractor.Extractor", choose)

    def predict(*arguments, input=""):
        process = run("predict", f"--model_dir={directory}", *arguments, input=input)
        return [json.loads(line) for line in process.stdout.split("\n") if line], process.stderr

    return predict


def assert_offsets(output):
    """What is found stands where the output says, within its text."""
    text = output["text"]
    assert [text[start:end] for start, end in output["offsets"]] == output["tokens"]
    for entity in output["entities"]:
        assert 0 <= entity["char_start"] < entity["char_end"] <= len(text)
        assert text[entity["char_start"] : entity["char_end"]] == entity["text"]


JAPANESE = "東京に住む田中さんは会社で働く。"
TOKENISED = "Ada Reed 's dog does n't like Orion Labs -LRB- Berlin -RRB- , `` he said '' ."


@pytest.mark.parametrize(
    ("text", "tokenizer", "tokens"),
    [
        (TOKENISED, "whitespace", TOKENISED.split()),
        ("Methotrexate-induced rash.", "hyphens", ["Methotrexate", "-", "induced", "rash", "."]),
        ("Methotrexate - induced rash.", "hyphens", ["Methotrexate", "-", "induced", "rash", "."]),
        (f"\ufeff{TEXT}", "", [*WORKS, "."]),
        (JAPANESE, "", list(JAPANESE)),
        ("Ada 😀 in 🇩🇪 👨‍👩‍👧.", "", ["Ada", "😀", "in", "🇩🇪", "👨‍👩‍👧", "."]),
        ("See https://a.org/b?x=1#top, a@b.org, v2.1.3", "", "See https://a.org/b?x=1#top , a@b.org , v2.1.3".split()),
        ("I can't; it's O'Brien's don’t.", "", "I can 't ; it 's O'Brien 's don ’t .".split()),
        ("I can't; it's O'Brien's.", "ptb", "I ca n't ; it 's O'Brien 's .".split()),
    ],
)
def test_awkward_texts(text, tokenizer, tokens, predict):
    (output,), said = predict(*([f"--tokenizer={tokenizer}"] if tokenizer else []), input=text + "\n")
    assert output["tokens"] == tokens and not said
    assert_offsets(output)


def test_bytes_that_are_not_utf8(predict, directory, tmp_path):
    path = write_file(tmp_path, b"Ada left.\nBo lives in K\xf6ln.\nAda lives in Rome.\n", "bad.txt")
    process = call_command("cman_tf.predict", f"--model_dir={directory}", f"--input={path}")
    fails_with(process, "bad.txt, line 2: byte 0xf6 is not UTF-8, expected UTF-8 text")
    for choice, text in (("skip", ""), ("replace", "Bo lives in K\ufffdln.")):
        outputs, said = predict(f"--input={path}", f"--on_error={choice}")
        assert [output["text"] for output in outputs] == ["Ada left.", text, "Ada lives in Rome."]
        assert said.startswith("1 line with bytes that are not UTF-8: ")


def test_documents_and_paragraphs(predict, tmp_path):
    text = "Report on Orion Labs\n\nAda Reed, who was born in Rome,\nworks for Orion Labs.\nShe lives\nin Paris.\n"
    path = write_file(tmp_path, text, "doc.txt")
    (output,), _ = predict(f"--input={path}", "--input_format=document")
    assert output["text"] == text and output["sentences"] == [[0, 4], [4, 18], [18, 23]]
    assert_offsets(output)
    paragraph = "Ada works for Orion. She was born in Rome. Bo shot Cy in 1999. Dr. Smith of the U.S. Army left."
    (output,), _ = predict("--split_sentences", input=paragraph)
    assert [" ".join(output["tokens"][start:end][:2]) for start, end in output["sentences"]] == [
        "Ada works",
        "She was",
        "Bo shot",
        "Dr. Smith",
    ]
    place = [n for n, (start, end) in enumerate(output["sentences"]) for _ in range(start, end)]
    for relation in output["relations"]:
        head, tail = (output["entities"][relation[end]] for end in ("head", "tail"))
        assert place[head["start"]] == place[tail["start"]]


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_each_tool_is_predicted_on(name, predict, tmp_path):
    """JSON is recognised. A table or columns could be text; either way a line says how it was read, and the flag."""
    file, content, *_ = FILES[name]
    path = write_file(tmp_path, content, file)
    outputs, said = predict(f"--input={path}")
    if name in ("triples_csv", "conll"):
        assert name in said and "--input_format=" in said
        outputs, said = predict(f"--input={path}", f"--input_format={name}")
    assert [output["tokens"] for output in outputs] == [[*WORKS, "."]] * (1 + (name == "spert"))
    for output in outputs:
        assert_offsets(output)


SEPARATORS = ("a\u2028b", "a\u0085b", "a\x0cb", "a\u2029b", "a\x1cb")


def test_case_01_and_20_are_said_by_predict_too(predict, tmp_path):
    write_file(tmp_path, "Ann met Bob.\r\nHe left.\r\n", "a.txt")
    write_file(tmp_path, "T1\tPer 13 15\tHe\n", "a.ann")
    outputs, said = predict(f"--input={tmp_path}", "--input_format=brat")
    assert [output["text"] for output in outputs] == ["Ann met Bob.\r\n", "He left.\r\n"]
    assert said == "offsets of 1 document count CRLF as one character\n"


def test_case_23_lines_end_at_line_feeds_only(predict):
    outputs, _ = predict(input="\n".join(SEPARATORS))
    assert [output["text"] for output in outputs] == [*SEPARATORS]
    outputs, _ = predict(input="\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in SEPARATORS))
    assert [output["text"] for output in outputs] == [*SEPARATORS]


def test_case_24_byte_order_marks(predict, known):
    """The one at the start is no part of the text. Any other counts as a character, and is in no token."""
    (first, second), _ = predict(input=f"\ufeff{known}\n\ufeff{known}\n")
    assert (first["text"], second["text"]) == (known, f"\ufeff{known}")
    assert first["tokens"] == second["tokens"] and first["relations"] == second["relations"] != []
    assert_offsets(second)


def places(found):
    return [(e.type, e.start, e.end, e.start_char) for e in found.entities], [
        (r.head.start, r.type, r.tail.start) for r in found.relations
    ]


def test_case_27_offsets_of_many_and_of_long_texts(model, known):
    """Falling and rising lengths, and a text of more than two pieces with the same name in each."""
    texts = [" ".join([known] * count) for count in (9, 150, 1, 4, 0, 2, 5)]
    together = model.extract(texts)
    assert together[1].pieces > 2
    name = next(e.text for e in model.extract(known).entities)
    for text, found in zip(texts, together):
        assert found.text == text and all(text[e.start_char : e.end_char] == e.text for e in found.entities)
        assert places(found) == places(model.extract(text))
    assert {e.start_char // (len(texts[1]) // 3) for e in together[1].entities if e.text == name} >= {0, 1, 2}


def test_case_29_which_mention(model):
    """Two equal mentions: a relation points to one of them by its position."""
    tokens = "Dr Chen wrote that Dr Chen lives in Rome".split()
    given = [("Peop", 0, 2), ("Peop", 4, 6), ("Loc", 8, 9)]
    found = model.extract(tokens=tokens, entities=given, all_scores=True)
    scored = {
        (r.head.start, r.tail.start): r.score for r in (*found.relations, *found.candidates) if r.type == "Live_In"
    }
    assert len(scored) == 6 and scored[0, 8] != scored[4, 8]
    output = found.to_dict()
    assert [e["text"] for e in output["entities"]] == ["Dr Chen", "Dr Chen", "Rome"]
    pairs = {(r["head"], r["tail"]) for r in (*output["relations"], *output["candidates"])}
    assert pairs == {(one, other) for one in range(3) for other in range(3) if one != other}


def test_case_32_input_without_labels(predict, directory, tmp_path):
    path = write_json(tmp_path / "a.json", {"tokens": ["Ann", "lives", "in", "Oslo"]})
    (output,), _ = predict(f"--input={path}")
    assert output["tokens"] == ["Ann", "lives", "in", "Oslo"] and output["text"] == "Ann lives in Oslo"
    process = call_command("cman_tf.evaluate", f"--model_dir={directory}", f"--data={path}")
    fails_with(process, f"{path}: no entities, so there is nothing to score; cman-tf predict needs no annotations")


def test_case_33_a_script_without_blanks(predict, model):
    (output,), _ = predict(input="张三住在北京。")
    assert output["tokens"] == list("张三住在北京。")
    assert_offsets(output)
    found = model.extract(tokens=output["tokens"], entities=[("Peop", 0, 2), ("Loc", 4, 6)])
    assert [e.start for e in found.entities] == [0, 4]  # a person inside can be found


def test_case_35_types_that_only_the_test_data_has(directory, known, tmp_path):
    tokens = [*known.split(), "Titanic"]
    last = len(tokens) - 1
    entities = [("Loc", 4, 5), ("Ship", last, last + 1)]
    path = write_json(tmp_path / "a.json", record(tokens, *entities, relations=[("Sails", 0, 1)]))
    arguments = (f"--model_dir={directory}", f"--data={path}")
    process = run("evaluate", *arguments)
    assert row(process, "Ship") == row(process, "Sails") == ["0", "0", "1", "0.00", "0.00", "0.00"]
    assert (
        f"{path}: 1 entity of a type that the model does not know (Ship); scoring counts each as missed"
        in process.stderr
    )
    assert f"{path}: 1 relation of a type that the model does not know (Sails); scoring" in process.stderr
    fails_with(call_command("cman_tf.evaluate", *arguments, "--strict_labels"), "entity type Ship, expected types")


def test_case_37_training_without_relations(tmp_path):
    """Half of the sentences are empty, two entities overlap (case 15), dev and test have a type of their own (case 35),
    batches hold one sentence (case 46), and the result is JSON without NaN (case 59)."""
    records = [record(WORKS, ("Per", 0, 2), ("Org", 4, 6), ("Org", 5, 6)), *[record("Rain fell")] * 1] * 2
    write_json(tmp_path / "train.json", *records)
    for split in ("dev", "test"):
        write_json(tmp_path / f"{split}.json", record(WORKS, ("Per", 0, 2), ("Ship", 4, 6)))
    flags = [*(flag for flag in BASELINE if "batch_size" not in flag), "--batch_size=1", "--epochs=1"]
    process = run("train", f"--data_dir={tmp_path}", f"--model_dir={tmp_path}/run", *flags)
    assert process.stdout.count("relations: none") + process.stderr.count("relations: none") == 1
    assert "train: of 6 entities 4 can be tagged; 0 relations cannot be learned" in process.stderr
    assert "1 entity of a type that the model does not know (Ship)" in process.stderr + process.stdout
    result = json.loads((tmp_path / "run" / "result.json").read_text(), parse_constant=pytest.fail)
    assert result["test"]["strict"]["per_type"]["entities"]["Ship"]["fn"] == 1
    assert "relations: nothing to score, in the data or the predictions" in process.stdout
    strict = call_command(
        "cman_tf.train", f"--data_dir={tmp_path}", f"--model_dir={tmp_path}/other", "--strict_labels", *flags
    )
    fails_with(strict, "dev.json: entity type Ship, expected types that the training data contains")


def test_case_46_one_token(model):
    for found in (model.extract("Oslo"), model.extract(["Oslo"])[0], model.extract(["Oslo"], batch_tokens=1)[0]):
        assert found.tokens == ("Oslo",) and all(0 <= e.score <= 1 for e in found.entities) and not found.relations


def test_case_48_padding_changes_nothing(model, known):
    alone, long = model.extract(known), " ".join(["x"] * 100)
    assert alone.relations
    for texts in ([known, long], [long, known], [known] * 3 + [long, "Oslo"]):
        for batch_tokens in (1, 50, 10_000):
            for text, found in zip(texts, model.extract(texts, batch_tokens=batch_tokens)):
                if text == known:
                    assert places(found) == places(alone)
                    scores = [item.score for item in (*found.entities, *found.relations)]
                    expected = [item.score for item in (*alone.entities, *alone.relations)]
                    assert scores == pytest.approx(expected, abs=1e-5)


def test_case_59_numbers_that_json_knows(model, known, tmp_path):
    for found in (
        model.extract(known, all_scores=True),
        model.extract(""),
        model.extract("Oslo", relation_threshold=0),
    ):
        again = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert again == json.loads(json.dumps(dict(found), allow_nan=False))
        scores = [item.score for item in (*found.entities, *found.relations, *found.candidates)]
        assert all(type(score) is float for score in scores)
    for score in ("NaN", "Infinity", "-1", "true"):
        one = json.dumps(record("Ann", ("Per", 0, 1))).replace('"end": 1', f'"end": 1, "score": {score}')
        path = write_file(tmp_path, f"[{one}]")
        fails_with(run("check", path, code=1), "train.txt")
