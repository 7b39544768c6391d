"""Signals: one line, the exit code that shells expect, and a second Ctrl-C ends at once."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest
from helpers import BASELINE, ROOT, call_command

_WAITING = """
import sys, time
from absl import flags
from cman_tf.command_line.command import Command

def main(arguments):
    try:
        print("ready", flush=True)
        time.sleep(30)
    except KeyboardInterrupt:
        if len(arguments) > 1:
            print("stopping", flush=True)
            end = time.monotonic() + 30
            while time.monotonic() < end:
                sum(range(1000))
        raise

Command("wait", "Wait.", lambda: None, main, arguments="[SLOWLY]").run()
"""


@contextlib.contextmanager
def start(*arguments, code=_WAITING, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-X", "utf8", "-c", code, *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes, **options) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=lambda n: str(int(n))
)
def test_a_signal_ends_a_command_in_one_line(number, code):
    with start() as process:
        process.send_signal(number)
        _, error = process.communicate(timeout=20)
    assert (error, process.returncode) == ("stopped\n", code)


@pytest.mark.e2e
def test_a_second_interrupt_ends_at_once():
    with start("slowly") as process:
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGTERM)  # changes nothing
        time.sleep(0.3)
        assert process.poll() is None
        before = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130 and time.monotonic() - before < 5


@pytest.mark.e2e
def test_an_ignored_signal_stays_ignored():
    """As nohup does with SIGHUP."""
    with start(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as process:
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert process.poll() is None
        process.terminate()
        assert process.communicate(timeout=20)[1] == "stopped\n"


@pytest.mark.e2e
def test_training_says_where_it_stopped(tmp_path, eight_sentences):
    """And the same command goes on."""
    flags = [f"--data_dir={eight_sentences}", f"--model_dir={tmp_path / 'run'}", *BASELINE]
    command = [sys.executable, "-m", "cman_tf.train", *flags, "--epochs=5000"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    options = {"stderr": subprocess.PIPE, "text": True, "env": environment}
    lines = []
    with subprocess.Popen(command, **options) as process:
        for line in process.stderr:
            lines.append(line)
            if line.startswith("epoch 3/"):
                process.send_signal(signal.SIGTERM)
    assert process.returncode == 143
    saved = max(int(line.split("/")[0].split()[1]) for line in lines if line.startswith("epoch "))
    assert lines[-1] in {
        f"stopped in epoch {epoch + 1} after epoch {epoch} was saved; run the same command again to go on\n"
        for epoch in (saved, saved + 1)
    }
    again = call_command("cman_tf.train", *flags, f"--epochs={saved + 2}")
    assert again.returncode == 0 and f"epoch {saved + 2}/{saved + 2}: " in again.stderr, again.stderr
