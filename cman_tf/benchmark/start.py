"""How long commands take to start and answer, measured as whole processes."""

from __future__ import annotations

import subprocess
import sys
import time

from cman_tf.errors import DataError

SENTENCE = "Sirhan Sirhan shot Robert Kennedy in Los Angeles.\n"


def measure(model_dir: str, repeats: int) -> dict[str, float]:
    """Measure the seconds of each command, the best of several calls.

    Args:
      model_dir: the directory of a run of `cman-tf train`, with which `predict` reads one sentence.
      repeats: number of calls of each command, besides a first one.

    Raises:
      DataError: if a command fails.
    """
    commands = {
        "predict one sentence": ["-m", "cman_tf.predict", f"--model_dir={model_dir}"],
        "import tensorflow, nothing else": ["-c", "import tensorflow"],
        "score --help": ["-m", "cman_tf.score", "--help"],
        "report --help": ["-m", "cman_tf.report", "--help"],
        "download --help": ["-m", "cman_tf.download", "--help"],
    }
    return {name: min(_seconds(name, command) for _ in range(repeats + 1)) for name, command in commands.items()}


def _seconds(name: str, command: list[str]) -> float:
    start = time.perf_counter()
    process = subprocess.run([sys.executable, *command], input=SENTENCE, capture_output=True, text=True)
    if process.returncode:
        last = (process.stderr.strip().splitlines() or ["no message"])[-1]
        raise DataError(f"{name}: ended with exit code {process.returncode} ({last}), expected 0")
    return time.perf_counter() - start
