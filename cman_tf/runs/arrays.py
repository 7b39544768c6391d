"""Reading the .npy files of a model. They are plain numbers; nothing in them is executed."""

from __future__ import annotations

import pathlib
import tokenize
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cman_tf.errors import DataError
from cman_tf.runs.plain_files import file_size

# A damaged header raises all of these.
_ERRORS = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, SyntaxError, tokenize.TokenError, OverflowError),
    *(RecursionError, MemoryError, AttributeError),
)
_MAGIC, _LONGEST_HEADER = b"\x93NUMPY", 1000  # bytes; Python's own parser reads the header
_WIDEST = 100_000  # values of a row whose size may be any
_BLOCK = 1 << 22  # values that are looked at together


def read_array(
    path: str | pathlib.Path, dtypes: tuple[str, ...], shape: tuple[int | None, ...], expected: str
) -> NDArray[Any]:
    """Read an array of finite numbers.

    Args:
      path: the file.
      dtypes: the names of the dtypes that the array may have.
      shape: the array's shape, with None for a size that may be any.
      expected: what the file should be, for messages.

    Returns:
      The array, mapped from the file, so that it cannot claim a size that it does not have.

    Raises:
      DataError: if the file holds something else.
    """
    array = map_array(path, expected)
    fits = len(array.shape) == len(shape) and all(
        wanted == size or wanted is None and size <= _WIDEST for wanted, size in zip(shape, array.shape)
    )
    if array.dtype.name not in dtypes or not array.dtype.isnative or not fits:
        sizes = ", ".join("size" if size is None else str(size) for size in shape)
        raise DataError(
            f"{path}: {str(array.dtype)[:40]} {str(list(array.shape))[:60]}, expected {dtypes[0]} [{sizes}]"
        )
    flat = array.ravel(order="K")  # in the order of the file, so that nothing is copied
    if not all(np.isfinite(flat[start : start + _BLOCK]).all() for start in range(0, flat.size, _BLOCK)):
        raise DataError(f"{path}: a value that is not finite, expected {expected}")
    return array


def map_array(path: str | pathlib.Path, expected: str) -> NDArray[Any]:
    """Map an .npy file into memory, whatever numbers it holds.

    Args:
      path: the file.
      expected: what the file should be, for messages.

    Raises:
      DataError: if the file cannot be read or is damaged.
    """
    file_size(path, f"expected {expected}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers of Python 2
            _validate_header(path)
            return np.load(path, mmap_mode="r", allow_pickle=False)
    except _ERRORS as error:
        reason = getattr(error, "strerror", None) or (str(error).splitlines() or ["damaged"])[0]
        raise DataError(f"{path}: {str(reason)[:100]}, expected {expected}") from None


def _validate_header(path: str | pathlib.Path) -> None:
    """Raise ValueError if a file does not begin as an .npy file with a header of the usual length."""
    with open(path, "rb") as file:
        start = file.read(12)
    if start[:6] != _MAGIC:
        raise ValueError("no .npy file")
    length = int.from_bytes(start[8:10] if start[6:7] == b"\x01" else start[8:12], "little")
    if length > _LONGEST_HEADER:
        raise ValueError(f"a header of {length} bytes")
