"""Write docs/reliability.md from the files in results/reliability/.

    python tests/reliability/page.py

Each row of its table is a promise, how it was tried and what came out. What was not tried is "not run".
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from recording import RESULTS

from cman_tf.runs.files import write_atomically

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "reliability.md"

HEAD = """# Reliability: what is promised, and how it was tried

Made by `python tests/reliability/page.py` from the files in `results/reliability/`, which the scripts in the table
write. Each script says at its top how to run it. A small form of each test is part of `bash tests/run.sh`.

| promise | test | result |
|---|---|---|
"""

TAIL = """
## What is not promised

- **The same bits elsewhere.** Another machine, another TensorFlow or another number of threads adds numbers in another
  order, and the weights differ in the last digits. `--deterministic` gives the same bits for any number of cores of one
  machine. [Your own data](own_data.md) says what it costs. A GPU was not tried.
- **Power failures.** A file is written, flushed to the disk and renamed, so that it is old or new as a whole. What a
  disk does that reports a flush it has not made, nobody can promise.
- **Network file systems.** Locks and renames are those of a local file system.
- **An estimate of memory is an estimate.** A training that the estimate lets pass can still run out of memory.
  [Limits](limits.md) says what is refused, and what changes it.
- **Foreign files.** [Security](security.md) says what is safe to open. The damaged inputs of the table are random
  changes of good files; a file that was made to do harm may find what they did not.
- **Threads.** One model may predict in several threads. Training in several threads of one process was not tried.
"""


class Promise(NamedTuple):
    """A row of the table.

    Attributes:
      text: what is promised.
      script: the script in tests/reliability/ that tries it, and writes the result file of the same name.
      describe: says what a result came to.
    """

    text: str
    script: str
    describe: Callable[[Mapping[str, Any]], str]


def _kills(result: Mapping[str, Any]) -> str:
    wrong = sorted({case["kind"] for case in result["cases"] if case["differences"]})
    return (
        f"{result['kills']} kills (SIGKILL) at random moments of {result['runs']} small trainings of "
        f"{len(result['kinds'])} kinds: {result['runs_with_the_same_end']} of {result['runs']} end with the same bits"
        + (f"; the others are of the kinds {' and '.join(wrong)}" if wrong else "")
    )


def _fuzz(result: Mapping[str, Any]) -> str:
    return (
        f"{result['inputs']:,} damaged inputs of {len(result['kinds'])} kinds: {result['faults']} faults; the slowest "
        f"took {result['slowest_seconds']} s, and no input more than {result['largest_rise_mib']} MiB"
    )


def _stream(result: Mapping[str, Any]) -> str:
    first, *others = result["mib_every_1000"]
    return (
        f"{result['lines']:,} lines of 1 to 120 words: {result['answers']:,} answers; {first:.0f} MiB after the first "
        f"1,000 lines, and at most {100 * (max(others) / first - 1):.1f} % more after that"
    )


def _disk(result: Mapping[str, Any]) -> str:
    bad = f", but for {', '.join(result['bad'])}" if result["bad"] else ""
    return (
        f"{result['cases']} places that write, tried {result['tries']} times on a full tmpfs: each time the last line "
        f"on the screen says so, nothing is left half-written, and the command goes on once there is room{bad}"
    )


def _threads(result: Mapping[str, Any]) -> str:
    return (
        f"{result['threads']} threads and {result['texts']:,} texts each: {result['differing']} of "
        f"{result['answers']:,} answers differ"
    )


def _versions(result: Mapping[str, Any]) -> str:
    names = ", ".join(each["python"] for each in result["versions"])
    equal = "the same bytes" if result["equal"] else "different bytes"
    ran = "".join(_tests(each) for each in result["versions"] if "tests" in each)
    return f"Python {names}: {equal} for {result['texts']:,} texts{ran}"


def _tests(version: Mapping[str, Any]) -> str:
    first, again = version["tests"], version.get("again")
    counts = f"{first.get('passed', 0):,} tests passed, {first.get('failed', 0)} failed"
    mended = f" (mended; run again: {again.get('passed', 0)} passed, {again.get('failed', 0)} failed)" if again else ""
    return f"; {version['python']}: {counts}{mended}"


def _extras(result: Mapping[str, Any]) -> str:
    rows = result["extras"]
    counts = ", ".join(f"{row['extra']} ({row.get('passed', 0):,})" for row in rows)
    bad = [row["extra"] for row in rows if row["problems"]]
    return (
        f"{len(rows)} fresh environments, with the number of tests that passed: {counts}; "
        + (f"not in order: {', '.join(bad)}" if bad else "all in order")
        + f" on Python {' and '.join(sorted({row['python'] for row in rows if 'python' in row}))}"
    )


PROMISES = (
    Promise("A training that is killed and started again ends as if it had not been killed", "kills", _kills),
    Promise("A damaged file gives one line, soon, and without taking much memory", "fuzz", _fuzz),
    Promise("`predict` reads any number of lines in the same memory", "stream", _stream),
    Promise("A full disk gives one line and loses nothing", "disk", _disk),
    Promise("A model may be used from several threads", "threads", _threads),
    Promise("Python 3.9, 3.10 and 3.11 give the same answers", "versions", _versions),
    Promise(
        "Each extra installs beside NumPy 1.26 and protobuf below 5, and passes its tests in an environment of its own",
        "extras",
        _extras,
    ),
)


def render(results: pathlib.Path = RESULTS) -> str:
    """Return the page for the result files of a folder."""
    rows = []
    for promise in PROMISES:
        path = results / f"{promise.script}.json"
        said = promise.describe(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else "not run"
        rows.append(f"| {promise.text} | `tests/reliability/{promise.script}.py` | {said} |")
    return HEAD + "\n".join(rows) + "\n" + TAIL


if __name__ == "__main__":
    write_atomically(DOCUMENT, render())
    print(DOCUMENT)
