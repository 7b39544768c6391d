"""cman-tf and python -m cman_tf: the list of commands, and one of them run."""

import shlex
import signal
import subprocess
import sys

import pytest
from helpers import ROOT, fails_with, run_command

import cman_tf
from cman_tf.__main__ import COMMANDS, find_module, list_commands, summarize

SAMPLE = ROOT / "cman_tf" / "sample"


def test_the_list_has_every_module_that_runs():
    modules = {
        path.stem.replace("_", "-")
        for path in (ROOT / "cman_tf").glob("*.py")
        if "COMMAND = Command(" in path.read_text()
    }
    folders = {path.parent.name for path in (ROOT / "cman_tf").glob("*/__main__.py")}
    assert set(COMMANDS) == modules | folders


def test_a_summary_is_the_first_line_of_the_docstring():
    assert summarize("score") == "Score a prediction file against a gold file."
    assert find_module("benchmark") == "cman_tf.benchmark.__main__"
    assert summarize("benchmark") == "Measure speed and memory on this machine."
    lines = list_commands().splitlines()
    for command in COMMANDS:
        (line,) = [line for line in lines if line.split()[:1] == [command]]
        assert line.endswith(summarize(command))
    assert max(map(len, lines)) <= 100


@pytest.mark.e2e
def test_without_a_command_it_lists_them():
    for arguments in ([], ["--help"], ["-h"]):
        process = run_command("cman_tf", *arguments)
        assert (process.returncode, process.stdout, process.stderr) == (0, list_commands() + "\n", "")
    assert run_command("cman_tf", "--version").stdout == f"cman-tf {cman_tf.__version__}\n"


@pytest.mark.e2e
def test_an_unknown_command_names_the_nearest():
    process = run_command("cman_tf", "trian", "--model_dir=x")
    fails_with(process, "cman-tf trian: no such command, did you mean train?")
    assert len(process.stderr.splitlines()) == 1


@pytest.mark.e2e
def test_both_ways_of_calling_give_the_same():
    arguments = [f"--gold={SAMPLE}/dev.json", "--predictions=sample/dev.json"]  # the shipped file, by its name
    first, second = run_command("cman_tf", "score", *arguments), run_command("cman_tf.score", *arguments)
    assert first.returncode == second.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert "100.00" in first.stdout


@pytest.mark.e2e
@pytest.mark.parametrize(
    "arguments", [[], ["train", "--help"], ["score", f"--gold={SAMPLE}/dev.json", f"--predictions={SAMPLE}/dev.json"]]
)
def test_output_that_nobody_reads_or_that_has_no_room(arguments):
    command = shlex.join([sys.executable, "-m", "cman_tf", *arguments])
    closed = subprocess.run(["bash", "-c", f"{command} | true"], capture_output=True, text=True, check=False)
    assert (closed.returncode, closed.stderr) == (0, "")
    full = subprocess.run(["bash", "-c", f"{command} > /dev/full"], capture_output=True, text=True, check=False)
    assert full.returncode != 0
    assert full.stderr == "/dev/full: No space left on device, expected to write the output there\n"


@pytest.mark.e2e
@pytest.mark.parametrize("argument", ["--help", "--version", ""])
def test_an_output_that_is_closed(argument):
    command = f"{shlex.quote(sys.executable)} -m cman_tf {argument} >&-"
    process = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (process.returncode, process.stderr) == (1, "standard output is closed, expected one to write to\n")


@pytest.mark.e2e
def test_ctrl_c_while_the_modules_are_imported_is_no_traceback():
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "cman_tf", "predict"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # the tests may run where it is ignored
    )
    assert process.stderr
    while b"absl.app" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode in (-signal.SIGINT, 130)
    assert b"Traceback" not in rest


@pytest.mark.e2e
def test_files_are_written_though_nobody_reads_the_output(tmp_path):
    command = f"{sys.executable} -m cman_tf score --gold={SAMPLE}/dev.json --predictions={SAMPLE}/dev.json"
    subprocess.run(["bash", "-c", f"{command} --json={tmp_path}/scores.json | true"], check=True)
    assert (tmp_path / "scores.json").exists()
