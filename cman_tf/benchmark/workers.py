"""How many texts the workers of `cman-tf extract` answer in a second, beside one process of `cman-tf predict`."""

from __future__ import annotations

import hashlib
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.runs.files import hash_file

_PREDICT = "predict"


def measure(
    model_dir: str, sentences: Sequence[Sentence], count: int, workers: Sequence[int], repeats: int
) -> dict[str, Any]:
    """Measure the commands one after another on the same texts, and do so several times.

    Args:
      model_dir: the directory of a run of `cman-tf train`.
      sentences: the sentences that the texts are drawn from.
      count: the number of texts.
      workers: the numbers of workers of `extract`.
      repeats: how often all are measured. On a machine that others use, too, the ratios within one round say most.

    Returns:
      A row for each round and command: `seconds` from start to end; `answering`, the same without what it takes to
      start, which is measured with few texts; and the machine's load before. And for each command the median texts in
      a second, and the median ratio to `predict` of its round, of both.

    Raises:
      DataError: if a command fails, or if the answers of two differ.
    """
    draw = random.Random(0)
    texts = [" ".join(draw.choice(sentences).tokens) for _ in range(count)]
    names = [_PREDICT, *map(str, workers)]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        for name, content in (("few.txt", texts[:16]), ("all.txt", texts)):
            (place / name).write_text("".join(f"{text}\n" for text in content), encoding="utf-8")
        for number in range(repeats):
            answers: set[str] = set()
            for name in names:
                load = os.getloadavg()[0]
                start, _ = _run(name, model_dir, place / "few.txt", place / f"{number}-{name}-few")
                seconds, answer = _run(name, model_dir, place / "all.txt", place / f"{number}-{name}")
                rows.append({"round": number, "command": name, "seconds": seconds, "start": start, "load": load})
                answers.add(answer)
            if len(answers) > 1:
                raise DataError("predict and extract gave different answers, expected the same")
    return {"texts": count, "rounds": rows, "commands": [summarize(rows, name, count) for name in names]}


def summarize(rows: Sequence[dict[str, Any]], name: str, count: int) -> dict[str, Any]:
    """Return the medians of one command.

    >>> rounds = [{"round": 0, "command": c, "seconds": s, "start": 2.0} for c, s in (("predict", 12.0), ("2", 7.0))]
    >>> summarize(rounds, "2", 100)["ratio_of_answering"]
    2.0
    """
    first = {row["round"]: row for row in rows if row["command"] == _PREDICT}
    own = [row for row in rows if row["command"] == name]

    def answering(row: dict[str, Any]) -> float:
        return max(row["seconds"] - row["start"], 1e-9)

    return {
        "command": name if name == _PREDICT else f"extract, workers: {name}",
        "texts_per_second": statistics.median(count / row["seconds"] for row in own),
        "ratio": statistics.median(first[row["round"]]["seconds"] / row["seconds"] for row in own),
        "seconds_to_start": statistics.median(row["start"] for row in own),
        "texts_per_second_of_answering": statistics.median(count / answering(row) for row in own),
        "ratio_of_answering": statistics.median(answering(first[row["round"]]) / answering(row) for row in own),
    }


def _run(name: str, model_dir: str, texts: pathlib.Path, output: pathlib.Path) -> tuple[float, str]:
    """Run a command; return its seconds and a hash of its answers."""
    command = [sys.executable, "-m", "cman_tf", _PREDICT, f"--output={output}"]
    if name != _PREDICT:
        command = [sys.executable, "-m", "cman_tf", "extract", f"--output_dir={output}", f"--workers={name}"]
    start = time.perf_counter()
    done = subprocess.run(
        [*command, f"--model_dir={model_dir}", f"--input={texts}", "--input_format=lines"],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise DataError(f"{name}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    files = sorted(output.glob("part-*")) if output.is_dir() else [output]
    digest = hashlib.sha256()
    for path in files:
        hash_file(path, digest)
    return seconds, digest.hexdigest()
