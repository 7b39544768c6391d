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


def test_case_25_train_evaluate_and_predict_with_both_line_ends(tmp_path):
    """One process in the locale C trains twice: on files with Unix' line ends and on copies with Windows'."""
    folder = tmp_path / "Zürich"
    folder.mkdir()
    run_json = write_json(folder / "data.json", *RECORDS)
    assert call_command("cman_tf.convert", str(run_json), f"{folder}/data.conll", "--to=conll").returncode == 0
    contents = {
        "daten.conll": (folder / "data.conll").read_text(encoding="utf-8"),
        "wörter.vec": "zürich 1 2 3\nłódź 1 0 0\nmüller 0 1 0\n",
        "ä.flags": "# für Zürich\n--epochs=1\n--seed=3\n",
        "text.txt": TEXT,
    }
    commands = []
    for name, line_end in (("lf_ü", "\n"), ("crlf_ü", "\r\n")):
        own = folder / name
        own.mkdir()
        for file, content in contents.items():
            (own / file).write_bytes(content.replace("\n", line_end).encode())
        data = [f"--{split}_data={name}/daten.conll" for split in ("train", "dev", "test")]
        model = f"--model_dir={name}/modell"
        more = [f"--word_vectors={name}/wörter.vec", f"--flagfile={name}/ä.flags"]
        commands.append(["train", *data, model, *more, *BASELINE])
    for file in ("lf_ü", "crlf_ü"):  # one run is enough for both
        commands.append(["predict", "--model_dir=lf_ü/modell", f"--input={file}/text.txt"])
    commands.append(["evaluate", "--model_dir=lf_ü/modell", "--data=crlf_ü/daten.conll"])
    printed, _ = start(folder, "-c", DRIVER, *map(json.dumps, commands))
    trained, again, first, second, evaluated = [json.loads(line)[0] for line in printed.splitlines()]
    assert trained.replace("lf_ü", "") == again.replace("crlf_ü", "") and "wohnt_in_ö" in trained
    assert first == second and "Städte" in evaluated
    outputs = [json.loads(line) for line in first.split("\n") if line]
    assert [output["text"] for output in outputs] == TEXT.splitlines()
    for file in ("vocabulary.json", "word_vectors.npy"):
        one, other = ((folder / name / "modell" / file).read_bytes() for name in ("lf_ü", "crlf_ü"))
        assert one == other, file
    vocabulary = json.loads((folder / "lf_ü" / "modell" / "vocabulary.json").read_text(encoding="utf-8"))
    assert {"zürich", "łódź"} <= {word.lower() for word in vocabulary["words"]}
    assert vocabulary["relations"] == ["wohnt_in_ö"] and "B-Städte" in vocabulary["tags"]
