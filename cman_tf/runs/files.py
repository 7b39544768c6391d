"""Files of ours: written whole or not at all, read with checks, hashed and locked."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import stat
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from cman_tf.errors import DataError


def read_json(path: str | pathlib.Path, expected: str, *names: str) -> dict[str, Any]:
    """The object in a file of our own.

    Args:
      path: the file.
      expected: what it should be, for messages.
      names: of what the object must have.

    Raises:
      DataError: if it holds something else, naming what was expected.
    """
    try:
        content = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}, expected {expected}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error}), expected {expected}") from None
    if not isinstance(content, dict):
        raise DataError(f"{path}: JSON, but no object, expected {expected}")
    lacking = [name for name in names if name not in content]
    if lacking:
        raise DataError(f"{path}: no {lacking[0]!r}, expected {expected}")
    return content


def write_atomically(path: str | pathlib.Path, content: str | bytes | Callable[[BinaryIO], None]) -> None:
    """Write a file beside its place, then move it there: never a half file.

    Args:
      path: the file; missing folders are made. What a link points to is written, the link stays;
        what is no file, and whatever /dev/stdout is, is added to.
      content: text (as UTF-8), bytes, or a function that writes to a binary file.
    """
    path = pathlib.Path(path)
    if path.is_relative_to("/dev") or path.is_relative_to("/proc") or (path.exists() and not path.is_file()):
        with open(path, "ab") as file:
            _write(file, content)
        return
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            _write(file, content)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _write(file: BinaryIO, content: str | bytes | Callable[[BinaryIO], None]) -> None:
    if callable(content):
        content(file)
    else:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


def validate_distinct(output: str | None, *inputs: str | None) -> None:
    """Raises DataError if a file is to be written that is read, too."""
    for path in filter(None, inputs):
        if output and os.path.exists(output) and os.path.exists(path) and os.path.samefile(output, path):
            raise DataError(f"{output}: read and to be written, expected another file to write")


@contextlib.contextmanager
def file_lock(path: str | pathlib.Path, waiting: Callable[[], Any] | None = None) -> Iterator[int]:
    """A lock on a file or folder as long as this lasts, or the process.

    Args:
      path: of what is there already.
      waiting: called before another process' lock is waited for.

    Yields:
      Its file descriptor, to be passed to a child that is to hold it, too.

    Raises:
      BlockingIOError: if another process holds it and `waiting` is None.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is None:
                raise
            waiting()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def hash_file(path: str | pathlib.Path, digest: Any) -> None:
    """Feed a file to one of hashlib's digests, a block at a time."""
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)


def sha256_of(path: str | pathlib.Path) -> str:
    """Give a file's sha256 in hexadecimal.

    Raises:
      DataError: if the file cannot be read.
    """
    try:
        digest = hashlib.sha256()
        hash_file(path, digest)
        return digest.hexdigest()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}, expected a readable file") from None
