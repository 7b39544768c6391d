"""The sample corpus: {train,dev,test}.json here, written by `generate`."""

import os
import pathlib

DIRECTORY = pathlib.Path(__file__).resolve().parent


def find_sample(path: str) -> str:
    """The shipped corpus for `sample`, and its file for `sample/test.json`, where there is no such path; else the path.

    >>> find_sample("sample/test.json") == str(DIRECTORY / "test.json")
    True
    >>> find_sample("data/conll04")
    'data/conll04'
    """
    first, _, name = path.rstrip("/").partition("/")
    if first != "sample" or os.path.exists(path) or not (DIRECTORY / name).exists():
        return path
    return str(DIRECTORY / name)
