"""The Dockerfile, without Docker: its commands in a fresh environment, and what it copies and starts."""

import json
import re
import shlex
import shutil
import subprocess
import sys

import pytest
from fake_service import Process
from helpers import ROOT

from cman_tf.serve import COMMAND


def instructions():
    """Pairs of an instruction and its argument, in their order; lines that go on are joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line and not line.startswith("#")]


def arguments_of(name):
    return [argument for instruction, argument in instructions() if instruction == name]


def copied():
    return [source for argument in arguments_of("COPY") for source in argument.split()[:-1]]


def test_what_is_copied_is_there_and_is_not_ignored():
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied()) == kept
    assert all((ROOT / path).exists() for path in kept)


def test_the_service_runs_as_no_root_and_answers_from_outside():
    names = [name for name, _ in instructions()]
    assert arguments_of("FROM") == ["python:3.11-slim"]
    assert arguments_of("USER") == ["cman"] and names.index("USER") > names.index("RUN")
    program, command, *flags = json.loads(arguments_of("CMD")[0])  # a list: signals reach the service itself
    assert (program, command) == ("cman-tf", "serve") and "--host=0.0.0.0" in flags
    (health,) = arguments_of("HEALTHCHECK")
    compile(json.loads(health.partition("CMD ")[2])[2], "health", "exec")


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_its_commands_run_in_a_fresh_environment(tmp_path):
    """pip's command installs what the service needs, and the service then starts and answers."""
    build = tmp_path / "build"
    build.mkdir()
    for path in copied():
        copy = shutil.copytree if (ROOT / path).is_dir() else shutil.copy
        copy(ROOT / path, build / path)
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    ran = 0
    for command in arguments_of("RUN"):
        words = shlex.split(command)
        if words[0] == "pip":
            words = [str(venv / "bin" / "python"), "-m", *words, "--quiet", "--disable-pip-version-check"]
            process = subprocess.run(words, cwd=build, capture_output=True, text=True, check=False)
            assert process.returncode == 0, process.stderr[-3000:]
            ran += 1
        else:
            assert words[0] == "useradd" and arguments_of("USER") == words[-1:]
    assert ran == 1
    flags = [flag for flag in json.loads(arguments_of("CMD")[0])[2:] if not flag.startswith("--model_dir")]
    command = [
        str(venv / "bin" / "cman-tf"),
        "serve",
        f"--model_dir={ROOT}/tests/golden/dynamic_cman",
        *flags,
        "--port=0",
    ]
    with Process(*command, python=str(venv / "bin" / "python"), paths="", cwd=tmp_path) as service:
        assert service.call("GET", "/health")[2] == {"status": "ok"}
        assert service.extract({"texts": ["Ann left."]})[1]["results"][0]["tokens"] == ["Ann", "left", "."]
        assert service.end()[0] == 0


def test_the_example_names_the_flag_of_the_model():
    assert re.search(r"-v \S+:/model:ro", (ROOT / "Dockerfile").read_text())
    assert COMMAND.name == "serve"
