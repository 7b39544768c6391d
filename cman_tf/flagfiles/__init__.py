"""The flagfiles that ship with the package: flags/ of a checkout, in this folder of an installed package."""

from __future__ import annotations

import pathlib

from cman_tf.errors import DataError

_HERE = pathlib.Path(__file__).resolve().parent
# setup.py copies flags/ into this folder of a wheel.
DIRECTORY = _HERE if any(_HERE.glob("*.flags")) else _HERE.parents[1] / "flags"


def names() -> list[str]:
    """What the shipped flagfiles are called: conll04 for conll04.flags."""
    return sorted(path.stem for path in DIRECTORY.glob("*.flags"))


def find_flagfile(path: str) -> pathlib.Path:
    """The file that `--flagfile` names: this path, or the shipped file of this name where there is no such path.

    Args:
      path: of a file, or `conll04`, `conll04.flags` or `flags/conll04.flags` for a shipped one.

    Raises:
      DataError: if there is neither.
    """
    given = pathlib.Path(path).expanduser()
    if given.is_file():
        return given
    shipped = DIRECTORY / f"{given.stem if given.suffix == '.flags' else given.name}.flags"
    if str(given.parent) in (".", "flags") and shipped.is_file():
        return shipped
    raise DataError(f"--flagfile={path}: no such file, expected a path or one of {', '.join(names())}")
