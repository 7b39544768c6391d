"""Result files: scores with everything that is needed to repeat them."""

from __future__ import annotations

import importlib.metadata
import os
import pathlib
import platform
import subprocess
from typing import Any


def commit() -> str:
    """The checkout's commit, with "+changes" if files differ from it, or "unknown", as where the
    package is installed below another repository."""
    folder = pathlib.Path(__file__).resolve().parent.parent

    def git(*words: str) -> str:
        call = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)
        return call.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "--", __file__)
        changed = git("status", "--porcelain", "--untracked-files=no", "--", str(folder), str(folder.parent / "flags"))
        return git("rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def environment() -> dict[str, Any]:
    """Versions and machine."""
    packages = ("tensorflow", "tensorflow-addons", "numpy")
    versions = {name: importlib.metadata.version(name) for name in packages}
    return {"python": platform.python_version(), **versions, "machine": platform.machine(), "cores": os.cpu_count()}


def portable(value: Any) -> Any:
    """A path below the current directory relative to it, anything else as it is: a
    result file that is shared names no home directory."""
    if isinstance(value, str) and os.path.isabs(value):
        relative = os.path.relpath(value)
        return value if relative.startswith(os.pardir) else relative
    return value
