"""What tests/all.sh writes of a run of the tests."""

import json
import os
import subprocess
import sys

import pytest
from helpers import ROOT

TESTS = """
import pytest

def test_right(): pass

@pytest.mark.e2e
def test_wrong(): assert False

@pytest.mark.e2e
@pytest.mark.slow
def test_left_out(): pytest.skip("no cluster here")

@pytest.fixture
def broken():
    yield
    assert False

@pytest.mark.slow
def test_torn_down_wrongly(broken): pass
"""


MODULES = {
    "test_any.py": TESTS,
    "test_needs.py": """import pytest; pytest.importorskip("never_there", reason="needs it")""",
}


@pytest.mark.e2e
@pytest.mark.parametrize("processes", [(), ("-n", "2")])
def test_outcome(processes, tmp_path):
    for name, text in MODULES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  e2e: x\n  slow: x\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "outcome", "--outcome=out/all.json", *processes]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    process = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 1, process.stdout + process.stderr
    outcome = json.loads((tmp_path / "out" / "all.json").read_text())
    assert outcome["counts"] == {
        "neither": {"passed": 1, "skipped": 1},
        "e2e": {"failed": 1},
        "slow": {"skipped": 1, "failed": 1},
    }
    assert outcome["failed"] == ["test_any.py::test_torn_down_wrongly", "test_any.py::test_wrong"]
    assert outcome["skipped"] == {
        "test_any.py::test_left_out": "Skipped: no cluster here",
        "test_needs.py": "Skipped: needs it",
    }
    assert outcome["exit_status"] == 1
    assert outcome["environment"]["tensorflow"] and outcome["commit"]
