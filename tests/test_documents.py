"""README and docs: their commands exist, their numbers and names are those of the files."""

import re
import shlex
import shutil

import pytest
from helpers import ROOT, run_command

MODES = {"cman_tf.experiment", "cman_tf.benchmark", "cman_tf.download"}  # take a name before their flags


def commands_of(text):
    """Commands that a text shows, in blocks and within lines: module or script, and what follows."""
    blocks = "\n".join(re.findall(r"```bash\n(.*?)```", text, re.S)).replace("\\\n", " ")
    outside = re.sub(r"```.*?```", "", text, flags=re.S)
    for line in [*blocks.splitlines(), *re.findall(r"`([^`]+)`", outside)]:
        words = shlex.split(line.replace("\n", " "))
        for place, word in enumerate(words):
            if word == "-m" and words[place + 1].startswith("cman_tf.") or word == "bash":
                yield words[place + 1], words[place + 2 :]


@pytest.mark.e2e
@pytest.mark.parametrize("path", ["README.md", "docs/experiments.md", "docs/performance.md"])
def test_commands_of_the_documents_exist(path):
    """Each is one of the scripts or commands, with flags that it, or train behind "--", has."""
    helps = {}
    commands = list(commands_of((ROOT / path).read_text()))
    assert commands or path != "README.md"
    for name, words in commands:
        if name.endswith(".sh"):
            assert (ROOT / name).is_file()
            table = name in ("run_ade_cv.sh", "run_drec.sh") or any(word.startswith("--table") for word in words)
            name = "cman_tf.experiment" if table else "cman_tf.train"
        for word in words:
            if word == "--":
                name = "cman_tf.train"
            elif word in ("|", "--sample") or word.startswith("--table="):  # | is "or"; the scripts' own flags
                continue
            elif word.startswith("-"):
                if name not in helps:
                    helps[name] = run_command(name, "--helpfull").stdout
                flag = word.lstrip("-").partition("=")[0]
                assert re.search(rf"--(\[no\])?({flag}|{flag.removeprefix('no')})\b", helps[name]), (name, word)
            else:
                assert name in MODES, (name, word)
    names = {name for name, _ in commands}
    assert path != "README.md" or names >= {f"cman_tf.{n}" for n in ("train", "evaluate", "predict", "score", "embed")}


@pytest.mark.e2e
def test_results_of_the_readme_are_those_of_the_files(tmp_path):
    """The README's table and docs/results.md are what the report makes of results/ now."""
    copy = tmp_path / "README.md"
    shutil.copy(ROOT / "README.md", copy)
    document, page = tmp_path / "results.md", tmp_path / "report.html"
    process = run_command("cman_tf.report", f"--readme={copy}", f"--document={document}", f"--html={page}")
    assert process.returncode == 0, process.stderr
    assert copy.read_text() == (ROOT / "README.md").read_text()
    assert document.read_text() == (ROOT / "docs" / "results.md").read_text()


def test_fidelity_rows_name_files_and_tests():
    """Every file and test that docs/fidelity.md names exists."""
    text = (ROOT / "docs" / "fidelity.md").read_text()
    for path in set(re.findall(r"`((?:cman_tf|tests|flags)/[\w/.]+)`", text)):
        assert (ROOT / path).exists(), path
    every = "\n".join(path.read_text() for path in (ROOT / "tests").glob("test_*.py"))
    tests = set(re.findall(r"`(test_\w+)`", text))
    assert len(tests) > 20
    for name in tests:
        assert f"def {name}(" in every, name
    # No equation of either paper is without a row.
    for paper, last in (("IJCAI", 14), ("TNNLS", 26)):
        listed = set()
        for first, end in re.findall(rf"^\| {paper} (\d+)(?:-(\d+))? \|", text, re.M):
            listed |= set(range(int(first), int(end or first) + 1))
        assert listed == set(range(1, last + 1)), paper
