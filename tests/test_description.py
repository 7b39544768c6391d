"""What a model directory says, read without TensorFlow."""

import shutil
import subprocess
import sys

import pytest
from helpers import ROOT

from cman_tf.errors import DataError
from cman_tf.inference.description import read_description
from cman_tf.runs.model_directory import find_checkpoint
from cman_tf.runs.record import record_weights, start_record

GOLDEN = ROOT / "tests" / "golden" / "dynamic_cman"


@pytest.fixture
def model(tmp_path):
    return shutil.copytree(GOLDEN, tmp_path / "model")


def test_a_description_is_read_without_tensorflow():
    code = (
        "import sys; from cman_tf.inference.description import read_description\n"
        f"found = read_description({str(GOLDEN)!r})\n"
        "assert found.config.model == 'dynamic_cman' and found.vocabulary.relations and found.encoder is None\n"
        "assert not {'tensorflow', 'h5py'} & set(sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (".", r"no trained model here \(no such directory\)"),
        ("vocabulary.json", r"no trained model here \(no vocabulary.json\)"),
        ("flags.txt", r"no trained model here \(no flags.txt\)"),
        ("best", "best: no checkpoint, expected one of a run that finished an epoch"),
        ("best/*.index", "best/ckpt-103: its .index file is missing; no older one is left"),
    ],
)
def test_a_missing_file_is_named(model, missing, message):
    for path in list(model.glob(missing)) if missing != "." else [model]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(DataError, match=message):
        read_description(model)


def test_the_newest_checkpoint_is_found_wherever_the_directory_is_now(model):
    """Runs of old wrote where the checkpoint was then; the files themselves say which one is the newest."""
    (name,) = (path.stem for path in (model / "best").glob("*.index"))
    assert find_checkpoint(model) == str(model / "best" / name)
    (model / "best" / "checkpoint").write_text(f'model_checkpoint_path: "/elsewhere/best/{name}"\n')
    assert find_checkpoint(model) == str(model / "best" / name)
    (model / "best" / "checkpoint").write_text('model_checkpoint_path: "../../other/ckpt-1"\n')
    assert find_checkpoint(model) == str(model / "best" / name)
    (model / "best" / "checkpoint").unlink()
    assert find_checkpoint(model) == str(model / "best" / name)


def test_flags_of_an_encoder_that_the_model_has_not():
    with pytest.raises(DataError, match="the model has no contextual encoder, expected no --encoder"):
        read_description(GOLDEN, encoder_flags={"encoder": "minilm"})


def test_the_tokenizer_is_named(model):
    assert read_description(model).tokenizer == "v1"  # a run without a record
    for name in ("v1", "ptb", "spacy:en"):
        start_record(model, name)
        record_weights(model, [find_checkpoint(model)])
        assert read_description(model).tokenizer == name
    start_record(model, "nltk")
    with pytest.raises(DataError, match="tokenizer 'nltk', expected one of v1, default"):
        read_description(model)
