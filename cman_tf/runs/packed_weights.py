"""A model's weights in half precision: weights.npy, one vector of all, and weights.json, their names and shapes.

A packed model has these two files instead of TensorFlow's checkpoints. Both are plain data.
"""

from __future__ import annotations

import json
import math
import pathlib
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cman_tf.errors import DataError
from cman_tf.runs.files import read_json, write_atomically
from cman_tf.runs.json_values import as_list

WEIGHTS, NAMES = "weights.npy", "weights.json"
_EXPECTED = "what cman-tf pack wrote"


def save_weights(
    directory: str | pathlib.Path, names: Sequence[str], weights: Sequence[NDArray[Any]], epoch: int
) -> None:
    """Write a model's weights.

    Args:
      directory: the folder.
      names: the names of the weights.
      weights: the values, in the same order.
      epoch: the epoch that they are of, counted from 1.

    Raises:
      DataError: if a value is too large for half precision, or not finite.
    """
    folder = pathlib.Path(directory)
    with np.errstate(over="ignore"):
        halves = [np.asarray(values).astype(np.float16) for values in weights]
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
    content = read_json(folder / NAMES, _EXPECTED, "epoch", "weights")
    listed = as_list(content["weights"])
    if type(content["epoch"]) is not int or listed != [[name, list(shape)] for name, shape in expected]:
        raise DataError(f"{folder / NAMES}: other weights than this model's, expected {_EXPECTED}")
    count = sum(math.prod(shape) for _, shape in expected)
    try:
        # A mapped file cannot claim a size that it does not have.
        loaded: object = np.load(folder / WEIGHTS, mmap_mode="r", allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise DataError(f"{folder / WEIGHTS}: {reason[:200]}, expected {_EXPECTED}") from None
    if not isinstance(loaded, np.ndarray):
        raise DataError(f"{folder / WEIGHTS}: several arrays, expected {_EXPECTED}")
    flat = cast("NDArray[Any]", loaded)
    if flat.dtype != np.float16 or flat.shape != (count,):
        raise DataError(f"{folder / WEIGHTS}: {flat.dtype} {list(flat.shape)}, expected float16 [{count}]")
    wide = flat.astype(np.float32)
    if not np.isfinite(wide).all():
        raise DataError(f"{folder / WEIGHTS}: a value that is not finite, expected {_EXPECTED}")
    ends = np.cumsum([math.prod(shape) for _, shape in expected])
    parts = np.split(wide, ends[:-1])
    return [part.reshape(shape) for part, (_, shape) in zip(parts, expected)], content["epoch"]
