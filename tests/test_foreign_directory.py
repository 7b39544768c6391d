"""A model directory of a stranger is data: nothing outside of it is opened or written, and nothing in it is run."""

import dataclasses
import json
import os
import pickle
import shutil
import socket
import struct

import h5py
import numpy as np
import pytest
from checkpoint_writer import entry, read_entries, write_entries
from helpers import ROOT

from cman_tf.command_line.command import resolve_flagfiles
from cman_tf.command_line.recorded_data import read_recorded_dev
from cman_tf.data.problems import Problems
from cman_tf.data.tokenizers import find_tokenizer
from cman_tf.encoders.elmo_files import read_weights
from cman_tf.encoders.hdf5_files import open_hdf5
from cman_tf.encoders.recorded_folder import validate_recorded_folder
from cman_tf.encoders.source import find_again
from cman_tf.errors import DataError
from cman_tf.inference.description import read_description
from cman_tf.inference.loading import load_trained
from cman_tf.runs.checkpoint_index import read_index, validate_checkpoint
from cman_tf.runs.containment import validate_recorded_path
from cman_tf.runs.damaged_checkpoints import repair_state, validate_restorable
from cman_tf.runs.flagfile import config_of_run
from cman_tf.runs.model_directory import find_checkpoint
from cman_tf.runs.record import record_weights, start_record
from cman_tf.runs.run_directory import find_run

GOLDEN = ROOT / "tests" / "golden" / "multihead"
FILES = sorted(path.relative_to(GOLDEN) for path in GOLDEN.rglob("*") if path.is_file())
OPENED = "opened"


class Bomb:
    """What a pickle of a stranger holds."""

    def __reduce__(self):
        return pytest.fail, (OPENED,)


@pytest.fixture
def model(tmp_path):
    return shutil.copytree(GOLDEN, tmp_path / "model")


def resume(folder):
    """Begin to train in a directory again."""
    content = json.loads((GOLDEN / "run.json").read_text())
    find_run(str(folder), config_of_run(GOLDEN / "flags.txt"), content["corpora"], None)


def refused(call, *arguments, match):
    with pytest.raises(DataError, match=match) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FILES, ids=str)
def test_a_link_in_place_of_any_file_is_refused(model, tmp_path, name):
    elsewhere = tmp_path / "elsewhere"
    (model / name).rename(elsewhere)
    (model / name).symlink_to(elsewhere)
    for call in (read_description, resume):
        refused(call, model, match=f"{name}: a link that leads out of the run's directory")


@pytest.mark.parametrize("name", ["results", "best", "stage_one", "thresholds.json", "events.v2"])
def test_so_are_links_through_which_training_would_write(model, tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    shutil.rmtree(model / name, ignore_errors=True)
    (model / name).symlink_to(tmp_path / "elsewhere")
    refused(resume, model, match="a link that leads out")
    (model / name).unlink()
    (model / name).symlink_to(tmp_path / "does_not_exist_yet")
    refused(resume, model, match="a link that leads out")
    (model / name).unlink()
    (model / name).symlink_to(name)  # to itself
    refused(resume, model, match="a link that leads out")


def test_links_that_stay_inside_and_the_directory_itself_are_fine(model, tmp_path):
    (model / "files").mkdir()
    (model / "flags.txt").rename(model / "files" / "flags.txt")
    (model / "flags.txt").symlink_to("files/flags.txt")
    (tmp_path / "link").symlink_to(model)
    assert read_description(tmp_path / "link").config.model == "multihead"
    resume(tmp_path / "link")


@pytest.mark.parametrize("name", [*FILES, "record.json", "thresholds.json", "contextual.json"], ids=str)
def test_a_named_pipe_does_not_make_anyone_wait(model, name):
    (model / name).unlink(missing_ok=True)
    os.mkfifo(model / name)
    missing = "no trained model here|" if name in FILES else ""
    refused(read_description, model, match=f"{missing}{name}: is a named pipe, expected only files")


def test_sockets_and_devices_are_refused(model):
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(model / "s"))
        refused(read_description, model, match="s: is a socket, expected only files")
    (model / "s").unlink()
    try:
        os.mknod(model / "zero", 0o600 | 0o020000, os.makedev(1, 5))
    except OSError:
        pytest.skip("only root makes devices")
    refused(read_description, model, match="zero: is a device")


@pytest.mark.parametrize(
    "named", ["/elsewhere/ckpt-41", "../../other/ckpt-41", "ckpt-999", "", 'x"\nmodel_checkpoint_path: "/e/ckpt-1']
)
def test_the_list_of_checkpoints_leads_nowhere_else(model, tmp_path, named):
    other = shutil.copytree(model / "best", tmp_path / "other")
    (model / "best" / "checkpoint").write_text(f'model_checkpoint_path: "{named.replace("/e/", f"{other}/")}"\n')
    assert find_checkpoint(model) == str(model / "best" / "ckpt-41")
    (model / "last" / "checkpoint").write_bytes((model / "best" / "checkpoint").read_bytes())
    repair_state(model / "last")
    text = (model / "last" / "checkpoint").read_text()
    assert text.startswith('model_checkpoint_path: "ckpt-45"') and "/" not in text
    assert other.exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shape": (-5,)}, "without a size"),
        ({"shape": (1 << 36,), "size": 1 << 38}, "bytes, but .* behind them"),
        ({"shape": (1 << 39, 1 << 39)}, "in 0 bytes"),
        ({"shape": (1,) * 300, "size": 4}, "of 300 dimensions"),
        ({"dtype": 99, "shape": (3,), "size": 12}, "of an unknown kind"),
        ({"dtype": 21, "shape": (3,), "size": 12}, "of an unknown kind"),
        ({"shape": (3,), "size": 12, "offset": 1 << 50}, "behind them"),
        ({"shape": (3,), "size": 12, "offset": -100}, "behind them"),
        ({"shape": (3,), "size": 12, "shard": 7}, "of an unknown kind"),
        ({"shape": (3,), "size": 12, "slices": b"\x3a\x00"}, "in slices"),
        ({"dtype": 7, "shape": (3,), "size": 12}, "in 12 bytes"),
        ({"shape": (3,), "size": 12, "slices": b"\x07"}, "an unknown field"),  # no protocol buffer
        ({"shape": (3,), "size": 12, "slices": b"\x12\x03\x12\x01\xff"}, "damaged"),
    ],
)
def test_an_index_that_would_end_the_process_is_refused(model, changed, message):
    """TensorFlow aborts for some of these, and allocates what others ask for. Their checksums are right."""
    index = model / "best" / "ckpt-41.index"
    entries = read_entries(index)
    write_entries(index, entries)
    before = read_index(index)
    validate_checkpoint(index.with_suffix(""))
    name = next(key for key in sorted(entries) if key.startswith(b"model/"))
    write_entries(index, {**entries, name: entry(**changed)})
    refused(load_trained, model, match=message)
    write_entries(index, {**entries, b"": b"\x08\x02"})
    refused(validate_checkpoint, index.with_suffix(""), match="several data files")
    assert before[name.decode()].dtype == 1


def test_a_run_of_which_no_checkpoint_is_whole_is_refused_before_anything_is_written(model):
    validate_restorable(model)
    for index in model.rglob("*.index"):
        write_entries(index, {**read_entries(index), b"": b"\x08\x02"})
    refused(validate_restorable, model, match="ckpt-45.index: several data files.*nor can 1 others be used")


def test_weights_that_are_not_finite_are_refused(model):
    data = model / "best" / "ckpt-41.data-00000-of-00001"
    index = model / "best" / "ckpt-41.index"
    load_trained(model)
    tensor = read_index(index)["model/first_crf/transitions/.ATTRIBUTES/VARIABLE_VALUE"]
    content = bytearray(data.read_bytes())
    content[tensor.offset : tensor.offset + 4] = np.float32(np.nan).tobytes()
    data.write_bytes(content)
    refused(load_trained, model, match="ckpt-41: ")  # its checksum is wrong, too


def test_the_graph_of_objects_is_data(model):
    """It may be no protocol buffer at all."""
    data, index = model / "best" / "ckpt-41.data-00000-of-00001", model / "best" / "ckpt-41.index"
    graph = read_index(index)["_CHECKPOINTABLE_OBJECT_GRAPH"]
    content = bytearray(data.read_bytes())
    content[graph.offset + 10 : graph.offset + graph.size] = b"\xff" * (graph.size - 10)
    data.write_bytes(content)
    refused(load_trained, model, match="expected a checkpoint of this model")


@pytest.mark.parametrize("name", ["word_vectors.npy"])
def test_pickles_are_not_opened(model, name):
    vocabulary = json.loads((model / "vocabulary.json").read_text())
    (model / "vocabulary.json").write_text(json.dumps({**vocabulary, "vectors": True}))
    (model / name).write_bytes(pickle.dumps(Bomb()))
    refused(read_description, model, match="word_vectors.npy: ")
    with open(model / name, "wb") as file:
        np.save(file, np.array([Bomb()], object), allow_pickle=True)
    refused(read_description, model, match="word_vectors.npy: ")
    np.savez(model / "word_vectors", a=np.zeros(3))
    (model / "word_vectors.npz").rename(model / name)
    refused(read_description, model, match="no .npy file")
    for header in (b"-" * 9000 + b"1", b"1+" * 300 + b"1", b"a." * 400 + b"a", b"(" * 400):
        (model / name).write_bytes(b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header)
        refused(read_description, model, match="word_vectors.npy: ")
    rows = len(vocabulary["words"])
    header = f"{{'descr':'<f4','fortran_order':False,'shape':({rows},50000000)}}\n".encode()
    with open(model / name, "wb") as file:  # it takes 4 KiB of the disk
        file.write(b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header)
        file.truncate(10 + len(header) + 4 * rows * 50_000_000)
    refused(read_description, model, match=r"float32 \[\d+, 50000000\], expected float32")
    for values in (np.full((len(vocabulary["words"]), 4), np.nan, np.float32), np.zeros((3, 4), ">f4")):
        np.save(model / name, values)
        refused(read_description, model, match="not finite|expected float32")


def test_the_flags_of_a_run_name_no_other_file(model):
    flags = (model / "flags.txt").read_text()
    for line in ("--flagfile=/etc/passwd", "-flagfile=/etc/passwd", "--undefok=seed", "--hidden_size", "seed=3", "--x"):
        (model / "flags.txt").write_text(f"{flags}{line}\n")
        refused(read_description, model, match=r"flags.txt, line \d+: ")
    (model / "flags.txt").write_text(f"{flags}--flagfile=/etc/passwd\n")
    refused(resolve_flagfiles, ["train", f"--flagfile={model}/flags.txt"], match="in the flags of a run")
    (model / "flags.txt").write_text(f"{flags}--seed=1\n")
    refused(read_description, model, match="--seed a second time")


@pytest.mark.parametrize("name", ["/dev/zero", "/proc/self/mem", "pipe", "folder"])
def test_recorded_data_is_a_file_or_a_folder_of_files(model, tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder" / "a.txt")
    path = name if name.startswith("/") else str(tmp_path / name)
    flags = (model / "flags.txt").read_text().replace("--data_dir=corpus\n", f"--dev_data={path}\n")
    (model / "flags.txt").write_text(flags)
    refused(
        read_recorded_dev, model, config_of_run(model / "flags.txt"), Problems(), match="no file of data|a named pipe"
    )


@pytest.mark.parametrize("name", ["spacy:/tmp/en_evil", "spacy:en_evil/../x", "spacy:os.path", "spacy:antigravity"])
def test_a_recorded_tokenizer_is_one_of_spacy(model, name):
    start_record(model, name)
    record_weights(model, [find_checkpoint(model)])
    refused(read_description, model, match="tokenizer 'spacy:.*, expected one of v1")
    refused(find_tokenizer, name, match="expected a language .en. or a pipeline")


@pytest.mark.extra(name="spacy")
def test_a_folder_of_the_working_directory_is_no_pipeline(tmp_path, monkeypatch):
    (tmp_path / "en_evil").mkdir()
    (tmp_path / "en_evil" / "meta.json").write_text("{}")
    (tmp_path / "en_evil" / "__init__.py").write_text(f"raise SystemExit({OPENED!r})")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    refused(find_tokenizer, "spacy:en_evil", match="no package en_evil is installed")


@pytest.fixture
def encoder(tmp_path):
    """The folder of a transformer without weights, and a function that changes it."""
    folder = tmp_path / "encoder"
    folder.mkdir()
    whole = {
        "config.json": {"model_type": "bert"},
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "special_tokens_map_file": "/x"},
        "tokenizer.json": {},
    }

    def change(name="config.json", **changed):
        for file, content in whole.items():
            (folder / file).write_text(json.dumps(content))
        (folder / name).write_text(json.dumps({**whole.get(name, {}), **changed}))
        return folder

    change()
    return folder, change


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("config.json", {"auto_map": {"AutoModel": "evil.Evil"}}, r"Python code \(auto_map\)"),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["evil.Evil", None]}}, r"Python code \(auto_map\)"),
        ("config.json", {"model_type": "vision-encoder-decoder"}, "none of the usual encoders of text"),
        ("config.json", {"hidden_size": 10**9, "vocab_size": 2}, "at least 2000000000 weights, but 0 bytes of them"),
        ("config.json", {"type_vocab_size": 10**8, "hidden_size": 8}, "at least 800000000 weights, but 0 bytes"),
        ("config.json", {"num_labels": 10**9}, "num_labels is 1000000000, more than 100000"),
        ("config.json", {"model_type": "mobilebert", "num_hidden_layers": 10**7}, "num_hidden_layers is 10000000"),
        ("config.json", {"model_type": "funnel", "block_sizes": [4, 10**6]}, r"block_sizes is \[4, 1000000\]"),
        ("config.json", {"model_type": "funnel", "block_sizes": [1] * 101}, "block_sizes is"),
        ("config.json", {"configuration_files": ["../config.4.0.0.json"]}, "names another file"),
        ("tokenizer_config.json", {"vocab_file": "/etc/passwd"}, "names another file"),
        ("tokenizer_config.json", {"tokenizer_file": "/etc/passwd"}, "names another file"),
        ("tokenizer_config.json", {"fast_tokenizer_files": ["../tokenizer.4.0.json"]}, "names another file"),
        ("tokenizer_config.json", {"tokenizer_class": "TransfoXLTokenizer"}, "none of the usual ones"),
        ("model.safetensors.index.json", {"weight_map": {"a": "../b.safetensors"}}, "which are no file beside it"),
        ("tf_model.h5.index.json", {"weight_map": {"a": "pytorch_model.bin"}}, "which are no file beside it"),
        ("adapter_config.json", {"base_model_name_or_path": "someone/evil"}, "an adapter of another model"),
    ],
)
def test_a_recorded_encoder_leads_nowhere_else(model, encoder, name, changed, message):
    folder, change = encoder
    validate_recorded_folder("it", folder)
    change(name, **changed)
    refused(validate_recorded_folder, "it", folder, match=f"{message}.*if you trust it, name it with --encoder")
    source = {"kind": "transformer", "location": {"encoder": str(folder)}, "fingerprint": "0" * 64}
    (model / "contextual.json").write_text(json.dumps({**source, "layers": 3, "size": 8}))
    refused(find_again, model, {}, match=message)


@pytest.mark.parametrize(
    "kind", ["elmo_hub", pytest.param("transformer", marks=pytest.mark.extra(name="transformers"))]
)
def test_a_recorded_graph_is_not_opened(model, tmp_path, kind):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    flag = {"elmo_hub": "elmo", "transformer": "encoder"}[kind]
    source = {"kind": kind, "location": {flag: str(tmp_path)}, "fingerprint": "0" * 64, "layers": 3, "size": 8}
    (model / "contextual.json").write_text(json.dumps(source))
    refused(read_description, model, match="which runs code|no config.json")


@pytest.mark.parametrize("path", ["a\0b", "x/" * 3000, ""])
def test_a_recorded_path_is_one_of_a_usual_length(model, path):
    source = {"kind": "transformer", "location": {"encoder": path}, "fingerprint": "0" * 64, "layers": 3, "size": 8}
    (model / "contextual.json").write_text(json.dumps(source))
    refused(read_description, model, match="contextual.json: location/encoder is .* 1,000 characters")


@pytest.mark.extra(name="transformers")
def test_a_downloaded_encoder_is_not_a_folder_that_lies_beside_the_model(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mpnet").mkdir()
    (tmp_path / "mpnet" / "config.json").write_text('{"auto_map": {"AutoModel": "evil.Evil"}}')
    monkeypatch.setenv("CMAN_CACHE_DIR", str(tmp_path / "cache"))
    source = {"kind": "transformer", "location": {"encoder": "mpnet"}, "fingerprint": "0" * 64, "layers": 3, "size": 8}
    (model / "contextual.json").write_text(json.dumps(source))
    refused(read_description, model, match="expected it after cman-tf download mpnet")


def test_weights_with_a_hole_are_not_read_for_minutes(model):
    """The file has 40 GiB and takes no room on the disk."""
    (data,) = model.glob("best/*.data-*")
    whole = data.read_bytes()
    os.truncate(data, 40 << 30)
    refused(read_description, model, match=f"{data.name}: 42949672960 bytes, more than the {len(whole)} that")


def test_folders_in_folders(model):
    folder = model / "results"
    for _ in range(60):
        folder /= "a"
    folder.mkdir(parents=True)
    refused(read_description, model, match="folders in folders, 51 deep, expected at most 50")


def test_recorded_paths(tmp_path):
    validate_recorded_path(tmp_path / "absent", "weights")
    validate_recorded_path(tmp_path, "weights")
    (tmp_path / "link").symlink_to("/dev/zero")
    for path in ("/proc/kcore", "/sys/kernel", "/dev/stdin", tmp_path / "link", tmp_path):
        with pytest.raises(DataError, match="no file of data|a device"):
            validate_recorded_path(path, "weights")


def write_virtual(file):
    layout = h5py.VirtualLayout((5,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "a", (5,))
    file.create_virtual_dataset("a", layout)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda file: file.update(a=h5py.SoftLink("/b")), "'a' is a link, expected"),
        (lambda file: file.update(a=h5py.ExternalLink("other.h5", "/a")), "'a' is a link to another file"),
        (lambda file: file.update({"g/h/a": h5py.ExternalLink("other.h5", "/a")}), "'g/h/a' is a link to another"),
        (lambda f: f.create_dataset("a", (9,), "u1", external=[("/etc/passwd", 0, 9)]), "its values in another file"),
        (write_virtual, "'a' is made of other datasets"),
        (lambda file: file.create_dataset("a", (10**9, 99), "f4", chunks=(99, 99)), "larger than the file"),
        (lambda file: file.create_dataset("a", data=h5py.Empty("f4")), "'a' is empty"),
    ],
)
def test_hdf5_files_have_their_values_themselves(tmp_path, write, message):
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["b"] = np.zeros(5)
        write(file)
    with pytest.raises(DataError, match=message), open_hdf5(tmp_path / "weights.h5", "weights"):
        pytest.fail(OPENED)
    (tmp_path / "options.json").write_text(json.dumps(OPTIONS))
    refused(read_weights, tmp_path / "options.json", tmp_path / "weights.h5", match=message)


OPTIONS = {
    "char_cnn": {
        "activation": "relu",
        "embedding": {"dim": 4},
        "filters": [[1, 4]],
        "max_characters_per_token": 50,
        "n_characters": 262,
        "n_highway": 1,
    },
    "lstm": {"dim": 4, "projection_dim": 4, "n_layers": 1, "use_skip_connections": True},
}


def test_a_config_of_whole_numbers_survives():
    assert dataclasses.asdict(config_of_run(GOLDEN / "flags.txt"))["epochs"] == 45
