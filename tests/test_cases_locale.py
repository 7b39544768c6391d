"""Case 25: Windows' line ends, and the locale C, in which Python takes everything for ASCII. See test_cases_formats.py.

Names of files and folders, types, tokens, word vectors and a flag file hold letters that ASCII does not have.
"""

import json
import os
import subprocess
import sys

import pytest
from case_inputs import record, write_json
from helpers import BASELINE, ROOT, call_command

from cman_tf import read_corpus, write_corpus
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.data.word_vectors import forms, read_word_vectors

pytestmark = pytest.mark.e2e

RECORDS = [
    record(
        ["Józef", "Müller", "lives", "in", city],
        ("Person", 0, 2),
        ("Städte", 4, 5),
        relations=[("wohnt_in_ö", 0, 1)] * (1 + (city == "Łódź")),
    )
    for city in ("Zürich", "Łódź", "Köln", "Wien")
]
TEXT = "Józef Müller lives in Łódź\nin Zürich\n"
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0"}


def start(folder, *arguments):
    """Run Python in the locale C, in a folder; returns what it prints."""
    environment = {**os.environ, **ASCII, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    command = [sys.executable, *arguments]
    process = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=500)
    assert process.returncode == 0, process.stderr.decode()[-3000:]
    return process.stdout.decode("utf-8"), process.stderr.decode("utf-8")


def files_of(folder, known=()):
    """The content of the files of a folder and its subfolders that are not known."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if path.name not in known}


COMMANDS = [
    ("check", "Łódź.json", "--json=Ü.json", "--html=Ü.html", "--problems=Ö.jsonl"),
    ("convert", "Łódź.json", "Ö.conll", "--to=conll"),
    ("convert", "Łódź.json", "Ö_brat", "--to=brat"),
    ("score", "--gold=Łódź.json", "--predictions=Łódź.json", "--json=score_ü.json"),
]


def test_case_25_check_convert_and_score_in_the_locale_c(tmp_path):
    """The same output and the same files, byte for byte, as in a process whose locale is UTF-8."""
    found = []
    for name, is_ascii in (("Zürich-1", True), ("Zürich-2", False)):
        folder = tmp_path / name
        folder.mkdir()
        write_json(folder / "Łódź.json", *RECORDS)
        printed = []
        for command, *arguments in COMMANDS:
            if is_ascii:
                printed.append(start(folder, "-m", "cman_tf", command, *arguments))
            else:
                process = call_command(f"cman_tf.{command}", *arguments, cwd=folder)
                printed.append((process.stdout, process.stderr))
        found.append((printed, files_of(folder)))
    assert found[0] == found[1]
    assert found[0][0][0][1].startswith("1 duplicate relation: Łódź.json, record 1, relation 1 (wohnt_in_ö from")
    assert json.loads(found[0][1]["Ü.json"])["corpora"][0]["path"] == "Łódź.json"


# What the process in the locale C does: each line of its input is a command with its arguments.
DRIVER = """
import json, sys
from cman_tf.command_line.utf8_mode import restart_in_utf8_mode
restart_in_utf8_mode()
import tensorflow
tensorflow.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})  # as in conftest.py
from helpers import call_command
for command, *arguments in map(json.loads, sys.argv[1:]):
    process = call_command(f"cman_tf.{command}", *arguments, cwd=".")
    assert process.returncode == 0, process.stderr
    print(json.dumps([process.stdout, process.stderr]))
"""


@pytest.mark.slow
def test_case_25_train_evaluate_and_predict_on_copies_with_other_line_ends(tmp_path):
    """Trained in the locale C on files with Windows' line ends. The vocabulary is that of the files with Unix'."""
    folder = tmp_path / "Zürich"
    folder.mkdir()
    write_corpus(read_corpus(write_json(folder / "data.json", *RECORDS)).sentences, folder / "lf.conll", "conll")
    (folder / "lf.vec").write_bytes("zürich 1 2 3\nłódź 1 0 0\nmüller 0 1 0\n".encode())
    contents = {
        "daten.conll": (folder / "lf.conll").read_bytes(),
        "wörter.vec": (folder / "lf.vec").read_bytes(),
        "ä.flags": "# für Zürich\n--epochs=1\n--kept_word_vectors=0\n".encode(),
        "lf.txt": TEXT.encode(),
    }
    for file, content in contents.items():
        (folder / file).write_bytes(content.replace(b"\n", b"\r\n"))
    data = [f"--{split}_data=daten.conll" for split in ("train", "dev", "test")]
    commands = [
        ["train", *data, "--model_dir=modell_ü", "--word_vectors=wörter.vec", "--flagfile=ä.flags", *BASELINE],
        ["predict", "--model_dir=modell_ü", "--input=lf.txt"],
        ["evaluate", "--model_dir=modell_ü", "--data=daten.conll"],
    ]
    printed, _ = start(folder, "-c", DRIVER, *map(json.dumps, commands))
    trained, predicted, evaluated = [json.loads(line)[0] for line in printed.splitlines()]
    assert "wohnt_in_ö" in trained and "Städte" in evaluated
    assert [json.loads(line)["text"] for line in predicted.split("\n") if line] == TEXT.splitlines()
    sentences = read_corpus(folder / "lf.conll").sentences
    needed = {form for sentence in sentences for token in sentence.tokens for form in forms(token)}
    Vocabulary.build(sentences, read_word_vectors(str(folder / "lf.vec"), needed, 0)).save(folder / "expected")
    words = json.loads((folder / "expected" / "vocabulary.json").read_text(encoding="utf-8"))["words"]
    assert {"zürich", "łódź", "müller"} <= set(words)
    for file in ("vocabulary.json", "word_vectors.npy"):
        assert (folder / "modell_ü" / file).read_bytes() == (folder / "expected" / file).read_bytes(), file
