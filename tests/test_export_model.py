"""An exported model finds what the extractor finds, in a process that has only TensorFlow."""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import tensorflow as tf
from exported_models import ODD, assert_equal, read_rows, sample_texts
from helpers import ROOT, call_command, fails_with
from tensorflow.core.protobuf import saved_model_pb2

import cman_tf
from cman_tf.errors import DataError
from cman_tf.exporting.export_model import export_model

GOLDEN = ROOT / "tests" / "golden"
LOW = 0.04  # the small models find few relations above 0.5
# Importing these fails, as where they are not installed.
_ONLY_TENSORFLOW = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("cman_tf", "tensorflow_addons", "tensorflow_hub", "transformers", "spacy"):
            raise ImportError(f"{name} is not there")

sys.meta_path.insert(0, Refuse())
"""


@pytest.fixture(scope="module")
def exported(shared):
    """The directory of dynamic CMAN with a tokenizer."""

    def make(folder):
        export_model(GOLDEN / "dynamic_cman", folder, tokenizer="default", relation_threshold=LOW)

    return shared("exported", make)


@pytest.fixture(scope="module")
def loaded(exported):
    return tf.saved_model.load(str(exported))


@pytest.fixture(scope="module")
def model():
    loaded = cman_tf.load(GOLDEN / "dynamic_cman", tokenizer="default")
    return functools.partial(loaded.extract, relation_threshold=LOW)


def call_texts(loaded, texts, size=64):
    """What the signature for texts finds, in batches of texts of like length, as memory grows with the longest."""
    rows = [{}] * len(texts)
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    for first in range(0, len(texts), size):
        places = order[first : first + size]
        found = loaded.signatures["texts"](texts=tf.constant([texts[place] for place in places]))
        for place, row in zip(places, read_rows(found)):
            rows[place] = row
    return rows


def test_500_sentences(loaded, model):
    texts = sample_texts(500)
    expected = model(texts)
    assert sum(len(found.relations) for found in expected) > 80
    assert max(len(found.tokens) for found in expected) == 400
    assert_equal(call_texts(loaded, texts), expected)


def test_the_batch_does_not_matter(loaded, model):
    texts = [text for text in ODD if len(text) < 9000]
    expected = model(texts)
    assert_equal(call_texts(loaded, texts, 1), expected)
    assert_equal(call_texts(loaded, texts, 100), expected)
    for texts in ([], [""], [" ", "\0"]):
        assert_equal(call_texts(loaded, texts or ["a"]), model(texts or ["a"]))
        found = loaded.signatures["texts"](texts=tf.constant(texts, tf.string))
        assert found["tokens"].shape == (len(texts), 0) and found["entity_counts"].shape == (len(texts),)


def test_tokens(loaded, model):
    texts = sample_texts(80)[len(ODD) :]
    expected = model(texts)
    tokens = tf.ragged.constant([found.tokens for found in expected])
    found = loaded.signatures["tokens"](tokens=tokens.to_tensor(""), lengths=tf.cast(tokens.row_lengths(), tf.int32))
    assert_equal(read_rows(found), expected)


def test_bytes_that_are_no_utf_8_are_read_as_replacement_characters(loaded, model):
    (row,) = read_rows(loaded.signatures["texts"](texts=tf.constant([b"Ann Lee \xff lives \xc3 in Rome."])))
    assert_equal([row], [model("Ann Lee \ufffd lives \ufffd in Rome.")])


def test_a_long_sentence_is_read_as_a_whole(loaded, model):
    (row,) = call_texts(loaded, ["In Rome, Ann Lee works for Fox. " * 100])
    assert len(row["tokens"]) > 400 and len(row["entities"]) > 100


def test_stock_operations_only(exported):
    """Those that TensorFlow itself brings, none that runs Python, no XLA, and few, as each takes time at the start."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((exported / "saved_model.pb").read_bytes())
    graph = saved.meta_graphs[0].graph_def
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    operations = {node.op for node in nodes}
    functions = {function.signature.name for function in graph.library.function}
    assert all(hasattr(tf.raw_ops, name) for name in operations - functions)
    assert not [name for name in operations if name.startswith("Addons>")]
    assert not [name for name in operations if re.search("Py|Xla", name)]
    assert not any(node.attr["_XlaMustCompile"].b for node in nodes if "_XlaMustCompile" in node.attr)
    assert not any(f.attr["_XlaMustCompile"].b for f in graph.library.function if "_XlaMustCompile" in f.attr)
    assert len(nodes) < 3000 and len(functions) < 30
    assert not list((exported / "assets").iterdir())
    written = b"".join(path.read_bytes() for path in exported.rglob("*") if path.is_file())
    assert str(ROOT).encode() not in written and str(exported.parent).encode() not in written


def run(arguments, folder, **environment):
    """Run Python without this package in a folder."""
    environment = {
        **{k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **environment,
    }
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.e2e
def test_a_process_that_has_only_tensorflow(exported):
    """The program of its README answers; loading and the first answer take less time than TensorFlow's import."""
    (program,) = re.findall(r"```python\n(.*?)```", (exported / "README.md").read_text(), re.S)
    timed = program.replace("\nmodel =", "\nimported = time.process_time()\nmodel =", 1)
    lines = timed.splitlines(keepends=True)
    (place,) = [number for number, line in enumerate(lines) if line.startswith("found =")]
    lines.insert(place + 1, "print(imported - start, time.process_time() - imported)\n")
    process = run(["-c", _ONLY_TENSORFLOW + "import time\nstart = time.process_time()\n" + "".join(lines)], exported)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    first, *others = process.stdout.splitlines()
    assert others == ["0 Peop Ann Lee", "1 Loc Rome", "0 Live_In 1"]
    import_seconds, seconds = map(float, first.split())
    assert seconds < max(1.5, import_seconds), first


@pytest.mark.e2e
def test_the_command_line_program_of_tensorflow(exported):
    (line,) = re.findall(r"^saved_model_cli (.*)$", (exported / "README.md").read_text(), re.M)
    words = [re.sub("^'|'$", "", word) for word in re.findall(r"'[^']*'|\S+", line)]
    program = pathlib.Path(sys.executable).with_name("saved_model_cli")
    process = run([str(program), *words], exported)
    assert process.returncode == 0, process.stderr
    assert "b'Ann Lee'" in process.stdout and "b'Live_In'" in process.stdout


def test_the_card(exported):
    card = json.loads((exported / "export.json").read_text())
    assert (card["tokenizer"], card["encoder"], card["default_signature"]) == ("default", None, "texts")
    assert card["entity_types"] == ["Loc", "Org", "Peop"] and "Live_In" in card["relation_types"]
    assert card["signatures"]["tokens"]["inputs"]["tokens"] == {"dtype": "string", "shape": [None, None]}
    table = (exported / "README.md").read_text()
    for signature in card["signatures"].values():
        assert all(f"| `{name}` |" in table for name in (*signature["inputs"], *signature["outputs"]))


def test_options(tmp_path):
    """A model whose tokenizer has no tables takes tokens; thresholds and constraints are those of the export."""
    types = {"Work_For": [["Peop", "Org"]]}
    (tmp_path / "types.json").write_text(json.dumps(types))
    options = {"relation_threshold": 0.1, "entity_threshold": 0.3}
    constraints = {"constrain_types": tmp_path / "types.json", "symmetric_relations": ["Live_In"]}
    made = export_model(GOLDEN / "multihead", tmp_path / "new" / "1", **options, **constraints)
    assert (made.signatures, made.tokenizer) == (("tokens",), None)
    loaded = tf.saved_model.load(str(made.directory))
    card = json.loads((made.directory / "export.json").read_text())
    assert (
        "tokenizer v1 cannot be exported" in card["note"] and card["note"] in (made.directory / "README.md").read_text()
    )
    assert card["constrain_types"] == types and card["symmetric_relations"] == ["Live_In"]
    expected = cman_tf.load(GOLDEN / "multihead", **constraints).extract(sample_texts(100)[len(ODD) :], **options)
    assert sum(len(found.relations) for found in expected) > 10
    tokens = tf.ragged.constant([found.tokens for found in expected])
    for name in ("tokens", "serving_default"):
        found = loaded.signatures[name](tokens=tokens.to_tensor(""), lengths=tf.cast(tokens.row_lengths(), tf.int32))
        assert_equal(read_rows(found), expected)


def test_what_is_refused(tmp_path, exported):
    golden = GOLDEN / "dynamic_cman"
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").touch()
    for directory, overwrite, message in [
        (exported, False, "exists, expected the name of a new directory, or --overwrite"),
        (tmp_path / "file", False, "exists, expected"),
        (tmp_path / "folder", True, "is no exported model; --overwrite replaces only a directory of export"),
    ]:
        with pytest.raises(DataError, match=message):
            export_model(golden, directory, overwrite=overwrite)
    for tokenizer, message in [
        ("spacy:en", "cannot be exported, expected one of default"),
        ("nose", "expected one of v1"),
    ]:
        with pytest.raises(DataError, match=message):
            export_model(golden, tmp_path / "new", tokenizer=tokenizer)
    with pytest.raises(DataError, match="no trained model here"):
        export_model(tmp_path / "none", tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_command(tmp_path, exported):
    """It says what it wrote, replaces only when asked, and leaves nothing behind when it fails."""
    flags = [f"--model_dir={GOLDEN / 'dynamic_cman'}", "--export_dir=out/1"]
    shutil.copytree(exported, tmp_path / "out" / "1")
    (tmp_path / "out" / "1" / "old").touch()
    assert fails_with(call_command("cman_tf.export", *flags, cwd=tmp_path), "out/1: exists, expected the name of a new")
    process = call_command("cman_tf.export", *flags, "--overwrite", cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    assert re.fullmatch(
        r"out/1: \d+\.\d MB, signatures: tokens\nThe tokenizer v1 cannot be exported: the caller gives tokens. "
        r"--tokenizer names another.\n",
        process.stdout,
    )
    names = {path.name for path in (tmp_path / "out" / "1").iterdir()}
    assert names == {path.name for path in exported.iterdir()}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["1"]
    assert fails_with(call_command("cman_tf.export", flags[0], "--export_dir=out/1/README.md", cwd=tmp_path), "exists")
    process = call_command("cman_tf.export", flags[0], "--export_dir=out/1/README.md/x", cwd=tmp_path)
    assert fails_with(process, "out/1/README.md: is no directory")
