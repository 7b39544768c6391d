"""`--data_dir=sample`: the corpus that ships with the package."""

from __future__ import annotations

import os
import pathlib

_DIRECTORY = pathlib.Path(__file__).resolve().parents[1] / "sample"


def find_sample(path: str) -> str:
    """The shipped corpus for `sample`, and its file for `sample/test.json`, where there is no such path; else the path.

    >>> find_sample("sample/test.json").endswith("cman_tf/sample/test.json")
    True
    >>> find_sample("data/conll04")
    'data/conll04'
    """
    first, _, name = path.rstrip("/").partition("/")
    if first != "sample" or os.path.exists(path) or not (_DIRECTORY / name).exists():
        return path
    return str(_DIRECTORY / name)
