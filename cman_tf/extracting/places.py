"""Input files on any file system that Arrow reads: the local one, S3, Google Cloud Storage, HDFS."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import os
import posixpath
import re
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any

from cman_tf.errors import DataError, quote

_EXPECTED = "expected text, JSON lines or Parquet"
_PACKED = (".gz", ".bz2", ".zst", ".xz", ".lz4", ".zip", ".tar")
_SCHEMES = ("file", "s3", "gs", "gcs", "hdfs", "viewfs")  # for some others, Arrow ends the process
_LONGEST_REASON = 200  # characters of a message of Arrow's


@dataclasses.dataclass(frozen=True)
class InputFile:
    """One file that is read.

    Attributes:
      name: its name in what is written: as the user gave it, without passwords.
      location: the absolute path or URI that it is read from.
      size: its bytes.
      changed: when it was changed, in nanoseconds since 1970; 0 if the file system does not say.
    """

    name: str
    location: str
    size: int
    changed: int


def list_inputs(given: Sequence[str]) -> list[InputFile]:
    """List the files of an input: of each folder its files and those of its folders, by name.

    Files and folders whose name begins with a dot or an underscore are left out, as in other tools of this kind.

    Args:
      given: paths or URIs of files and folders.

    Raises:
      DataError: if one does not exist, if there is no file, or if a file is packed or named twice.
    """
    found = [file for place in given for file in _list_place(place)]
    seen: set[str] = set()
    for file in found:
        if file.name.lower().endswith(_PACKED):
            raise DataError(f"{file.name}: a packed file, {_EXPECTED}; unpack it, as only then parts of it can be read")
        if file.location in seen:
            raise DataError(f"{file.name}: named twice, expected each file once")
        seen.add(file.location)
    return found


def open_place(location: str) -> tuple[Any, str]:
    """Return the file system of a path or URI, and the path in it.

    Raises:
      DataError: if no file system knows it.
    """
    from pyarrow import fs

    if not is_uri(location):
        return fs.LocalFileSystem(), os.path.abspath(location)
    return _open_uri(location)


@functools.lru_cache(maxsize=64)
def _open_uri(location: str) -> tuple[Any, str]:
    from pyarrow import fs

    scheme = location.partition("://")[0].lower()
    if scheme not in _SCHEMES:
        raise DataError(f"{hide_password(location)}: unknown kind of place, expected one of {', '.join(_SCHEMES)}")
    try:
        return fs.FileSystem.from_uri(location)
    except (OSError, ValueError, ImportError) as error:
        reason = _first_line(error, location)
        raise DataError(f"{hide_password(location)}: {reason}, expected a URI that Arrow reads") from None


def is_uri(location: str) -> bool:
    """Whether a location is a URI and no path."""
    return "://" in location


def hide_password(location: str) -> str:
    """Return a location without the user, the password and the options that a URI may have.

    >>> hide_password("s3://key:secret@bucket/texts?region=eu-1"), hide_password("texts/a.txt")
    ('s3://bucket/texts', 'texts/a.txt')
    """
    if not is_uri(location):
        return location
    scheme, _, rest = re.split("[?#]", location, maxsplit=1)[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def describe_file(location: str) -> tuple[int, int]:
    """Return the size of a file and when it was changed, as in `InputFile`.

    Raises:
      DataError: if it is not there, or cannot be read.
    """
    system, path = open_place(location)
    info = _look(system, path, location)
    return info.size or 0, info.mtime_ns or 0


def open_file(location: str, name: str) -> Any:
    """Open a file for reading at any place.

    Raises:
      DataError: if it cannot be read.
    """
    system, path = open_place(location)
    try:
        return system.open_input_file(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: {_first_line(error, location)}, expected a readable file") from None


def _list_place(given: str) -> Iterator[InputFile]:
    from pyarrow import fs

    name = hide_password(given)
    if not given:
        raise DataError("--input without a name, expected a file or a folder")
    system, path = open_place(given)
    info = _look(system, path, given)
    if info.type not in (fs.FileType.Directory, fs.FileType.File) or _is_special(system, path):
        raise DataError(f"{name}: neither a file nor a folder, {_EXPECTED}")
    if info.type != fs.FileType.Directory:
        location = given if is_uri(given) else path
        yield InputFile(name, location, info.size or 0, info.mtime_ns or 0)
        return
    try:
        infos = system.get_file_info(fs.FileSelector(path, recursive=True))
        infos = sorted(infos, key=lambda info: info.path)
    except UnicodeDecodeError:
        raise DataError(f"{name}: a file in it has a name that is not UTF-8, expected names in UTF-8") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: {_first_line(error, given)}, expected a readable folder") from None
    count = 0
    for inner in infos:
        below = posixpath.relpath(inner.path, path)
        if inner.type != fs.FileType.File or any(part.startswith((".", "_")) for part in below.split("/")):
            continue
        if _is_special(system, inner.path) or _is_behind_link(system, path, below):
            continue
        count += 1
        location = _join_uri(given, below) if is_uri(given) else inner.path
        yield InputFile(f"{name.rstrip('/')}/{below}", location, inner.size or 0, inner.mtime_ns or 0)
    if not count:
        raise DataError(f"{name}: no file, {_EXPECTED}")


def _is_special(system: Any, path: str) -> bool:
    """Whether a path is a pipe or a device, which might be read for ever."""
    return system.type_name == "local" and not (os.path.isfile(path) or os.path.isdir(path))


def _is_behind_link(system: Any, folder: str, below: str) -> bool:
    """Whether a file of a folder lies in one of its links to folders, which may lead back."""
    places = [posixpath.join(folder, part) for part in itertools.accumulate(below.split("/")[:-1], posixpath.join)]
    return system.type_name == "local" and any(map(os.path.islink, places))


def _look(system: Any, path: str, location: str) -> Any:
    from pyarrow import fs

    name = hide_password(location)
    try:
        info = system.get_file_info(path)
    except (OSError, ValueError) as error:
        reason = _first_line(error, location)
        raise DataError(f"{name}: {reason}, expected a file or folder that can be read") from None
    if info.type == fs.FileType.NotFound:
        raise DataError(f"{name}: no such file or folder, {_EXPECTED}")
    return info


def _join_uri(uri: str, below: str) -> str:
    parts = urllib.parse.urlsplit(uri)
    path = f"{parts.path.rstrip('/')}/{urllib.parse.quote(below)}"
    return urllib.parse.urlunsplit(parts._replace(path=path))


def _first_line(error: BaseException, location: str) -> str:
    """Return the first line of a message of Arrow's, without what `hide_password` hides."""
    text = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if is_uri(location):
        text = text.replace(location, hide_password(location))
        rest = location.partition("://")[2]
        user = rest.partition("/")[0].rpartition("@")[0]
        for secret in filter(None, (user, *user.split(":"), rest.partition("?")[2])):
            text = text.replace(secret, "***").replace(urllib.parse.unquote(secret), "***")
    return quote(text, _LONGEST_REASON)[1:-1]
