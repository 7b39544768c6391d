"""thresholds.json: written, read again, and refused in one line when it does not fit."""

import dataclasses
import json
import shutil

import pytest
from helpers import ROOT

from cman_tf.errors import DataError
from cman_tf.inference.description import read_description
from cman_tf.inference.tuned import FILE, Tuned, find_tuned, read_tuned, save_tuned


@pytest.fixture
def description(tmp_path):
    shutil.copytree(ROOT / "tests" / "golden" / "dynamic_cman", tmp_path / "run")
    return read_description(tmp_path / "run")


@pytest.fixture
def tuned(description):
    thresholds = dict.fromkeys(description.vocabulary.relations, 0.25)
    return Tuned(0.125, thresholds, 1.5, 2.0)


def test_round_trip(description, tuned):
    with pytest.raises(DataError, match=f"no tuned thresholds, expected {FILE}; cman-tf tune-thresholds writes it"):
        read_tuned(description)
    path = save_tuned(description, tuned, {"file": "dev.json", "sha256": "0", "sentences": 3})
    assert read_tuned(description) == find_tuned("tuned", description) == tuned
    assert find_tuned("default", description) is None
    content = json.loads(path.read_text())
    assert content["checkpoint"].startswith("best/ckpt-") and content["data"]["file"] == "dev.json"
    with pytest.raises(DataError, match="thresholds is 'other', expected one of default, tuned"):
        find_tuned("other", description)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("checkpoint_sha256",), "0" * 64, "best/ckpt-.* was changed since; run cman-tf tune-thresholds --overwrite"),
        (("entities", "threshold"), "0.5", "entities/threshold is '0.5', not a number from 0 to 1"),
        (("entities", "threshold"), 1.5, "entities/threshold is 1.5, not a number from 0 to 1"),
        (("entities", "threshold"), True, "entities/threshold is True"),
        (("entities",), [], r"entities is \[\], not an object"),
        (("relations", "temperature"), 0, "relations/temperature is 0, not a number from 0.1 to 10"),
        (("relations", "temperature"), float("nan"), "not JSON .the number NaN"),
        (("relations", "thresholds"), [0.5], "relations/thresholds is .*, not an object"),
        (("relations", "thresholds", "<b>"), 0.5, "'<b>' is no relation type of the model"),
        (("relations", "thresholds", "Work_For"), None, "relations/thresholds/Work_For is None, not a number"),
    ],
)
def test_what_does_not_fit_is_named(description, tuned, place, value, message):
    path = save_tuned(description, tuned, {})
    content = json.loads(path.read_text())
    target = content
    for name in place[:-1]:
        target = target[name]
    target[place[-1]] = value
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=message) as caught:
        read_tuned(description)
    assert "\n" not in str(caught.value)


def test_another_checkpoint_and_no_json(description, tuned):
    path = save_tuned(description, tuned, {})
    shutil.copytree(description.directory / "best", description.directory / "last")
    with open(description.directory / "last" / f"{description.checkpoint.rpartition('/')[2]}.index", "ab") as file:
        file.write(b"0")
    other = description._replace(checkpoint=description.checkpoint.replace("/best/", "/last/"))
    with pytest.raises(DataError, match=r"tuned for best/ckpt-\d+, and the model is last/ckpt-\d+; run"):
        read_tuned(other)
    path.write_text("{")
    with pytest.raises(DataError, match="not JSON"):
        read_tuned(description)


def test_a_type_without_a_threshold(description, tuned):
    save_tuned(description, dataclasses.replace(tuned, relation_thresholds={}), {})
    with pytest.raises(DataError, match="has no threshold, expected what cman-tf tune-thresholds wrote"):
        read_tuned(description)
