"""The scripts and the README's commands."""

import importlib.metadata
import json
import os
import re
import shlex
import shutil
import subprocess

import pytest
from conftest import ROOT, TINY_FLAGS, fails_with, run_command


def test_sample_run_and_again(tmp_path):
    """bash run_conll04.sh --sample with fewer epochs: trained, scored, printed, then at once."""
    command = ["bash", str(ROOT / "run_conll04.sh"), "--sample", "--epochs=2", *TINY_FLAGS]
    process = run_command(*command, cwd=tmp_path)
    assert process.returncode == 0, process.stderr[-3000:]
    assert "sample test, strict micro F1" in process.stdout
    folder = tmp_path / "runs" / "sample"
    result = json.loads((folder / "results" / "sample_dynamic_cman_seed1.json").read_text())
    assert result["epochs"] == 2
    assert result["corpus"]["test"]["sentences"] == 50
    assert (folder / "flags.txt").is_file()
    again = run_command(*command, cwd=tmp_path)
    assert again.returncode == 0
    assert again.stdout == process.stdout
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 2


def test_conll04_is_found(tmp_path, data_dir):
    """CMAN_DATA_DIR names it; flags go through; an impossible one stops before training."""
    command = ["bash", str(ROOT / "run_conll04.sh"), "--attention_heads=4", "--word_vectors=absent"]
    process = run_command(*command, cwd=tmp_path, env={"CMAN_DATA_DIR": str(data_dir)})
    fails_with(process, "absent: No such file")
    assert '"file": "conll04_train.json"' in process.stdout
    only_columns = tmp_path / "data"
    shutil.copytree(data_dir / "conll04_multihead", only_columns / "conll04_multihead")
    process = run_command(*command, cwd=tmp_path)
    fails_with(process, "absent: No such file")
    assert '"inside_tags_without_begin": 2' in process.stdout


def test_no_corpus_and_no_network(tmp_path):
    """A proxy that is not there stands for a network that is not there."""
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    process = run_command("bash", str(ROOT / "run_conll04.sh"), cwd=tmp_path, env=nowhere)
    fails_with(process, "put conll04_train.json, conll04_dev.json, conll04_test.json", "--sample")
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "runs").exists()


def test_own_data_need_no_corpus(tmp_path, eight_sentences):
    """With files of one's own nothing is looked for; two kinds of run at once are refused."""
    script = ["bash", str(ROOT / "run_conll04.sh")]
    process = run_command(*script, "--all_data=absent", cwd=tmp_path)
    fails_with(process, "absent: No such file or directory, expected a readable corpus file")
    parts = [f"--{part}_data={eight_sentences}/{part}.json" for part in ("test", "train")]
    process = run_command(*script, *parts, "--dev_data=absent", cwd=tmp_path)
    fails_with(process, "absent: No such file or directory, expected a readable corpus file")
    process = run_command(*script, "--sample", "--train_data=absent", cwd=tmp_path)  # dev and test are the sample's
    fails_with(process, "absent: No such file or directory, expected a readable corpus file")
    fails_with(run_command(*script, "--sample", "--table=cells", cwd=tmp_path), "--sample and --table=cells: expected")
    process = run_command(*script, "--table=drec", f"--data_dir={tmp_path}", cwd=tmp_path)
    fails_with(process, f"{tmp_path}: no train.txt, dev.txt and test.txt, nor drec.txt")
    process = run_command(*script, "--table=ade", "--data_dir", str(eight_sentences), cwd=tmp_path)
    fails_with(process, f"{eight_sentences}: no ade_split_0_train.json")
    assert not list(tmp_path.iterdir())


def test_no_python(tmp_path):
    path = tmp_path / "bin"
    path.mkdir()
    for name in ("dirname", "cksum", "cat", "bash"):
        (path / name).symlink_to(shutil.which(name))
    process = run_command(
        "bash", str(ROOT / "run_conll04.sh"), env={"PATH": str(path), "CMAN_VENV": str(tmp_path / "venv")}
    )
    fails_with(process, "no python3.11, python3.10 or python3.9")
    assert len(process.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "script", ["run_conll04.sh", "run_ade_cv.sh", "run_drec.sh", "tests/run.sh", ".ci/run", "cman_tf/environment.sh"]
)
def test_scripts_parse(script):
    assert subprocess.run(["bash", "-n", str(ROOT / script)], check=False).returncode == 0


_PIP = """#!/bin/bash
if [ "$3" = install ]; then echo installed >>"$CALLS"; sleep 1; fi
"""
_PYTHON = """#!/bin/bash
if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$PIP" "$3/bin/python"; fi
"""


@pytest.mark.skipif(not shutil.which("flock"), reason="no flock here: scripts begun at once are not kept apart")
def test_two_scripts_begun_at_once_install_once(tmp_path):
    for name, text in (("pip", _PIP), ("python3.11", _PYTHON)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    script = f'source "{ROOT}/cman_tf/environment.sh"; make_environment "{ROOT}" test && echo "$python"'
    env = {"CMAN_VENV": str(tmp_path / "venv"), "CALLS": str(tmp_path / "calls"), "PIP": str(tmp_path / "pip")}
    env = {**os.environ, **env, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    both = [subprocess.Popen(["bash", "-c", script], env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0] for process in both] == [f"{tmp_path}/venv/bin/python\n"] * 2
    assert (tmp_path / "calls").read_text() == "installed\n"


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


def test_installed_alone_it_stays_light():
    """`pip install .` brings no transformers and no PyTorch."""
    needed = [line for line in importlib.metadata.requires("cman_tf") if "extra ==" not in line]
    assert any(line.startswith("tensorflow==") for line in needed)
    assert not [line for line in needed if re.match(r"(transformers|torch|matplotlib|pytest)", line)]


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
