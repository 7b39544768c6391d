"""Compare Python versions: the same predictions, and the tests. Writes results/reliability/versions.json.

    python tests/reliability/versions.py python3.9 python3.10 python3.11

Each argument is an interpreter with the package and its extra `test` installed. Every one of them predicts the same
texts with the model conll04; the outputs are compared byte for byte. Then it runs the tests, but for those that start
processes or take long, and what they print goes to standard error. The result is written after each interpreter. Called
again, the script runs only those that it lacks or that failed. With --again it runs only the tests that failed, and
adds what they come to. Exits with 1 if an output differs or a test fails.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import Any

from recording import RESULTS, make_texts, write_record

from cman_tf.runs import provenance

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_ODD = [
    "Ann Lee works for Fox in Rome .",
    "",
    "\u202eAnn\u202c left.",
    "Zoë Łuk, of São Paulo 🇧🇷, was born in 東京.",
    "a" * 500,
]
_TESTS = "not e2e and not slow"
_FAILED = re.compile(r"^FAILED (tests/\S+::.+?)(?: - .*)?$", re.M)


def run(python: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run an interpreter in the checkout, with the checkout's package."""
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run([python, *arguments], cwd=_ROOT, env=environment, capture_output=True, check=False, **options)


def find_version(python: str) -> str:
    """Return the version of an interpreter."""
    return run(python, "-c", "import platform; print(platform.python_version())").stdout.decode().strip()


def measure(python: str, version: str, texts: pathlib.Path, with_tests: bool) -> dict[str, Any]:
    """Let one interpreter predict the texts and run the tests.

    Args:
      python: the interpreter.
      version: its version.
      texts: a file with a text on each line.
      with_tests: whether to run the tests, too.

    Returns:
      The version, the exit code and hash of the predictions, and what the tests came to.
    """
    found = run(python, "-m", "cman_tf", "predict", "--model_dir=conll04", f"--input={texts}", "--input_format=lines")
    measured: dict[str, Any] = {
        "python": version,
        "exit_code": found.returncode,
        "answers": found.stdout.count(b"\n"),
        "predictions_sha256": hashlib.sha256(found.stdout).hexdigest(),
    }
    if with_tests:
        measured["tests"] = run_tests(python, "-m", _TESTS)
    return measured


def run_tests(python: str, *selected: str) -> dict[str, Any]:
    """Let one interpreter run tests, and return the exit code, the counts and the commit."""
    tests = run(python, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "-p", "no:cacheprovider", *selected)
    sys.stderr.write(tests.stdout.decode(errors="replace"))
    sys.stderr.flush()
    last = tests.stdout.decode(errors="replace").strip().splitlines()[-1:] or [tests.stderr.decode()[-200:]]
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|errors?)", last[0])}
    return {"exit_code": tests.returncode, **counts, "commit": provenance.commit()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", nargs="+", help="an interpreter with the package installed")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--without_tests", action="store_true", help="compare predictions only")
    parser.add_argument("--again", help="what an earlier call printed: only the tests that failed there are run again")
    parser.add_argument("--output", default=str(RESULTS / "versions.json"), help="the result file; empty: none")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        texts = pathlib.Path(folder, "texts.txt")
        lines = [*_ODD, *make_texts(arguments.texts - len(_ODD), range(1, 60))]
        texts.write_text("\n".join(lines) + "\n", encoding="utf-8")
        found = _read_found(arguments.output, len(lines), bool(arguments.again))
        failed = sorted(set(_FAILED.findall(pathlib.Path(arguments.again).read_text()))) if arguments.again else []
        measured: list[dict[str, Any]] = []
        for python in arguments.python:
            version = find_version(python)
            measured.append(found.get(version) or measure(python, version, texts, not arguments.without_tests))
            if failed and not _has_passed(measured[-1]):
                measured[-1]["again"] = run_tests(python, *failed)
            equal = len({each["predictions_sha256"] for each in measured}) == 1
            content = {"texts": len(lines), "equal": equal, "tests": _TESTS, "versions": measured}
            write_record(arguments.output, content, is_shown=python == arguments.python[-1])
    return int(not equal or not all(map(_has_passed, measured)))


def _has_passed(measured: dict[str, Any]) -> bool:
    tests = measured.get("again", measured.get("tests", {"exit_code": 0}))
    return measured["exit_code"] == 0 == tests["exit_code"]


def _read_found(output: str, texts: int, also_failed: bool) -> dict[str, dict[str, Any]]:
    """Return what an earlier call measured with tests, by version.

    Args:
      output: the result file.
      texts: the number of texts, which must be the same.
      also_failed: whether versions with tests that failed count, and those of other commits.
    """
    if not output or not pathlib.Path(output).exists():
        return {}
    content = json.loads(pathlib.Path(output).read_text(encoding="utf-8"))
    with_tests = [each for each in content["versions"] if "tests" in each and content["texts"] == texts]
    for each in with_tests:
        each["tests"].setdefault("commit", content["commit"])
    if not also_failed:
        now = provenance.commit()
        with_tests = [each for each in with_tests if _has_passed(each) and each["tests"]["commit"] == now]
    return {each["python"]: each for each in with_tests}


if __name__ == "__main__":
    sys.exit(main())
