"""Opening HDF5 files that may come from anyone.

An HDF5 file can have its values in other files: by external links, external storage or virtual datasets. HDF5 opens
them without a word. Such files are refused, and so are files that claim to hold more than they can.
"""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator
from typing import Any

import h5py

from cman_tf.errors import DataError, quote
from cman_tf.runs.plain_files import file_size

# A damaged file raises all of these. h5py's own text is long; its first line says what is wrong.
ERRORS = (OSError, RuntimeError, KeyError, TypeError, ValueError, AttributeError, OverflowError, SystemError)
_RATIO = 20  # times the file's size that its values may take; weights hardly compress
_FILTERS = (1, 2, 3, 4, 5, 6, 32000)  # those that come with HDF5 and h5py; others would be loaded as plugins
_MOST = 100_000  # links in a file


@contextlib.contextmanager
def open_hdf5(path: str | pathlib.Path, expected: str) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, and close it at the end.

    Args:
      path: the file.
      expected: what the file should be, for messages.

    Raises:
      DataError: if it is damaged, if values lie in other files, or if it claims to hold more than it can.
    """
    file = open_checked(path, expected)
    try:
        yield file
    except ERRORS as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: {describe(error)}, expected {expected}") from None
    finally:
        file.close()


def open_checked(path: str | pathlib.Path, expected: str) -> h5py.File:
    """Open an HDF5 file as `open_hdf5` does, without closing it."""
    size = file_size(path, f"expected {expected}")
    file = None
    try:
        file = h5py.File(path, "r")
        problem = _find_link(file) or _find_dataset(file, size)
    except ERRORS as error:
        problem = describe(error)
    if problem:
        if file is not None:
            file.close()
        raise DataError(f"{path}: {problem}, expected {expected}")
    assert file is not None
    return file


def describe(error: BaseException) -> str:
    """Return the first line of an error of h5py's, at most 200 characters."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]


def _find_link(file: h5py.File) -> str:
    """Return in words the first link that is not a hard one; empty if there is none."""
    seen = 0

    def check(name: bytes, info: Any) -> str | None:
        nonlocal seen
        seen += 1
        if seen > _MOST:
            return f"more than {_MOST} links"
        if info.type == h5py.h5l.TYPE_HARD:
            return None
        kind = {h5py.h5l.TYPE_SOFT: "a link", h5py.h5l.TYPE_EXTERNAL: "a link to another file"}
        shown = quote(name.decode("utf-8", "backslashreplace"))
        return f"{shown} is {kind.get(info.type, 'a link of an unknown kind')}"

    return file.id.links.visit(check, info=True) or ""


def _find_dataset(file: h5py.File, size: int) -> str:
    """Return in words the first dataset whose values are not in the file; empty if there is none."""
    total = 0

    def check(name: str, item: Any) -> str | None:
        nonlocal total
        if not isinstance(item, h5py.Dataset):
            return None
        layout = item.id.get_create_plist()
        if layout.get_external_count():
            return f"{quote(name)} has its values in another file"
        if layout.get_layout() == h5py.h5d.VIRTUAL:
            return f"{quote(name)} is made of other datasets"
        if any(layout.get_filter(number)[0] not in _FILTERS for number in range(layout.get_nfilters())):
            return f"{quote(name)} is compressed in an unknown way"
        if item.shape is None:
            return f"{quote(name)} is empty"
        total += item.id.get_type().get_size() * item.size
        if total > _RATIO * size:
            return f"{quote(name)} of shape {quote(item.shape)} is larger than the file"
        return None

    return file.visititems(check) or ""
