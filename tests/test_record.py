"""A run's record: what was changed after training is refused."""

import json

import pytest

from cman_tf.errors import DataError
from cman_tf.runs.record import (
    read_record,
    record_weights,
    start_record,
    verify_record,
    verify_resumable,
)

ENDINGS = ("index", "data-00000-of-00001")


@pytest.fixture
def run(tmp_path):
    """A run's directory with a record, and its checkpoint."""
    for name in ("flags.txt", "vocabulary.json"):
        (tmp_path / name).write_text(name)
    (tmp_path / "run.json").write_text('{"record": true}')
    (tmp_path / "best").mkdir()
    for ending in ENDINGS:
        (tmp_path / "best" / f"ckpt-1.{ending}").write_text(ending)
    (tmp_path / "best" / "checkpoint").write_text('model_checkpoint_path: "ckpt-1"')
    start_record(tmp_path, "v1")
    record_weights(tmp_path, [str(tmp_path / "best" / "ckpt-1")])
    return tmp_path, tmp_path / "best" / "ckpt-1"


def test_untouched(run):
    verify_record(*run, ["v1"])
    assert read_record(run[0])["weights"].keys() == {"best/ckpt-1.index", "best/ckpt-1.data-00000-of-00001"}


@pytest.mark.parametrize(
    "name", ["flags.txt", "vocabulary.json", "best/ckpt-1.index", "best/ckpt-1.data-00000-of-00001"]
)
def test_changed(run, name):
    (run[0] / name).write_text("another")
    with pytest.raises(DataError, match=f"{name} was changed since training wrote it"):
        verify_record(*run, ["v1"])


def test_added_and_missing(run):
    (run[0] / "contextual.json").write_text("{}")
    with pytest.raises(DataError, match="contextual.json is not in the run's record"):
        verify_record(*run, ["v1"])
    (run[0] / "contextual.json").unlink()
    (run[0] / "vocabulary.json").unlink()
    with pytest.raises(DataError, match="vocabulary.json is missing"):
        verify_record(*run, ["v1"])


def test_the_tokenizer_is_the_one_in_run_json(run):
    start_record(run[0])
    assert read_record(run[0])["tokenizer"] == "v1"  # of a run without a name
    (run[0] / "run.json").write_text('{"record": true, "tokenizer": "ptb"}')
    start_record(run[0])
    assert read_record(run[0])["tokenizer"] == "ptb"


def test_another_tokenizer(run):
    with pytest.raises(DataError, match="tokenizer 'v1', expected one of v2"):
        verify_record(*run, ["v2"])


def test_a_checkpoint_that_was_never_recorded(run):
    for path in (run[0] / "best").iterdir():
        path.rename(path.with_name(path.name.replace("ckpt-1", "ckpt-2")))
    with pytest.raises(DataError, match="run the same training command again"):
        verify_record(run[0], run[0] / "best" / "ckpt-2", ["v1"])


def test_without_a_record(run):
    (run[0] / "record.json").unlink()
    with pytest.raises(DataError, match="record.json is missing"):
        verify_record(*run, ["v1"])
    (run[0] / "run.json").write_text("{}")  # as older versions wrote it
    verify_record(*run, ["v1"])


@pytest.mark.parametrize("change", [{"files": 1}, {"weights": {"a": 1}}, {"tokenizer": None}])
def test_a_damaged_record(run, change):
    path = run[0] / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match="record.json: .* expected the record that cman-tf train wrote"):
        verify_record(*run, ["v1"])


def test_gone_checkpoints_are_forgotten(run):
    for path in (run[0] / "best").iterdir():
        path.unlink()
    (run[0] / "best" / "ckpt-2.index").write_text("x")
    record_weights(run[0], [str(run[0] / "best" / "ckpt-2")])
    assert read_record(run[0])["weights"].keys() == {"best/ckpt-2.index"}
    assert read_record(run[0].parent) is None


@pytest.mark.parametrize("name", ["vocabulary.json", "best/ckpt-1.index", "best/ckpt-1.data-00000-of-00001"])
def test_training_does_not_resume_from_a_changed_file(run, name):
    verify_resumable(run[0])
    (run[0] / "flags.txt").write_text("written again from the caller's flags")
    verify_resumable(run[0])
    (run[0] / name).write_text("another")
    with pytest.raises(DataError, match=f"{name}: was changed since training wrote it"):
        verify_resumable(run[0])


def test_training_resumes_from_a_checkpoint_that_was_saved_just_before_a_kill(run):
    (run[0] / "last").mkdir()
    for epoch, is_accepted in ((2, True), (3, False)):
        path = run[0] / "last" / f"ckpt-{epoch}.index"
        path.write_text("x")
        if is_accepted:
            verify_resumable(run[0])
        else:
            with pytest.raises(DataError, match="ckpt-3.index: not in the run's record"):
                verify_resumable(run[0])


def test_training_does_not_resume_from_a_foreign_or_without_a_file(run):
    (run[0] / "word_vectors.npy").write_text("x")
    with pytest.raises(DataError, match="word_vectors.npy: not in the run's record"):
        verify_resumable(run[0])
    (run[0] / "word_vectors.npy").unlink()
    (run[0] / "vocabulary.json").unlink()
    with pytest.raises(DataError, match="vocabulary.json: no such file"):
        verify_resumable(run[0])
    (run[0] / "record.json").unlink()
    verify_resumable(run[0])  # as of an older version
    with pytest.raises(DataError, match="record.json is missing"):
        verify_resumable(run[0], required=True)


def test_a_link_out_of_the_run_is_refused(run, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (run[0] / "best").rename(elsewhere / "best")
    (run[0] / "best").symlink_to(elsewhere / "best")
    for verify in (lambda: verify_record(*run, ["v1"]), lambda: verify_resumable(run[0])):
        with pytest.raises(DataError, match="a link that leads out of the run's directory"):
            verify()


def test_training_does_not_start_anew_where_recorded_weights_are_gone(run):
    (run[0] / "best" / "checkpoint").write_text('model_checkpoint_path: "ckpt-1"')
    verify_resumable(run[0])
    (run[0] / "contextual.json").write_text("{}")
    with pytest.raises(DataError, match="contextual.json: not in the run's record"):
        verify_resumable(run[0])
    (run[0] / "contextual.json").unlink()
    (run[0] / "best" / "checkpoint").unlink()
    verify_resumable(run[0])  # the list of checkpoints is written anew
    for path in (run[0] / "best").glob("ckpt-1.*"):
        path.unlink()
    with pytest.raises(DataError, match="no checkpoint in last/ or best/, expected the one of epoch 1"):
        verify_resumable(run[0])
