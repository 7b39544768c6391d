"""A packed model: a small copy that answers as the model does."""

import io
import json
import shutil

import numpy as np
import pytest
from helpers import ROOT, call_command

import cman_tf
from cman_tf.errors import DataError
from cman_tf.inference.description import read_description
from cman_tf.inference.packing import pack_model
from cman_tf.runs.packed_weights import load_weights, save_weights

GOLDEN = ROOT / "tests" / "golden"
TEXTS = ["Ann Lee lives in Rome.", "", "Fox hired Bo of Rome in 1990."]


@pytest.fixture
def packed(tmp_path):
    pack_model(read_description(GOLDEN / "dynamic_cman"), tmp_path / "packed")
    return tmp_path / "packed"


@pytest.mark.parametrize("model", ["dynamic_cman", "multihead"])
def test_a_packed_model_answers_as_the_model_does(tmp_path, model, golden):
    size = pack_model(read_description(GOLDEN / model), tmp_path / "packed")
    files = sorted(path.name for path in (tmp_path / "packed").iterdir())
    assert size == sum(path.stat().st_size for path in (tmp_path / "packed").iterdir())
    assert {"flags.txt", "record.json", "vocabulary.json", "weights.json", "weights.npy"} <= {*files}
    assert not {"best", "last", "metrics.jsonl", "result.json", "run.json"} & {*files}
    whole, small = golden(model), cman_tf.load(tmp_path / "packed")
    assert small.tokenizer == whole.tokenizer and small.vocabulary.words == whole.vocabulary.words
    for one, other in zip(whole.model.variables, small.model.variables):
        np.testing.assert_array_equal(one.numpy().astype(np.float16).astype(np.float32), other.numpy())
    for one, other in zip(whole.extract(TEXTS, all_scores=True), small.extract(TEXTS, all_scores=True)):
        assert one.offsets == other.offsets
        assert [(e.type, e.start, e.end) for e in one.entities] == [(e.type, e.start, e.end) for e in other.entities]
        for a, b in zip(one.relations + one.candidates, other.relations + other.candidates):
            assert abs(a.score - b.score) < 0.01


def test_the_command(tmp_path):
    flags = f"--model_dir={GOLDEN / 'dynamic_cman'}", f"--output={tmp_path / 'packed'}"
    first = call_command("cman_tf.pack", *flags)
    assert first.returncode == 0 and first.stdout.endswith(" MB\n"), first.stderr
    second = call_command("cman_tf.pack", *flags)
    assert second.returncode == 1 and second.stderr == f"{tmp_path / 'packed'}: exists, expected a new directory\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["packed"]


def test_nothing_is_left_of_a_pack_that_fails(tmp_path, monkeypatch):
    monkeypatch.setattr("cman_tf.inference.packing.record_weights", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pack_model(read_description(GOLDEN / "dynamic_cman"), tmp_path / "packed")
    assert not list(tmp_path.iterdir())


def test_a_packed_model_is_no_run(packed):
    with pytest.raises(DataError, match="a packed model has no checkpoint 'last', expected --checkpoint=best"):
        read_description(packed, "last")


@pytest.mark.parametrize("name", ["weights.npy", "weights.json", "vocabulary.json", "flags.txt"])
def test_a_changed_file_is_named(packed, name):
    path = packed / name
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    with pytest.raises(DataError, match=f"{name} was changed"):
        read_description(packed)


def test_a_packed_model_is_packed_again_without_change(packed, tmp_path):
    pack_model(read_description(packed), tmp_path / "again")
    for path in packed.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


SHAPES = [("a", (2, 3)), ("b", ()), ("a", (4,))]


@pytest.fixture
def weights(tmp_path):
    values = [np.asarray(np.arange(np.prod(shape)).reshape(shape) / 8, np.float32) for _, shape in SHAPES]
    save_weights(tmp_path, [name for name, _ in SHAPES], values, 7)
    return tmp_path, values


def test_weights_come_back(weights):
    folder, values = weights
    found, epoch = load_weights(folder, SHAPES)
    assert epoch == 7
    for one, other in zip(values, found):
        np.testing.assert_array_equal(one, other, strict=True)


def _npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("weights.npy", b"", "weights.npy: "),
        ("weights.npy", b"\x80\x04K\x01.", "weights.npy: "),
        ("weights.npy", _npy(np.array([{}], dtype=object), allow_pickle=True), "weights.npy: "),
        ("weights.npy", _npy(np.zeros(11, np.float16))[:-2], "weights.npy: "),
        ("weights.npy", _npy(np.zeros(3, np.float16)), r"float16 \[3\], expected float16 \[11\]"),
        ("weights.npy", _npy(np.zeros(11, np.float64)), r"float64 \[11\], expected float16 \[11\]"),
        ("weights.npy", _npy(np.full(11, np.nan, np.float16)), "not finite"),
        ("weights.npy", _npy(np.zeros(11, np.float16)).replace(b"(11,)", b"(9999999999999,)"), "weights.npy: "),
        ("weights.json", b"[]", "not an object"),
        ("weights.json", b'{"epoch": 7, "weights": "a"}', "weights is 'a', not a list"),
        ("weights.json", b'{"epoch": true, "weights": []}', "epoch is True, not a whole number"),
        ("weights.json", json.dumps({"epoch": 7, "weights": [["a", [2, 3]]]}).encode(), "other weights"),
    ],
)
def test_damaged_weights_are_refused_in_one_line(weights, name, content, message):
    folder, _ = weights
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        load_weights(folder, SHAPES)
    assert "\n" not in str(caught.value)


def test_weights_beyond_half_precision_are_refused(tmp_path):
    with pytest.raises(DataError, match="b: a weight above 65504"):
        save_weights(tmp_path, ["b"], [np.array([1e5], np.float32)], 1)
    assert not list(tmp_path.iterdir())


def test_word_vectors_are_packed_in_half_precision(tmp_path, packed):
    """The vocabulary of a model with word vectors comes back, the vectors rounded."""
    from cman_tf.data.vocabulary import Vocabulary

    old = Vocabulary.load(packed)
    table = np.linspace(-1, 1, 2 * len(old.words), dtype=np.float32).reshape(-1, 2)
    folder = tmp_path / "vectors"
    folder.mkdir()
    Vocabulary(old.words, old.characters, old.tags, old.relations, table).save_lists(folder)
    np.save(folder / "word_vectors.npy", table.astype(np.float16))
    found = Vocabulary.load(folder).vectors
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, table, atol=1e-3)
    shutil.rmtree(folder)


@pytest.mark.e2e
@pytest.mark.slow
def test_training_starts_from_a_packed_model(packed, tmp_path, eight_sentences):
    flags = f"--data={eight_sentences}", f"--init_from={packed}", f"--model_dir={tmp_path / 'run'}"
    process = call_command("cman_tf.train", *flags, "--epochs=1", "--noxla")
    assert process.returncode == 0, process.stderr
    assert len(json.loads((tmp_path / "run" / "run.json").read_text())["init_from"]) == 64
