"""Compare Python versions: the same predictions, and the tests. Writes results/reliability/versions.json.

    python tests/reliability/versions.py python3.9 python3.10 python3.11

Each argument is an interpreter with the package and its extra `test` installed. Every one of them predicts the same
texts with the model conll04; the outputs are compared byte for byte. Then it runs the tests, but for those that start
processes or take long. Exits with 1 if an output differs or a test fails.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import Any

from recording import RESULTS, make_texts, write_record

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_ODD = [
    "Ann Lee works for Fox in Rome .",
    "",
    "\u202eAnn\u202c left.",
    "Zoë Łuk, of São Paulo 🇧🇷, was born in 東京.",
    "a" * 500,
]
_TESTS = "not e2e and not slow"


def run(python: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run an interpreter in the checkout, with the checkout's package."""
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run([python, *arguments], cwd=_ROOT, env=environment, capture_output=True, check=False, **options)


def measure(python: str, texts: pathlib.Path, with_tests: bool) -> dict[str, Any]:
    """Let one interpreter predict the texts and run the tests.

    Args:
      python: the interpreter.
      texts: a file with a text on each line.
      with_tests: whether to run the tests, too.

    Returns:
      The version, the exit code and hash of the predictions, and what the tests came to.
    """
    version = run(python, "-c", "import platform; print(platform.python_version())").stdout.decode().strip()
    found = run(python, "-m", "cman_tf", "predict", "--model_dir=conll04", f"--input={texts}", "--input_format=lines")
    measured: dict[str, Any] = {
        "python": version,
        "exit_code": found.returncode,
        "answers": found.stdout.count(b"\n"),
        "predictions_sha256": hashlib.sha256(found.stdout).hexdigest(),
    }
    if with_tests:
        tests = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", _TESTS)
        last = tests.stdout.decode(errors="replace").strip().splitlines()[-1:] or [tests.stderr.decode()[-200:]]
        counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|errors?)", last[0])}
        measured["tests"] = {"exit_code": tests.returncode, **counts}
    return measured


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", nargs="+", help="an interpreter with the package installed")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--without_tests", action="store_true", help="compare predictions only")
    parser.add_argument("--output", default=str(RESULTS / "versions.json"), help="the result file; empty: none")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        texts = pathlib.Path(folder, "texts.txt")
        lines = [*_ODD, *make_texts(arguments.texts - len(_ODD), range(1, 60))]
        texts.write_text("\n".join(lines) + "\n", encoding="utf-8")
        measured = [measure(python, texts, not arguments.without_tests) for python in arguments.python]
    equal = len({each["predictions_sha256"] for each in measured}) == 1
    passed = all(each["exit_code"] == 0 == each.get("tests", {"exit_code": 0})["exit_code"] for each in measured)
    content = {"texts": len(lines), "equal": equal, "tests": _TESTS, "versions": measured}
    write_record(arguments.output, content)
    return int(not (equal and passed))


if __name__ == "__main__":
    sys.exit(main())
