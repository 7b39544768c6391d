"""Vectors in an .npy file: the features of images, or the queries of sentences."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cman_tf.errors import DataError
from cman_tf.runs.arrays import map_array

_DTYPES = ("float32", "float16", "float64")
_BLOCK = 1 << 20  # numbers that are looked at together
_EXPECTED = "an .npy file of float32 [rows, size]"
_MOST = 1e150  # of a norm; its square is still a number


@dataclasses.dataclass(frozen=True)
class Vectors:
    """Rows of finite numbers.

    Attributes:
      path: their file.
      values: float [N, D], mapped from the file.
      norms: float64 [N], the length of each vector.
    """

    path: pathlib.Path
    values: NDArray[Any]
    norms: NDArray[np.float64]

    def __len__(self) -> int:
        return self.values.shape[0]

    @property
    def size(self) -> int:
        """D, the numbers of a vector."""
        return self.values.shape[1]


def open_vectors(path: str | pathlib.Path, have_directions: bool) -> Vectors:
    """Open a file of vectors and look at all of them.

    Args:
      path: the .npy file.
      have_directions: whether a vector of zeros, which has no direction, is refused.

    Raises:
      DataError: if the file is something else, or if a vector holds a value that is not finite.
    """
    values = map_array(path, _EXPECTED)
    if values.ndim != 2 or values.dtype.name not in _DTYPES or not values.dtype.isnative or 0 in values.shape:
        shape = ", ".join(map(str, values.shape))[:60]
        raise DataError(
            f"{path}: {str(values.dtype)[:40]} [{shape}], expected {_EXPECTED}; float16 and float64 do, too"
        )
    norms = np.empty(values.shape[0])
    rows = max(_BLOCK // values.shape[1], 1)
    for first in range(0, len(norms), rows):
        block = np.asarray(values[first : first + rows], np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            norms[first : first + rows] = np.sqrt((block * block).sum(axis=1))
    for wrong, what, expected in (
        (~(norms < _MOST), "a value that is not finite, or too large", "finite numbers"),
        ((norms == 0) & have_directions, "zeros only", "a vector with a direction; the measure dot allows zeros"),
    ):
        if wrong.any():
            raise DataError(f"{path}: row {int(wrong.argmax())} has {what}, expected {expected}")
    return Vectors(pathlib.Path(path), values, norms)
