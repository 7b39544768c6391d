"""Reading, writing, hashing and locking the files that the package writes."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import hashlib
import os
import pathlib
import stat
import tempfile
from collections.abc import Callable, Generator, Mapping
from typing import Any, BinaryIO, cast

from cman_tf.errors import DataError
from cman_tf.runs.durable import NamedFile, move_into_place, name_errors
from cman_tf.runs.json_values import as_object, parse_json
from cman_tf.runs.plain_files import MAX_BYTES, read_text
from cman_tf.runs.schema import Check, find_mismatch


def read_json(
    path: str | pathlib.Path, expected: str, *names: str, schema: Check | None = None, limit: int = MAX_BYTES
) -> dict[str, Any]:
    """Read a JSON file that the package wrote, or that someone else says it wrote.

    Args:
      path: the file.
      expected: what the file should be, for messages.
      *names: keys that the object must have.
      schema: what the object must be, as the functions of `cman_tf.runs.schema` make it.
      limit: the most bytes that the file may have.

    Returns:
      The JSON object in the file.

    Raises:
      DataError: if the file does not hold such an object, naming the key and what was expected.
    """
    try:
        content = as_object(parse_json(read_text(path, f"expected {expected}", limit)))
    except DataError:
        raise
    except (ValueError, RecursionError) as error:
        what = f"not JSON ({str(error)[:100]})" if os.path.getsize(path) else "is empty"
        raise DataError(f"{path}: {what}, expected {expected}") from None
    if content is None:
        raise DataError(f"{path}: JSON, but not an object, expected {expected}")
    lacking = [name for name in names if name not in content]
    if lacking:
        raise DataError(f"{path}: no {lacking[0]!r}, expected {expected}")
    mismatch = find_mismatch(content, schema) if schema else ""
    if mismatch:
        raise DataError(f"{path}: {mismatch}, expected {expected}")
    return content


def write_atomically(path: str | pathlib.Path, content: str | bytes | Callable[[BinaryIO], None]) -> None:
    """Write a file as a whole: write a temporary file in the same folder, then move it to its place.

    Args:
      path: the file. Missing folders are made. If it is a link, its target is written and the link stays. A path that
        is not a regular file, or that is below /dev or /proc (such as /dev/stdout), is appended to.
      content: text (written as UTF-8), bytes, or a function that writes to a binary file.

    Raises:
      OSError: naming `path`, if it cannot be written, as on a full disk. What was there before stays.
    """
    path = pathlib.Path(path)
    if _is_appended(path):
        with _closed(open(path, "ab"), path) as file:
            _write(file, content, path)
        return
    replace, discard = _prepare(path, content)
    try:
        replace()
    except BaseException:
        discard()
        raise


def write_together(contents: Mapping[str, str]) -> None:
    """Write several files, all of them or, if one cannot be written, none.

    Args:
      contents: text by path, as for `write_atomically`.
    """
    prepared: list[tuple[Callable[[], None], Callable[[], None]]] = []
    try:
        for path, content in contents.items():
            target = pathlib.Path(path)
            if _is_appended(target):
                prepared.append((lambda t=target, c=content: write_atomically(t, c), lambda: None))
            else:
                prepared.append(_prepare(target, content))
        for replace, _ in prepared:
            replace()
    except BaseException:
        for _, discard in prepared:
            discard()
        raise


def _is_appended(path: pathlib.Path) -> bool:
    return path.is_relative_to("/dev") or path.is_relative_to("/proc") or (path.exists() and not path.is_file())


def _prepare(
    path: pathlib.Path, content: str | bytes | Callable[[BinaryIO], None]
) -> tuple[Callable[[], None], Callable[[], None]]:
    """Write a temporary file; return what moves it to its place, and what deletes it."""
    try:
        path = path.resolve()
    except RuntimeError:  # of Python before 3.13
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
    with name_errors(path):
        handle, temporary = tempfile.mkstemp(prefix=_prefix(path), dir=path.parent)

    def discard() -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)

    try:
        with _closed(os.fdopen(handle, "wb"), path) as file:
            _write(file, content, path)
        os.chmod(temporary, mode)
    except BaseException:
        discard()
        raise
    return lambda: move_into_place(temporary, path), discard


@contextlib.contextmanager
def _closed(file: BinaryIO, path: pathlib.Path) -> Generator[BinaryIO, None, None]:
    """Close a file at the end, and name it in the error if its last bytes cannot be written."""
    try:
        yield file
    except BaseException:
        with contextlib.suppress(OSError):
            file.close()
        raise
    with name_errors(path):
        file.close()


def _write(file: BinaryIO, content: str | bytes | Callable[[BinaryIO], None], path: pathlib.Path) -> None:
    named = cast("BinaryIO", NamedFile(file, path))
    if callable(content):
        content(named)
    else:
        # Names of files may hold bytes that are not UTF-8; in JSON the escape is valid.
        named.write(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)


def remove_temporaries(path: str | pathlib.Path) -> None:
    """Delete the temporary files that `write_atomically` left if its process was killed while it wrote a file.

    Args:
      path: the file. No other process may be writing it.
    """
    path = pathlib.Path(path)
    for left in path.parent.glob(f"{glob.escape(_prefix(path))}????????"):
        with contextlib.suppress(FileNotFoundError):
            left.unlink()


def _prefix(path: pathlib.Path) -> str:
    """Return how the names of a file's temporary files begin; eight characters follow."""
    return f".{path.name}."[:100]


def validate_distinct(output: str | None, *inputs: str | None) -> None:
    """Raise DataError if the file to be written is also one of the files to be read."""
    for path in filter(None, inputs):
        if output and os.path.exists(output) and os.path.exists(path) and os.path.samefile(output, path):
            raise DataError(f"{output}: would be overwritten while it is read, expected another file to write")


def validate_new(output: str | None, overwrite: bool) -> None:
    """Raise DataError if a file to be written exists, or is a folder.

    Args:
      output: the file. A device, such as /dev/stdout, may exist.
      overwrite: whether a file may be replaced.
    """
    if output == "":
        raise DataError("an output without a name, expected the name of a new file")
    if output and os.path.isdir(output):
        raise DataError(f"{output}: is a folder, expected the name of a new file")
    if output and os.path.isfile(output) and not overwrite and not output.startswith("/dev/"):
        raise DataError(f"{output}: exists, expected the name of a new file; --overwrite replaces it")


def validate_new_directory(directory: str | pathlib.Path) -> None:
    """Raise DataError if a directory exists."""
    if not str(directory):
        raise DataError("--output without a name, expected a new directory")
    if os.path.lexists(directory):
        raise DataError(f"{directory}: exists, expected a new directory")


def validate_outputs(*outputs: str | None) -> None:
    """Raise DataError if two of the files to be written are the same."""
    seen: set[str] = set()
    for path in filter(None, outputs):
        real = os.path.realpath(path)
        if real in seen and not real.startswith(("/dev/", "/proc/")):
            raise DataError(f"{path}: named for two outputs, expected different files")
        seen.add(real)


@contextlib.contextmanager
def file_lock(path: str | pathlib.Path, waiting: Callable[[], Any] | None = None) -> Generator[int, None, None]:
    """Hold a lock on a file or folder until the context, or the process, ends.

    Args:
      path: an existing file or folder.
      waiting: a function that is called before waiting for another process' lock. Without one, nothing is waited for.

    Yields:
      The lock's file descriptor. A child process that inherits it holds the lock, too.

    Raises:
      BlockingIOError: if another process holds the lock and `waiting` is None.
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
    """Feed a file to a hashlib digest, block by block."""
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)


def sha256_of(path: str | pathlib.Path) -> str:
    """Return a file's sha256 in hexadecimal.

    Raises:
      DataError: if the file cannot be read.
    """
    try:
        digest = hashlib.sha256()
        hash_file(path, digest)
        return digest.hexdigest()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}, expected a readable file") from None
