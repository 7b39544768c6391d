"""The models that come with the package, each in a folder of its name, as `cman-tf pack` writes it."""

from __future__ import annotations

import os
import pathlib

DEFAULT_MODEL = "conll04"  # which `cman-tf predict` uses without --model_dir
_FOLDER = pathlib.Path(__file__).parent


def list_models() -> list[str]:
    """Return the names of the models that come with the package.

    >>> list_models()
    ['conll04']
    """
    return sorted(path.parent.name for path in _FOLDER.glob("*/weights.npy"))


def is_shipped(directory: str | os.PathLike[str]) -> bool:
    """Return whether a directory is that of a model that comes with the package."""
    return pathlib.Path(directory).resolve().parent == _FOLDER.resolve()


def find_model(directory: str | os.PathLike[str]) -> pathlib.Path:
    """Return the directory of a model.

    Args:
      directory: a directory, or the name of a model that comes with the package. A directory that exists wins.

    >>> find_model("conll04").name
    'conll04'
    """
    path = pathlib.Path(directory)
    if not path.exists() and str(directory) in list_models():
        return _FOLDER / str(directory)
    return path
