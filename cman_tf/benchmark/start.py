"""How long commands take to answer, as whole processes."""

from __future__ import annotations

import subprocess
import sys
import time

from cman_tf.errors import DataError

SENTENCE = "Sirhan Sirhan shot Robert Kennedy in Los Angeles.\n"


def measure(model_dir: str, repeats: int) -> dict[str, float]:
    """Seconds of the best of `repeats` calls, after one that is not counted.

    Args:
      model_dir: a run of `cman-tf train`, for `predict` on one sentence.
      repeats: calls of each command.

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
        last = (process.stderr.strip().splitlines() or ["nothing said"])[-1]
        raise DataError(f"{name}: ended with {process.returncode} ({last}), expected 0")
    return time.perf_counter() - start
