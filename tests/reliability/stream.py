"""Measure the memory of `cman-tf predict` while it reads many lines, and write results/reliability/stream.json.

    python tests/reliability/stream.py --lines=100000

The lines have 1 to 120 words, in random order. The process's resident memory is read after every 1,000 results. A
single reading depends on the batches that are being decoded at that moment. Therefore memory is flat if the mean of the
last tenth of the readings is at most 5 % above the mean of the first tenth after the first 1,000 results. The highest
reading is reported, too. Exits with 1 if memory is not flat.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

from recording import RESULTS, make_texts, write_record

_EVERY = 1000  # results between two readings
_LENGTHS = range(1, 121)  # words
_DIFFERENT = 20_000  # lines before the same ones come again


def read_resident(process: int) -> float:
    """Return a process's resident memory in MiB."""
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(process)


def compare(readings: list[float]) -> tuple[float, float]:
    """Compare the end of a stream with its beginning.

    Args:
      readings: of the memory, after every 1,000 results. The first one is the start.

    Returns:
      By how many percent the mean of the last tenth is above that of the first tenth, and the highest reading above it.

    >>> compare([90.0, *[100.0] * 10, *[101.0] * 80, *[102.0] * 9, 112.0])
    (3.0, 12.0)
    """
    after = readings[1:]
    count = max(1, len(after) // 10)
    first, last = (sum(part) / count for part in (after[:count], after[-count:]))
    return round(100 * (last / first - 1), 2), round(100 * (max(after) / first - 1), 2)


def measure(lines: int, model: str) -> dict[str, Any]:
    """Let a process predict the lines, and read its memory.

    Args:
      lines: how many.
      model: the model's directory or name.

    Returns:
      The MiB after every 1,000 results, the growth in percent, the number of answers and the seconds.
    """
    texts = make_texts(min(lines, _DIFFERENT), _LENGTHS)
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.writelines(texts[number % len(texts)] + "\n" for number in range(lines))
        file.flush()
        command = [sys.executable, "-m", "cman_tf", "predict", f"--model_dir={model}", f"--input={file.name}"]
        start = time.monotonic()
        process = subprocess.Popen([*command, "--input_format=lines"], stdout=subprocess.PIPE)
        assert process.stdout is not None
        readings, answers = [], 0
        for line in process.stdout:
            assert json.loads(line)["text"] == texts[answers % len(texts)]
            answers += 1
            if answers % _EVERY == 0 and answers < lines:  # at the end the process may be gone
                readings.append(round(read_resident(process.pid), 1))
        code = process.wait()
    drift, highest = compare(readings)
    return {
        "lines": lines,
        "answers": answers,
        "exit_code": code,
        "model": model,
        "seconds": round(time.monotonic() - start, 1),
        "mib_every_1000": readings,
        "drift_percent": drift,
        "highest_percent": highest,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--model", default="conll04")
    parser.add_argument("--output", default=str(RESULTS / "stream.json"), help="the result file; empty: none")
    arguments = parser.parse_args()
    if arguments.lines < 3 * _EVERY:
        parser.error(f"--lines={arguments.lines}: expected at least {3 * _EVERY}")
    found = measure(arguments.lines, arguments.model)
    write_record(arguments.output, found)
    return int(found["exit_code"] != 0 or found["answers"] != arguments.lines or found["drift_percent"] > 5.0)


if __name__ == "__main__":
    sys.exit(main())
