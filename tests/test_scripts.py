"""The scripts."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess

import pytest
from helpers import ROOT, TINY_FLAGS, fails_with, run_command

from cman_tf.experiments.catalogue import EXPERIMENTS


@pytest.mark.slow
@pytest.mark.e2e
def test_sample_run_and_again(tmp_path):
    """bash run_conll04.sh --sample with fewer epochs: trained, scored, printed, then at once."""
    command = ["bash", str(ROOT / "run_conll04.sh"), "--sample", "--epochs=2", *TINY_FLAGS, "--adversarial_alpha=0"]
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


@pytest.mark.e2e
def test_conll04_is_found(tmp_path, data_dir):
    """CMAN_DATA_DIR names it; flags go through; an impossible one stops before training."""
    command = ["bash", str(ROOT / "run_conll04.sh"), "--attention_heads=4", "--word_vectors=absent"]
    process = run_command(*command, cwd=tmp_path, env={"CMAN_DATA_DIR": str(data_dir)})
    fails_with(process, "absent: No such file")
    assert "train: conll04_train.json, 922 sentences" in process.stdout
    only_columns = tmp_path / "data"
    shutil.copytree(data_dir / "conll04_multihead", only_columns / "conll04_multihead")
    process = run_command(*command, cwd=tmp_path)
    fails_with(process, "absent: No such file")
    assert "2 inside tags without a begin tag, read as the begin of an entity" in process.stderr


@pytest.mark.e2e
def test_no_corpus_and_no_network(tmp_path):
    """A proxy that is not there stands for a network that is not there."""
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    process = run_command("bash", str(ROOT / "run_conll04.sh"), cwd=tmp_path, env=nowhere)
    fails_with(process, "put conll04_train.json, conll04_dev.json, conll04_test.json", "--sample")
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "runs").exists()


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("argument", "message"), [("--epohcs=3", "epohcs"), ("--table=abaltions", "abaltions: expected one of conll04")]
)
def test_a_mistake_is_named_before_anything_is_downloaded(argument, message, tmp_path):
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    process = run_command("bash", str(ROOT / "run_conll04.sh"), argument, cwd=tmp_path, env=nowhere)
    fails_with(process, message)
    assert len(process.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("script", ["run_conll04.sh", "run_ade_cv.sh", "run_drec.sh"])
def test_help_is_the_scripts_own_and_installs_nothing(script, tmp_path):
    for flag in ("--help", "-h"):
        process = run_command("bash", str(ROOT / script), flag, cwd=tmp_path, env={"CMAN_VENV": str(tmp_path / "venv")})
        assert process.returncode == 0 and f"bash {script}" in process.stdout
        assert "#" not in process.stdout and "set -euo" not in process.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.e2e
def test_every_job_of_the_evidence_is_one_that_experiment_takes(tmp_path):
    """With a stand-in for Python that writes down what it is called with; each core gets its share, none twice."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").write_text('#!/bin/bash\necho "$@" >>"$CALLS"\n')
    (venv / "bin" / "python").chmod(0o755)
    setup = (ROOT / "setup.py").read_text()
    wanted = subprocess.run(["cksum"], input=setup, capture_output=True, text=True, check=True)
    (venv / "installed-mpnet,glove.txt").write_text(wanted.stdout)
    env = {"CMAN_VENV": str(venv), "CALLS": str(tmp_path / "calls"), "CORES": "any,any"}
    process = run_command("bash", str(ROOT / "scripts" / "evidence.sh"), cwd=tmp_path, env=env)
    assert process.returncode == 0, process.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[:2] == ["-m cman_tf.download mpnet", "-m cman_tf.download glove"]
    jobs = [call.split()[2:] for call in calls[2:]]
    assert len(jobs) == len({*map(tuple, jobs)}) == 9 + 4 + 20 + 5 + 2 + 1
    for name, *words in jobs:
        flags = dict(word.lstrip("-").split("=", 1) for word in words if "=" in word)
        assert flags["encoder"] == "mpnet" and flags["word_vectors"] == "glove"
        known = {row.key for row in EXPERIMENTS[name].rows}
        assert {*flags.get("rows", next(iter(known))).split(",")} <= known
    fails_with(run_command("bash", str(ROOT / "scripts" / "evidence.sh"), "nope", env=env), "nope: no such group")


@pytest.mark.e2e
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


@pytest.mark.e2e
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
    "script",
    [
        "run_conll04.sh",
        "run_ade_cv.sh",
        "run_drec.sh",
        "tests/run.sh",
        "tests/all.sh",
        "scripts/evidence.sh",
        "scripts/more.sh",
        ".ci/run",
        "cman_tf/environment.sh",
    ],
)
def test_scripts_parse(script):
    assert subprocess.run(["bash", "-n", str(ROOT / script)], check=False).returncode == 0


_PIP = """#!/bin/bash
if [ "$3" = install ]; then echo installed >>"$CALLS"; sleep 1; fi
"""

_PYTHON = """#!/bin/bash
if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$PIP" "$3/bin/python"; fi
"""


@pytest.mark.e2e
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


def test_installed_alone_it_stays_light():
    """`pip install .` brings no transformers and no PyTorch."""
    needed = [line for line in importlib.metadata.requires("cman_tf") if "extra ==" not in line]
    assert any(line.startswith("tensorflow==") for line in needed)
    assert not [line for line in needed if re.match(r"(transformers|torch|matplotlib|pytest)", line)]
