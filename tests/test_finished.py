"""Whether a run's result exists already: what is compared, and what is said."""

import dataclasses
import json

import pytest
from result_makers import make_result, write_results

from cman_tf.data.corpus import SPLITS
from cman_tf.errors import DataError
from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.finished import has_finished
from cman_tf.experiments.planning import Options, find_flagfile, list_runs
from cman_tf.runs.files import sha256_of
from cman_tf.runs.flagfile import config_from_flagfile


@pytest.fixture
def run(tmp_path, eight_sentences):
    """A run of CMAN, and its result: two epochs of two."""
    options = Options(
        str(eight_sentences), {"words": ()}, (1,), (), tmp_path / "results", tmp_path / "runs", ("--epochs=2",)
    )
    run = list_runs("conll04", EXPERIMENTS["conll04"], options)[1]
    flags = dataclasses.asdict(config_from_flagfile(find_flagfile("conll04_ijcai"), run.flags))
    hashes = {split: {"sha256": sha256_of(eight_sentences / f"{split}.json")} for split in SPLITS}
    content = {**make_result(50.0, 1), "flags": flags, "epochs": 2, "corpus": {"name": "eight", **hashes}}
    content.update(word_vectors_sha256=None, encoder_fingerprint=None)
    write_results(tmp_path / "results", {"conll04/cman-words-seed1": content})
    return run


def change(run, **changes):
    content = json.loads(run.result.read_text())
    content["flags"].update(changes.pop("flags", {}))
    run.result.write_text(json.dumps({**content, **changes}))


def test_a_result_with_the_same_settings_and_data(run):
    assert has_finished(run)
    run.result.unlink()
    assert not has_finished(run)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"flags": {"hidden_size": 64}}, "made with --hidden_size=64, expected 128; choose another --results_dir"),
        ({"word_vectors_sha256": "a"}, "made with other word vectors than none"),
        ({"encoder_fingerprint": "a"}, "made with another encoder than none"),
        ({"flags": {"format": "spert"}}, "made with --format=spert, expected auto"),
        ({"flags": {"epochs": 1}, "epochs": 1}, "made with --epochs=1 --patience=30, expected --epochs=2"),
        ({"seed": None}, "seed is None"),
    ],
)
def test_another_result_is_not_taken_for_the_runs(run, changes, message):
    change(run, **changes)
    with pytest.raises(DataError, match=message):
        has_finished(run)


def test_other_data(run):
    content = json.loads(run.result.read_text())
    content["corpus"]["test"]["sha256"] = "0" * 64
    run.result.write_text(json.dumps(content))
    with pytest.raises(DataError, match="made with other test data than"):
        has_finished(run)


def test_more_epochs_than_asked_for_are_as_good(run):
    change(run, epochs=3)
    assert has_finished(run)


def test_a_run_that_stopped_earlier_is_resumed(run):
    change(run, flags={"epochs": 1}, epochs=1)
    run.directory.mkdir(parents=True)
    (run.directory / "run.json").write_text("{}")
    assert not has_finished(run)


def test_an_older_result_knows_names_only(run):
    content = json.loads(run.result.read_text())
    del content["word_vectors_sha256"], content["encoder_fingerprint"]
    content["flags"].update(model_dir="x", encoder="minilm")
    run.result.write_text(json.dumps(content))
    with pytest.raises(DataError, match="made with --encoder=minilm, expected none"):
        has_finished(run)
