"""Try each extra of setup.py in a fresh environment of its own. Writes results/reliability/extras.json.

    bash tests/extras.sh            # all extras, and no extra at all
    bash tests/extras.sh none docs  # these

For each extra the script makes a virtual environment and installs the package with this extra and the test tools.
NumPy must be 1.26, protobuf below 5, and `pip check` without complaints. Then the tests run that are marked with the
extra, `pytest.mark.extra(name="docs")`. A test that is skipped for want of the extra counts as a failure. Extras that
ask for the same packages run the same tests. `none` is the environment without an extra: all tests run there but those
that start processes or take long. The environment is deleted before the next one is made; each takes 2 GB.

The extra `test` is left out: `.ci/run` makes its environment, and runs all tests in it.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any

from package_extras import Extra, read_extras
from recording import RESULTS, write_record

from cman_tf.runs import provenance

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_TOOLS = ("pytest", "pytest-timeout", "pytest-xdist", "hypothesis", "playwright")
_DOWNLOADS = ("minilm",)  # extras with a test of what `cman-tf download NAME` installs
NONE = "none"
_VERSIONS = (
    "import google.protobuf, numpy, platform; "
    "print(platform.python_version(), numpy.__version__, google.protobuf.__version__)"
)


def try_extra(extra: Extra, tools: Sequence[str]) -> dict[str, Any]:
    """Install an extra into a fresh environment, check the versions there and run its tests.

    Args:
      extra: the extra; the one called `none` has no packages.
      tools: requirements of the test tools.

    Returns:
      The row of the result file. Its `problems` are empty if all went well.
    """
    row: dict[str, Any] = {"extra": extra.name, "commit": provenance.commit()}
    with tempfile.TemporaryDirectory(prefix=f"cman-{extra.name}-") as folder:
        start = time.monotonic()
        subprocess.run([sys.executable, "-m", "venv", f"{folder}/venv"], check=True)
        python = f"{folder}/venv/bin/python"
        wanted = str(_ROOT) if extra.name == NONE else f"{_ROOT}[{extra.name}]"
        steps = [["-m", "pip", "install", "--quiet", "-e", wanted, *tools]]
        if extra.name in _DOWNLOADS:
            steps.append(["-m", "cman_tf", "download", extra.name])
        for step in steps:
            done = _run(python, *step)
            if done.returncode:
                return {**row, "problems": [f"{shlex.join(step)}: {done.stderr.strip()[-500:]}"]}
            if "pip" in step:  # what is downloaded comes without its requirements, and is to be read by ours
                complaints = _check_packages(python)
        row["install_seconds"] = round(time.monotonic() - start)
        row.update(zip(("python", "numpy", "protobuf"), _run(python, "-c", _VERSIONS).stdout.split()))
        row["complaints"] = complaints
        row.update(_run_tests(python, extra, pathlib.Path(folder, "outcome.json")))
    return {**row, "problems": find_problems(row, extra)}


def find_problems(row: Mapping[str, Any], extra: Extra) -> list[str]:
    """Return what is wrong with an environment, a line for each.

    Args:
      row: versions, complaints of pip, and what the tests came to.
      extra: the extra that is installed there.
    """
    problems = list(row["complaints"])
    if not row["numpy"].startswith("1.26."):
        problems.append(f"numpy {row['numpy']}, expected 1.26")
    if int(row["protobuf"].split(".")[0]) >= 5:
        problems.append(f"protobuf {row['protobuf']}, expected below 5")
    problems += [f"{test}: failed" for test in row["failed"]]
    names = [f"cman-tf[{name}]" for name in extra.same]
    problems += [f"{test}: {why}" for test, why in row["skipped"].items() if any(name in why for name in names)]
    if not row["passed"]:
        problems.append("no test passed")
    if row["exit_status"] and not row["failed"]:
        problems.append(f"pytest ended with {row['exit_status']}")
    return problems


def _check_packages(python: str) -> list[str]:
    """Return the complaints of `pip check`."""
    checked = _run(python, "-m", "pip", "check")
    return checked.stdout.strip().splitlines() if checked.returncode else []


def _run_tests(python: str, extra: Extra, outcome: pathlib.Path) -> dict[str, Any]:
    """Run the tests of an extra; returns the numbers of tests, what failed, what was skipped and how long it took."""
    if extra.name == NONE:
        selected = ["-m", "not e2e and not slow", "-n", "2", "--dist", "worksteal"]
    else:
        selected = ["-m", " or ".join(f"extra(name='{name}')" for name in extra.same), *_find_files(extra)]
    options = ["-q", "-ra", "-p", "no:cacheprovider", "-p", "outcome", f"--outcome={outcome}"]
    done = _run(python, "-m", "pytest", *options, *selected)
    sys.stderr.write(done.stdout + done.stderr)
    if not outcome.exists():
        return {"passed": 0, "failed": [], "skipped": {}, "exit_status": done.returncode}
    found = json.loads(outcome.read_text(encoding="utf-8"))
    return {
        "passed": sum(counts.get("passed", 0) for counts in found["counts"].values()),
        "failed": found["failed"],
        "skipped": found["skipped"],
        "exit_status": found["exit_status"],
        "test_seconds": found["seconds"],
    }


def _find_files(extra: Extra) -> list[str]:
    """Return the files with tests that are marked with an extra. Collecting the others takes longer than these run."""
    marks = [f'extra(name="{name}")' for name in extra.same]
    texts = {str(path): path.read_text(encoding="utf-8") for path in sorted((_ROOT / "tests").glob("test_*.py"))}
    return [path for path, text in texts.items() if any(mark in text for mark in marks)]


def _run(python: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an interpreter in the checkout, with the plugin of the tests on its path."""
    environment = {**os.environ, "PYTHONPATH": str(_ROOT / "tests")}
    return subprocess.run(
        [python, *arguments], cwd=_ROOT, env=environment, capture_output=True, text=True, errors="replace", check=False
    )


def _read_rows(output: str) -> dict[str, dict[str, Any]]:
    """Return the rows of an earlier call, by extra."""
    if not output or not pathlib.Path(output).exists():
        return {}
    return {row["extra"]: row for row in json.loads(pathlib.Path(output).read_text(encoding="utf-8"))["extras"]}


def main() -> int:
    extras = read_extras(_ROOT)
    tools = [wanted for wanted in extras.pop("test").requirements if wanted.partition("==")[0] in _TOOLS]
    extras = {NONE: Extra(NONE, (), (NONE,)), **extras}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*", help=f"an extra, of {', '.join(extras)}; without one: all")
    parser.add_argument("--output", default=str(RESULTS / "extras.json"), help="the result file; empty: none")
    arguments = parser.parse_args()
    unknown = sorted({*arguments.name} - {*extras})
    if unknown:
        parser.error(f"{unknown[0]}: no such extra, expected one of {', '.join(extras)}")
    rows = _read_rows(arguments.output)
    # Without an extra first: a test there compares docs/reliability.md with the rows.
    tried = [name for name in extras if name in arguments.name or not arguments.name]
    for name in tried:
        rows[name] = try_extra(extras[name], tools)
        print(f"{name}: {rows[name].get('passed', 0)} passed", *rows[name]["problems"], sep="\n  ", flush=True)
        write_record(arguments.output, {"extras": [rows[each] for each in extras if each in rows]}, is_shown=False)
    return int(any(rows[name]["problems"] for name in tried))


if __name__ == "__main__":
    sys.exit(main())
