"""Damaged files of a model directory: each is read, or refused in one line; nothing else is raised.

`FUZZ_RUNS=20000 pytest tests/test_model_directory_fuzz.py` tries more than the suite does.
"""

import copy
import json
import os
import random
import shutil

import pytest
from helpers import ROOT

from cman_tf.data.signatures import read_signatures
from cman_tf.errors import DataError
from cman_tf.experiments.result_files import read_result
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.inference.description import read_description
from cman_tf.runs.flagfile import config_of_run
from cman_tf.runs.metrics import Metrics
from cman_tf.training.session import SessionOptions, open_session

RUNS = int(os.environ.get("FUZZ_RUNS", "600"))
VALUES = [None, True, 0, -1, 1e308, float("nan"), 10**400, "", "x" * 200, [], {}, [[]], {"a": 1}, "\ud800", ["a", "a"]]
LINES = ["--hidden_size=a", "--model=x", "--", "--epochs=1e9", "--learning_rate=nan", "--flagfile=/etc/passwd", "\0"]
WHOLE = [b"", b"[", b"[" * 20000, b'{"a":' * 20000, b"null", b"[]", b"{}", b"NaN", b"\xff\xfe", b"1e999", b'"x"']
EXTRA = {
    "contextual.json": {
        "kind": "transformer",
        "location": {"encoder": "/nowhere"},
        "fingerprint": "ab",
        "layers": 7,
        "size": 384,
    },
    "signatures.json": {"Live_In": [["Peop", "Loc"]]},
    "record.json": {"tokenizer": "default", "files": {}, "weights": {}},
}


def paths(value, path=()):
    """Yield the path of each part of a JSON value, of long lists only the first ones."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value[:5]) if isinstance(value, list) else ()
    for key, part in items:
        yield from paths(part, (*path, key))


def change_part(draw, value):
    """Replace, remove or repeat one part of a JSON value."""
    path = draw.choice(list(paths(value)))
    if not path:
        return draw.choice(VALUES)
    value = copy.deepcopy(value)
    part = value
    for key in path[:-1]:
        part = part[key]
    if draw.random() < 0.7:
        part[path[-1]] = draw.choice(VALUES)
    elif isinstance(part, dict):
        del part[path[-1]]
    else:
        part.append(part[path[-1]])
    return value


def damage(draw, content):
    """Change some bytes, cut the end, change a part of the JSON or a line, or replace the whole file."""
    kind = draw.randrange(8)
    if kind == 0:
        changed = bytearray(content)
        for _ in range(draw.randint(1, 3)):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        return bytes(changed)
    if kind == 1:
        return content[: draw.randrange(len(content))]
    if kind == 2:
        return draw.choice(WHOLE)
    try:
        return json.dumps(change_part(draw, json.loads(content))).encode("utf-8", "replace")
    except ValueError:
        lines = content.decode().splitlines()
    place = draw.randrange(len(lines))
    try:
        lines[place] = json.dumps(change_part(draw, json.loads(lines[place])))
    except ValueError:
        lines[place] = draw.choice(LINES)
    return "\n".join(lines).encode("utf-8", "replace")


@pytest.fixture
def run(tmp_path):
    """A run whose files are not compared with hashes, as those of older versions are not."""
    folder = shutil.copytree(ROOT / "tests" / "golden" / "dynamic_cman", tmp_path / "run")
    content = json.loads((folder / "run.json").read_text())
    content.pop("record", None)
    (folder / "run.json").write_text(json.dumps(content))
    return folder


def test_damaged_files_are_refused_in_one_line(run):
    corpus = read_corpus(ROOT / "cman_tf" / "sample" / "dev.json")
    config = config_of_run(run / "flags.txt")

    def load():
        read_description(run)

    def resume():
        open_session(config, dict.fromkeys(("train", "dev", "test"), corpus), None, SessionOptions(str(run)))

    calls = {
        "flags.txt": [load],
        "vocabulary.json": [load],
        "contextual.json": [load],
        "run.json": [load, resume],
        "record.json": [load, resume],
        "result.json": [resume, lambda: read_result(run / "result.json")],
        "metrics.jsonl": [lambda: Metrics(str(run), 10**6).records()],
        "signatures.json": [lambda: read_signatures(run / "signatures.json")],
    }
    whole = {name: (run / name).read_bytes() for name in calls if (run / name).exists()}
    whole |= {name: json.dumps(content).encode() for name, content in EXTRA.items()}
    draw, refused = random.Random(1), 0
    for _ in range(RUNS):
        name = draw.choice([*calls])
        content = damage(draw, whole[name])
        (run / name).write_bytes(content)
        for call in calls[name]:
            try:
                call()
            except DataError as error:
                assert "\n" not in str(error) and len(str(error)) < 1000, (name, content[:300])
                refused += 1
            except BaseException as error:
                raise AssertionError((name, content[:300])) from error
        if name in EXTRA:
            (run / name).unlink()
        else:
            (run / name).write_bytes(whole[name])
    assert refused > RUNS / 3
