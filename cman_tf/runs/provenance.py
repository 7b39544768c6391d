"""Where a result comes from: the code's commit, the package versions and the machine."""

from __future__ import annotations

import importlib.metadata
import os
import pathlib
import platform
import subprocess
from typing import Any


def commit() -> str:
    """Return the commit of the checkout that the package is in.

    Returns:
      The commit's hash, with "+changes" if tracked files differ from it. "unknown" if the package's files are not
      tracked, as where the package is installed inside another repository.
    """
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
    """Return the versions of Python and of the packages, and the machine's type and number of cores."""
    packages = ("tensorflow", "tensorflow-addons", "numpy")
    versions = {name: importlib.metadata.version(name) for name in packages}
    return {"python": platform.python_version(), **versions, "machine": platform.machine(), "cores": os.cpu_count()}


def make_portable(value: Any) -> Any:
    """Make an absolute path below the working directory relative to it; return any other value unchanged.

    Result files are shared, and should not contain the names of home directories.
    """
    if isinstance(value, str) and os.path.isabs(value):
        relative = os.path.relpath(value)
        return value if relative.startswith(os.pardir) else relative
    return value
