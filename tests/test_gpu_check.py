"""tests/gpu_check.sh, as far as it can be tried without a GPU."""

import json
import subprocess
import sys

import pytest
from helpers import ROOT

SCRIPT = ROOT / "tests" / "reliability" / "gpu.py"


def check(*arguments):
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )


@pytest.mark.slow
def test_the_script(tmp_path):
    """A CPU gives what a CPU gives; without the device nothing is written."""
    output = tmp_path / "check.json"
    process = check("--device=CPU:7", f"--output={output}")
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1].startswith("CPU:7: no such device, expected one of TensorFlow's")
    assert not output.exists()
    process = check("--device=CPU:0", "--small", "--sentences=3", f"--output={output}")
    assert process.returncode == 0, process.stderr[-2000:]
    found = json.loads(output.read_text())
    assert found["wrong"] == [] and found["sentences"] == 3
    assert {*found["models"]} == {"multihead", "cman", "dynamic_cman"}
