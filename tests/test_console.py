"""What a training shows: lines without a terminal, bars with one."""

import contextlib
import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest
from helpers import BASELINE, ROOT, run_command

from cman_tf.command_line.console import ProgressBars, ProgressLines

EPOCHS = 3


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def run_epoch(progress, clock, seconds, batches=10, epoch=1, compiling=0.0):
    """An epoch of batches of equal duration, but for the first."""
    progress.start_epoch(epoch, EPOCHS, batches)
    clock.now += compiling
    for number in range(batches):
        clock.now += seconds
        progress.finish_batch(10.0 - number, -1.0)
    progress.finish_epoch(f"epoch {epoch}/{EPOCHS}: done")


def test_a_short_epoch_is_one_line():
    stream, clock = io.StringIO(), Clock()
    progress = ProgressLines(stream, clock)
    run_epoch(progress, clock, 5.5)  # 55 s: more than 30, but not over a minute
    run_epoch(progress, clock, 1.0, epoch=2, compiling=45.0)  # the first batch does not count as usual
    assert stream.getvalue() == "epoch 1/3: done, at most 2 min left\nepoch 2/3: done\n"


def test_a_long_epoch_says_every_half_minute_where_it_is():
    stream, clock = io.StringIO(), Clock()
    progress = ProgressLines(stream, clock)
    run_epoch(progress, clock, 12.0)
    run_epoch(progress, clock, 1.0, epoch=2)
    assert stream.getvalue().splitlines() == [
        "epoch 1/3: batch 3 of 10, loss 8.000, about 84 s left",
        "epoch 1/3: batch 6 of 10, loss 5.000, about 48 s left",
        "epoch 1/3: batch 9 of 10, loss 2.000, about 12 s left",
        "epoch 1/3: done, at most 4 min left",
        "epoch 2/3: done",
    ]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def test_bars_show_the_time_left_of_epoch_and_run():
    stream, clock = Terminal(), Clock()
    progress = ProgressBars(stream)
    run_epoch(progress, clock, 1.0)
    progress.start_epoch(2, EPOCHS, 5)
    progress.finish_batch(2.5, 71.25)
    progress.close()
    text = stream.getvalue()
    assert "run: 1 of 3 epochs" in text and " left" in text
    assert "epoch 1/3: done\n" in text
    assert "epoch 2:" in text and "batch/s" in text or "s/batch" in text
    progress.start_epoch(1, 7, 5)  # the next stage has a bar of its own
    progress.close()
    assert "run: 0 of 7 epochs" in stream.getvalue()


def test_bars_of_a_resumed_run_begin_where_it_was():
    stream = Terminal()
    progress = ProgressBars(stream)
    progress.start_epoch(3, EPOCHS, 5)
    progress.close()
    assert "run: 2 of 3 epochs" in stream.getvalue()
    progress.start_epoch(3, EPOCHS, 500, 420)
    progress.close()
    assert "420/500" in stream.getvalue()


def test_the_time_left_of_an_epoch_that_was_interrupted():
    stream, clock = io.StringIO(), Clock()
    progress = ProgressLines(stream, clock)
    progress.start_epoch(2, EPOCHS, 100, 90)
    clock.now += 20.0  # compiling
    for _ in range(10):
        clock.now += 12.0
        progress.finish_batch(1.0, -1.0)
    progress.finish_epoch("epoch 2/3: done")
    assert stream.getvalue().splitlines() == [
        "epoch 2/3: batch 92 of 100, loss 1.000, about 2 min left",
        "epoch 2/3: batch 95 of 100, loss 1.000, about 60 s left",
        "epoch 2/3: batch 98 of 100, loss 1.000, about 24 s left",
        "epoch 2/3: done, at most 20 min left",
    ]


def run_in_terminal(*arguments):
    """Run a command whose stderr is a terminal; returns its exit code and what the terminal got."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))  # rows and columns
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=theirs, env=dict(os.environ)
    )
    os.close(theirs)
    shown = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal, contextlib.suppress(OSError):  # how its end is told on Linux
        while piece := terminal.read(65536):
            shown += piece
    return process.wait(), shown.decode()


@pytest.mark.slow
@pytest.mark.e2e
def test_a_training_shows_bars_in_a_terminal_and_lines_elsewhere(tmp_path):
    arguments = ["cman_tf", "train", "--data_dir=sample", *BASELINE, "--train_fraction=0.1", "--epochs=1"]
    code, shown = run_in_terminal(*arguments, f"--model_dir={tmp_path / 'a'}")
    assert code == 0, shown
    assert "run: 1 of 1 epochs" in shown
    assert "epoch 1/1: loss" in shown
    process = run_command(*arguments, f"--model_dir={tmp_path / 'b'}")
    lines = process.stderr.splitlines()
    assert len(lines) == 1, process.stderr  # nothing of TensorFlow, XLA or absl
    assert lines[0].startswith("epoch 1/1: loss ")
