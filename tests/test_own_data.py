"""The two walks of docs/own_data.md: from a project of an annotation tool to predictions opened in it again."""

import json
import re
import shlex

import pytest
from helpers import ROOT, TINY_FLAGS, call_command

from cman_tf.formats.corpus_files import read_corpus, write_corpus
from cman_tf.sample import DIRECTORY

NEW_TEXT = "People talk about the lawyer Nora Belvia of Belaton Corp. of Darazen City.\n"


def commands_of(title):
    """The commands of a section of the page."""
    text = (ROOT / "docs" / "own_data.md").read_text()
    section = text[text.index(f"## {title}") :]
    block = re.search(r"```bash\n(.*?)```", section, re.S).group(1)
    return [shlex.split(line)[1:] for line in block.splitlines()]


def run_walk(title, folder):
    """Run the commands of a section in a folder, with a small model and few epochs."""
    for command, *arguments in commands_of(title):
        more = [*TINY_FLAGS, "--epochs=6", "--recipe=paper"] if command == "train" else []
        process = call_command(f"cman_tf.{command}", *arguments, *more, cwd=folder)
        assert process.returncode == 0, process.stderr[-3000:]
        yield command, process


@pytest.fixture
def annotated():
    """Forty sentences of the sample, each a document."""
    return read_corpus(DIRECTORY / "train.json").sentences[:40]


@pytest.mark.e2e
@pytest.mark.slow
def test_from_a_brat_project(annotated, tmp_path):
    write_corpus(annotated, tmp_path / "annotations", "brat")
    (tmp_path / "new_texts").mkdir()
    (tmp_path / "new_texts" / "one.txt").write_text(NEW_TEXT)
    seen = dict(run_walk("From a brat project", tmp_path))
    assert "training would start" in seen["check"].stdout
    assert re.search(r"^train: annotations, 28 sentences", seen["train"].stdout, re.M)
    assert {path.suffix for path in (tmp_path / "predicted").iterdir()} == {".txt", ".ann", ".conf"}
    read = read_corpus(tmp_path / "predicted", predictions=True).sentences
    assert "".join(sentence.text for sentence in read) == NEW_TEXT


@pytest.mark.e2e
@pytest.mark.slow
def test_from_a_label_studio_export(annotated, tmp_path):
    """What we write as predictions becomes an export, as if an annotator had accepted them."""
    write_corpus(annotated, tmp_path / "tasks", "label_studio")
    tasks = json.loads((tmp_path / "tasks").read_text())
    for task in tasks:
        task["annotations"] = [{"id": 1, "result": task.pop("predictions")[0]["result"]}]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    (tmp_path / "new.txt").write_text(NEW_TEXT)
    seen = dict(run_walk("From a Label Studio export", tmp_path))
    assert "training would start" in seen["check"].stdout
    (task,) = json.loads((tmp_path / "tasks.json").read_text())
    assert task["data"]["text"].strip() == NEW_TEXT.strip() and len(task["predictions"]) == 1
