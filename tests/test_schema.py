"""Files of a run are checked when they are read: one line with the file and the key."""

import json
import os

import pytest
from helpers import ROOT
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.errors import DataError
from cman_tf.runs.files import read_json
from cman_tf.runs.metrics import Metrics
from cman_tf.runs.plain_files import read_bytes, read_text
from cman_tf.runs.run_directory import read_run
from cman_tf.runs.schema import (
    anything,
    find_mismatch,
    list_of,
    nullable,
    number,
    object_of,
    one_of,
    record,
    text,
    whole,
)
from cman_tf.scoring.result_schema import OWN_RESULT

GOLDEN = ROOT / "tests" / "golden" / "multihead"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
SCHEMA = record(
    {"name": text(), "kind": one_of("a", 1)},
    {"size": nullable(whole(1, 5)), "scores": object_of(list_of(number(0, 1), 2)), "more": anything(2)},
)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": 3}, "name is 3, not text"),
        ({"name": "\ud800"}, "name is '\\ud800', not Unicode"),
        ({"kind": True}, "kind is True, not one of a, 1"),
        ({"size": 6}, "size is 6, not a whole number from 1"),
        ({"size": 1.0}, "size is 1.0, not a whole number from 1"),
        ({"scores": []}, "scores is [], not an object"),
        ({"scores": {"x": [0.5]}}, "scores/x is [0.5], not a list of 2"),
        ({"scores": {"x": [0.5, 7]}}, "scores/x/1 is 7, not a number from 0 to 1"),
        ({"more": [[[[1]]]]}, "more is nested more than 2 times"),
        ({"other": 1}, "other is no key that is known here"),
        ({"k" * 999: 1}, f"{'k' * 60}... is no key that is known here"),
    ],
)
def test_a_mismatch_is_named_with_its_place(changed, message):
    sound = {"name": "x", "kind": "a", "size": None, "scores": {"x": [0, 0.5]}, "more": [[1]]}
    assert find_mismatch(sound, SCHEMA) == ""
    assert find_mismatch({**sound, **changed}, SCHEMA) == message
    assert find_mismatch({"kind": "a"}, SCHEMA) == "name is missing"


@given(JSON)
def test_any_value_is_allowed_or_named_in_a_line(value):
    for content in (value, {"name": value}, {"name": "x", "kind": "a", "scores": value, "more": value}):
        assert len(find_mismatch(content, SCHEMA)) < 200


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff{}", "byte 0 is 0xff, which is not UTF-8"),
        (b'{"a": NaN}', "not JSON .the number NaN, which JSON does not have"),
        (b'{"a": 1e999}', "not JSON .the number '1e999', which is too large"),
        (b'{"a": 1, "a": 2}', "not JSON .the key 'a' twice"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "JSON, but not an object"),
    ],
)
def test_what_is_no_json_object(tmp_path, content, message):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DataError, match=f"a.json: {message}.*, expected a file"):
        read_json(tmp_path / "a.json", "a file")


def test_only_regular_files_of_a_bounded_size_are_read(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"ab" * (1 << 20))
    with pytest.raises(DataError, match="a: 2097152 bytes, at most 1 MiB are read, expected less"):
        read_bytes(path, "expected less", 1 << 20)
    for wrong in (tmp_path, "/dev/zero", tmp_path / "absent", tmp_path / "x\0y"):
        with pytest.raises(DataError, match="expected text"):
            read_text(wrong, "expected text")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="pipe: is a named pipe, no regular file, expected text"):
        read_text(tmp_path / "pipe", "expected text")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda run: run.pop("id"), "id is missing"),
        (lambda run: run.update(commits=[1]), "commits/0 is 1, not text"),
        (lambda run: run["settings"].update(epochs=1.5), "settings/epochs is 1.5, not a whole number"),
        (lambda run: run["settings"].update(xla="yes"), "settings/xla is 'yes', not true or false"),
        (lambda run: run["settings"].update(depth=3), "settings/depth is no key that is known here"),
        (lambda run: run["corpora"].update(dev="0"), "corpora/dev is '0', not a sha256"),
    ],
)
def test_run_json(tmp_path, change, message):
    content = json.loads((GOLDEN / "run.json").read_text())
    change(content)
    (tmp_path / "run.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=f"run.json: {message}.*, expected what cman-tf train wrote"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["{"], "line 1: not JSON"),
        ([""], "line 1: not JSON"),
        (['{"epoch": 1.0, "seconds": 1, "dev_seconds": 0}'], "line 1: epoch is 1.0, not a whole number from 1"),
        (['{"epoch": 1, "seconds": 1}'], "line 1: dev_seconds is missing"),
        (['{"epoch": 1, "seconds": 1, "dev_seconds": 0, "dev/f1": "x"}'], "line 1: dev/f1 is 'x', not a number"),
        (['{"epoch": 3, "seconds": 1, "dev_seconds": 0}'] * 2, "line 2: epoch 3 after epoch 3, expected 4"),
    ],
)
def test_metrics_that_are_damaged(tmp_path, lines, message):
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=f"metrics.jsonl, {message}"):
        Metrics(str(tmp_path), 9)


def test_metrics_keep_what_is_not_finite_as_nothing(tmp_path):
    metrics = Metrics(str(tmp_path), 0)
    assert metrics.records() == []
    metrics.add({"epoch": 1, "seconds": 1.5, "dev_seconds": 0.5, "gradient_norm": float("inf")})
    assert Metrics(str(tmp_path), 1).records()[0]["gradient_norm"] is None
    assert Metrics(str(tmp_path), 0).records() == []


def test_the_result_of_a_run_is_sound_within(tmp_path):
    content = json.loads((GOLDEN / "result.json").read_text())
    assert find_mismatch(content, OWN_RESULT) == ""
    del content["test"]["strict"]["per_type"]["relations"]["Live_In"]["tp"]
    assert find_mismatch(content, OWN_RESULT) == "test/strict/per_type/relations/Live_In/tp is missing"
