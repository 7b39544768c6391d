"""The serve command with a real model: the same answers as predict, its messages, and its end."""

import importlib.metadata
import json
import re
import shlex
import shutil
import socket
import sys
import threading
from types import SimpleNamespace

import pytest
from fake_service import Process
from helpers import ROOT, call_command, fails_with

from cman_tf.inference.description import read_description
from cman_tf.inference.tuned import Tuned, save_tuned
from cman_tf.serve import choose_options, find_hosts
from cman_tf.serving.limits import Limits

pytestmark = pytest.mark.extra(name="serve")
ADDRESS = "http://127.0.0.1:8000"
GOLDEN = ROOT / "tests" / "golden" / "dynamic_cman"
TEXTS = [
    *(ROOT / "tests" / "golden" / "text.txt").read_text(encoding="utf-8").splitlines(),
    "In Rome, Ann Lee works for Fox.",
    "Ann \u202egnp.exe\u202c <b>&amp;</b> \"quoted\" 'Bo'",
    "x" * 10_000,
    "shot " * 1500,
]
RECORDS = [{"id": 7, "text": "Ann left."}, {"id": "b", "tokens": ["Bo", "lives", "in", "Rome"]}]


PAGE = (ROOT / "docs" / "serve.md").read_text()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """The service as docs/serve.md starts it, at another port."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "runs").mkdir()
    (folder / "runs" / "sample").symlink_to(GOLDEN)
    (words,) = re.findall(r"^cman-tf (serve .*)$", PAGE, re.M)
    with Process("-m", "cman_tf", *words.split(), "--port=0", cwd=folder) as process:
        yield process
        assert process.end() == (0, "")


@pytest.fixture(scope="module")
def model(golden):
    return golden(GOLDEN.name)


@pytest.fixture
def predict(model, monkeypatch):
    """Call the predict command, which finds the model loaded already; this saves seconds a call."""
    monkeypatch.setattr("cman_tf.inference.extractor.Extractor", lambda description, **options: model)
    return run_predict


def run_predict(text, *flags):
    process = call_command("cman_tf.predict", f"--model_dir={GOLDEN}", "--input_format=jsonl", *flags, input=text)
    assert process.returncode == 0, process.stderr
    return [json.loads(line) for line in process.stdout.splitlines()]


def to_lines(records):
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.mark.e2e
def test_answers_are_those_of_predict(service, predict):
    """Together and alone, for texts and records, with options, and while others ask."""
    texts = [{"text": text} for text in TEXTS]
    expected = predict(to_lines([*texts, *RECORDS]))
    assert service.extract({"texts": [*TEXTS, *RECORDS]}) == (200, {"results": expected})
    alone = [None] * len(TEXTS)

    def ask(place):
        alone[place] = service.extract({"texts": [TEXTS[place]]})[1]["results"][0]

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(TEXTS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for found, wanted in zip(alone, expected):
        scores = [
            pytest.approx(item.pop("score"), abs=2e-4) for kind in ("entities", "relations") for item in found[kind]
        ]
        assert scores == [item.pop("score") for kind in ("entities", "relations") for item in wanted[kind]]
        assert found == wanted
    flags = ["--relation_threshold=0.1", "--entity_threshold=0.3", "--all_scores", "--split_sentences"]
    options = {"relation_threshold": 0.1, "entity_threshold": 0.3, "all_scores": True, "split_sentences": True}
    few = ["Ann Lee works for Fox. Bo left Rome.", TEXTS[0]]
    found = service.extract({"texts": few, **options})[1]["results"]
    assert found == predict(to_lines([{"text": text} for text in few]), *flags)


@pytest.mark.e2e
def test_given_entities_and_long_sentences(service):
    content = service.call("GET", "/version")[2]
    spans = [{"type": kind, "start": n, "end": n + 1} for n, kind in enumerate(content["entity_types"][:2])]
    given = {"tokens": ["Ann", "lives", "in", "Rome"], "entities": spans}
    status, content = service.extract({"texts": [given], "given_entities": True, "all_scores": True})
    (result,) = content["results"]
    assert status == 200 and [[e[name] for name in ("type", "start", "end")] for e in result["entities"]] == [
        list(span.values()) for span in spans
    ]
    assert len(result["relations"]) + len(result["candidates"]) > 0
    given["entities"][0]["type"] = "Nobody"
    status, content = service.extract({"texts": ["", given], "given_entities": True})
    assert status == 422 and content["error"].startswith("texts, item 1: entity 0: type 'Nobody', expected one of")
    status, content = service.extract({"texts": ["a " * 500], "on_long": "error"})
    assert status == 422 and content["error"].startswith(
        "texts, item 0: a sentence of 500 tokens, expected at most 400"
    )


@pytest.mark.e2e
def test_what_the_page_shows_works(service):
    """The call by curl, the client in Python, and the line at the start."""
    (line,) = re.findall(r"^curl .*$", PAGE, re.M)
    _, _, header, _, body, address = shlex.split(line)
    assert header == "Content-Type: application/json" and address == f"{ADDRESS}/extract"
    assert service.extract(body.encode())[0] == 200
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    names = {}
    exec(code.replace(ADDRESS, service.address), names)
    assert [result["text"] for result in names["results"]] == ["Nora Belvia works for Belaton Corp.", "Bo left."]
    assert f"{ADDRESS} answers; Ctrl-C ends it" in PAGE
    message = re.search(r"An error is .* `(\{.*\})`:", PAGE)[1]
    assert service.extract({"texts": [5]}) == (422, json.loads(message))


def test_the_page_names_every_status_path_and_bound():
    from cman_tf.serving.app import _REFUSALS
    from cman_tf.serving.bounds import PATHS

    assert {int(status) for status in re.findall(r"^\| (\d{3}) \|", PAGE, re.M)} == _REFUSALS.keys()
    assert all(f"{path}`" in PAGE for path in PATHS)
    limits = Limits()
    for number in (limits.texts, limits.characters, limits.queue_texts, limits.requests, limits.connections):
        assert re.search(rf"\b{number}\b", PAGE), number
    for number in (limits.answer_seconds, limits.body_seconds, limits.idle_seconds, limits.pair_characters):
        assert re.search(rf"\b{number:g}\b", PAGE), number


@pytest.mark.parametrize(
    "tuned, given, expected", [(False, 0, [0.5, 0.0]), (True, 1, [0.5, None]), (True, 0, [None] * 2)]
)
def test_thresholds_that_no_request_gives(monkeypatch, tuned, given, expected):
    names = ("relation_threshold", "entity_threshold")
    found = {name: SimpleNamespace(value=value, present=given) for name, value in zip(names, (0.5, 0.0))}
    found["entity_threshold"].present = 0
    monkeypatch.setattr("cman_tf.serve.FLAGS", found)
    assert choose_options(Tuned(0.0, {}) if tuned else None) == dict(zip(names, expected))


@pytest.mark.e2e
@pytest.mark.slow
def test_tuned_thresholds(tmp_path):
    """They count where neither a flag nor the request gives a threshold, and /version says so."""
    shutil.copytree(GOLDEN, tmp_path / "run")
    description = read_description(tmp_path / "run")
    tuned = Tuned(0.0, dict.fromkeys(description.vocabulary.relations, 1.0), 1.5, 2.0)
    save_tuned(description, tuned, {})
    flags = (f"--model_dir={tmp_path}/run", "--thresholds=tuned", "--entity_threshold=0.25", "--port=0")
    with Process("-m", "cman_tf", "serve", *flags) as service:
        about = service.call("GET", "/version")[2]
        assert about["thresholds"] == "tuned" and about["tuned"] == tuned.decoding_options()
        assert about["options"] == {"relation_threshold": None, "entity_threshold": 0.25}
        assert b'id="relation" min="0" max="1" step="any" value=""' in service.call("GET", "/")[2]
        found = [
            service.extract({"texts": TEXTS[:4], "entity_threshold": 0, **options})[1]["results"]
            for options in ({}, {"relation_threshold": 0.0})
        ]
        assert not any(result["relations"] for result in found[0])
        assert any(result["relations"] for result in found[1])
        assert service.end() == (0, "")


@pytest.mark.e2e
def test_version_names_no_path(service):
    content = service.call("GET", "/version")[2]
    assert (content["name"], content["model"]) == ("dynamic_cman", "dynamic_cman")
    assert str(ROOT) not in json.dumps(content)
    assert service.metrics()["process_resident_memory_bytes"] > 1e8


@pytest.mark.e2e
def test_a_port_in_use_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        process = call_command("cman_tf.serve", f"--model_dir={GOLDEN}", f"--port={port}")
    assert process.returncode == 1 and process.stdout == ""
    expected = f"127.0.0.1, port {port}: Address already in use, expected a free port: --port=N, or --port=0 for any\n"
    assert process.stderr == expected


@pytest.mark.e2e
@pytest.mark.parametrize(
    "flags, message",
    [
        (["--model_dir=/absent"], "/absent: no trained model here"),
        ([f"--model_dir={GOLDEN}", "--max_texts=2000"], "--max_texts=2000: expected at most --max_queue=1024"),
        ([f"--model_dir={GOLDEN}", "--thresholds=tuned"], "no tuned thresholds, expected thresholds.json"),
        ([f"--model_dir={GOLDEN}", "--port=70000"], "--port=70000"),
        ([f"--model_dir={GOLDEN}", "--host=no.such.host.invalid"], "expected an address of this machine"),
        ([f"--model_dir={GOLDEN}", "--symmetric_relations=Nothing"], "Nothing"),
    ],
)
def test_bad_flags(flags, message):
    process = call_command("cman_tf.serve", *flags)
    fails_with(process, message)
    assert len(process.stderr.splitlines()) == 1


def test_a_missing_extra_is_one_line(monkeypatch):
    import cman_tf.serving.server

    monkeypatch.delattr(cman_tf.serving, "server")
    monkeypatch.delitem(sys.modules, "cman_tf.serving.server")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    process = call_command("cman_tf.serve", f"--model_dir={GOLDEN}")
    fails_with(process, "uvicorn is not installed, expected it: pip install 'cman-tf[serve]'")


def test_names_of_the_service():
    local = {"localhost", "127.0.0.1", "[::1]"}
    assert find_hosts("127.0.0.1", None) == local and find_hosts("::1", None) >= local
    assert find_hosts("127.0.0.2", None) == {*local, "127.0.0.2"}
    assert find_hosts("0.0.0.0", None) is None
    assert find_hosts("0.0.0.0", ["Models.example"]) == {"models.example"}


def test_pins_are_those_of_the_setup():
    """What is installed here is what setup.py pins for this Python."""
    text = (ROOT / "setup.py").read_text()
    for name in ("fastapi", "uvicorn"):
        assert importlib.metadata.version(name) in re.findall(rf'"{name}==([\d.]+);', text)
