"""A model's weights as plain data: weights.npy, one vector of all, and weights.json, their names and shapes.

A packed model has these two files instead of TensorFlow's checkpoints. As a rule the vector is float16.
"""

from __future__ import annotations

import json
import math
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cman_tf.errors import DataError
from cman_tf.runs.arrays import read_array
from cman_tf.runs.files import read_json, write_atomically
from cman_tf.runs.schema import anything, list_of, record, whole

WEIGHTS, NAMES = "weights.npy", "weights.json"
_EXPECTED = "what cman-tf pack wrote"
_SCHEMA = record({"epoch": whole(), "weights": list_of(list_of(anything(1), 2))})


def save_weights(
    directory: str | pathlib.Path,
    names: Sequence[str],
    weights: Sequence[NDArray[Any]],
    epoch: int,
    half: bool = True,
) -> None:
    """Write a model's weights.

    Args:
      directory: the folder.
      names: the names of the weights.
      weights: the values, in the same order.
      epoch: the epoch that they are of, counted from 1.
      half: whether the values are written as float16, otherwise as float32.

    Raises:
      DataError: if a value is too large for the precision, or not finite.
    """
    folder = pathlib.Path(directory)
    with np.errstate(over="ignore"):
        halves = [np.asarray(values).astype(np.float16 if half else np.float32) for values in weights]
    for name, values in zip(names, halves):
        if not np.isfinite(values).all():
            raise DataError(f"{name}: a weight above {np.finfo(np.float16).max:.0f}, expected ones of half precision")
    listed = [[name, list(values.shape)] for name, values in zip(names, halves)]
    flat = np.concatenate([values.ravel() for values in halves])
    write_atomically(folder / WEIGHTS, lambda file: np.save(file, flat, allow_pickle=False))
    write_atomically(folder / NAMES, json.dumps({"epoch": epoch, "weights": listed}) + "\n")


def load_weights(
    directory: str | pathlib.Path, expected: Sequence[tuple[str, tuple[int, ...]]]
) -> tuple[list[NDArray[Any]], int]:
    """Read a model's weights.

    Args:
      directory: the folder.
      expected: the names and shapes of the model's weights.

    Returns:
      The values, float32, and the epoch.

    Raises:
      DataError: if the files are damaged, or if they are not of this model.
    """
    folder = pathlib.Path(directory)
    content = read_json(folder / NAMES, _EXPECTED, schema=_SCHEMA)
    if content["weights"] != [[name, list(shape)] for name, shape in expected]:
        raise DataError(f"{folder / NAMES}: other weights than this model's, expected {_EXPECTED}")
    count = sum(math.prod(shape) for _, shape in expected)
    wide = read_array(folder / WEIGHTS, ("float16", "float32"), (count,), _EXPECTED).astype(np.float32)
    ends = np.cumsum([math.prod(shape) for _, shape in expected])
    parts = np.split(wide, ends[:-1])
    return [part.reshape(shape) for part, (_, shape) in zip(parts, expected)], content["epoch"]
