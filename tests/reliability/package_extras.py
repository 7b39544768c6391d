"""The extras of the package, as its metadata say."""

from __future__ import annotations

import importlib.metadata
import pathlib
import subprocess
import sys
import tempfile
from typing import NamedTuple

from packaging.requirements import Requirement


class Extra(NamedTuple):
    """An extra of setup.py.

    Attributes:
      name: what is behind `cman-tf` in brackets.
      requirements: what it asks for under this Python, such as "optuna==5.0.0".
      same: the names of all extras that ask for the same, its own among them.
    """

    name: str
    requirements: tuple[str, ...]
    same: tuple[str, ...]


def read_extras(root: pathlib.Path) -> dict[str, Extra]:
    """Return the extras of a checkout, by name, for the Python that runs.

    Args:
      root: the folder of setup.py.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "setup.py", "--quiet", "egg_info", f"--egg-base={folder}"]
        subprocess.run(command, cwd=root, check=True, capture_output=True)
        (path,) = pathlib.Path(folder).glob("*.egg-info")
        found = importlib.metadata.Distribution.at(path)
        wanted = [Requirement(line) for line in found.requires or ()]
        names = found.metadata.get_all("Provides-Extra") or []
    core = {_describe(one) for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})}
    asked = {
        name: tuple(
            text
            for one in wanted
            if one.marker and one.marker.evaluate({"extra": name}) and (text := _describe(one)) not in core
        )
        for name in names
    }
    return {
        name: Extra(name, requirements, tuple(other for other in names if asked[other] == requirements))
        for name, requirements in asked.items()
    }


def _describe(one: Requirement) -> str:
    """Return a requirement without its condition."""
    extras = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
    return f"{one.name}{extras}{one.specifier}"
