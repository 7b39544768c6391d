"""A checkpoint that is damaged: the one before is used, with one line that says so, or one line says what to do."""

import json

import numpy as np
import pytest
import tensorflow as tf

from cman_tf.errors import DataError
from cman_tf.runs.damaged_checkpoints import choose_whole, list_checkpoints, repair_state
from cman_tf.runs.model_directory import find_checkpoint
from cman_tf.runs.record import read_record, start_record, verify_resumable
from cman_tf.training.checkpoints import TrainingState
from cman_tf.training.optimizer import ModelOptimizer

DAMAGES = {
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "garbage": lambda content: bytes(255 - byte for byte in content),
}
ENDINGS = ("index", "data-00000-of-00001")
STATES = [None, b"", b"\xff\xfe\x00", b"garbage {", b'model_checkpoint_path: "/elsewhere/ckpt-9"\n']
STATES += [b'model_checkpoint_path: "ckpt-3"\nall_model_checkpoint_paths: "ckpt-2"\nxyz {{{\n']  # ignored by TensorFlow


class Counter(tf.Module):
    """A model of one weight, which is cheap to save."""

    def __init__(self):
        super().__init__()
        self.weight = tf.Variable([0.0, 0.0])
        self.trainable_weight = [self.weight]

    @property
    def config(self):
        from helpers import SMALL

        return SMALL.resolved()

    tuned_encoder = None


def open_state(folder):
    """The state of a run of that model, and the model."""
    model = Counter()
    return TrainingState(str(folder), model, ModelOptimizer(model)), model


@pytest.fixture
def run(tmp_path):
    """A run of three epochs, of which the second is the best; the weight is the epoch."""
    state, model = open_state(tmp_path)
    for epoch, score in ((1, 10.0), (2, 50.0), (3, 20.0)):
        model.weight.assign([float(epoch)] * 2)
        state.finish_epoch(epoch, score)
    return tmp_path


def damage(path, kind):
    path.write_bytes(DAMAGES[kind](path.read_bytes()))


def forget(run):
    """Make the run one of a version that kept no record of its weights."""
    record = json.loads((run / "record.json").read_text())
    (run / "record.json").write_text(json.dumps({**record, "weights": {}}))


@pytest.mark.parametrize("is_recorded", [True, False])
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", DAMAGES)
def test_training_resumes_from_the_checkpoint_before(run, kind, ending, is_recorded, caplog):
    if not is_recorded:
        forget(run)
    damage(run / "last" / f"ckpt-3.{ending}", kind)
    verify_resumable(run, required=True)
    state, model = open_state(run)
    assert state.restore_last() == 2
    np.testing.assert_array_equal(model.weight, [2.0, 2.0])
    lines = [record.getMessage() for record in caplog.records if "is used instead" in record.getMessage()]
    assert len(lines) == 1 and "\n" not in lines[0] and f"{run}/last/ckpt-3" in lines[0]
    state.finish_epoch(3, 20.0)  # the damaged one is replaced
    verify_resumable(run, required=True)
    assert open_state(run)[0].restore_last() == 3


def test_the_best_epoch_is_resumed_from_if_the_last_ones_are_damaged(run):
    for number in (2, 3):
        damage(run / "last" / f"ckpt-{number}.index", "cut")
    verify_resumable(run, required=True)
    assert open_state(run)[0].restore_last() == 2


def test_the_best_epoch_is_saved_again_from_the_last_ones(run):
    damage(run / "best" / "ckpt-2.index", "empty")
    verify_resumable(run, required=True)
    state, model = open_state(run)
    assert state.restore_last() == 2  # epoch 3 does not hold the best weights
    assert choose_whole(run, "best")[0] == run / "best" / "ckpt-2"
    assert {name for name in read_record(run)["weights"] if name.startswith("best/")} == {
        f"best/ckpt-2.{ending}" for ending in ENDINGS
    }


def test_one_line_if_no_checkpoint_is_left(run):
    for path in [*run.glob("last/ckpt-*"), *run.glob("best/ckpt-*")]:
        damage(path, "cut")
    with pytest.raises(DataError, match="was changed since .* restore the directory, or choose another --model_dir"):
        verify_resumable(run, required=True)
    forget(run)
    with pytest.raises(DataError, match=r"nor can 2 others be used.* restore the directory") as error:
        open_state(run)[0].restore_last()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", STATES)
def test_the_list_of_checkpoints_is_written_anew(run, content, caplog):
    state = run / "last" / "checkpoint"
    state.unlink()
    if content is not None:
        state.write_bytes(content)
    assert find_checkpoint(run, "last") == str(run / "last" / "ckpt-3")  # prediction does not read it
    opened, model = open_state(run)
    assert opened.restore_last() == 3
    assert sum("it is written anew" in record.getMessage() for record in caplog.records) == 1
    assert repair_state(run / "last") == ""
    opened.finish_epoch(4, 20.0)
    assert [path.name for path in list_checkpoints(run / "last")] == ["ckpt-4", "ckpt-3"]


@pytest.mark.parametrize("part", ["last", "best"])
def test_no_checkpoint_is_deleted_for_a_line_that_does_not_belong_there(run, part):
    with open(run / part / "checkpoint", "a") as file:
        file.write("xyz {{{\n")
    before = list_checkpoints(run / part)
    assert open_state(run)[0].restore_last() == 3
    assert list_checkpoints(run / part) == before


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", DAMAGES)
def test_prediction_takes_the_checkpoint_before(run, kind, ending, caplog):
    damage(run / "last" / f"ckpt-3.{ending}", kind)
    assert find_checkpoint(run, "last") == str(run / "last" / "ckpt-2")
    assert [record.getMessage() for record in caplog.records][0].endswith(f"; {run}/last/ckpt-2 is used instead")
    damage(run / "best" / f"ckpt-2.{ending}", kind)
    with pytest.raises(DataError, match="no older one is left, expected a whole checkpoint; .*--checkpoint=last"):
        find_checkpoint(run, "best")
    damage(run / "last" / f"ckpt-2.{ending}", kind)
    with pytest.raises(DataError, match="no older one is left, expected a whole checkpoint; restore the directory$"):
        find_checkpoint(run, "best")


def test_a_missing_file_is_damage(run):
    (run / "last" / "ckpt-3.data-00000-of-00001").unlink()
    (run / "last" / "ckpt-2.index").unlink()
    assert choose_whole(run, "last") == (
        None,
        [
            f"{run}/last/ckpt-3: its .data file is missing",
            f"{run}/last/ckpt-2: its .index file is missing",
        ],
    )
    assert open_state(run)[0].restore_last() == 2  # of best/


def test_a_run_without_checkpoints(tmp_path):
    start_record(tmp_path)
    with pytest.raises(DataError, match="no checkpoint, expected one of a run that finished an epoch"):
        find_checkpoint(tmp_path)
    assert open_state(tmp_path)[0].restore_last() == 0
