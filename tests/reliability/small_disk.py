"""A small disk of its own for a test: a tmpfs in a mount namespace, which only this process and its children see."""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator

_INSIDE = "CMAN_SMALL_DISK"  # set in the process that has a mount namespace of its own
_PAGE = 4096  # bytes; a tmpfs gives space in pages
FILLER = "filler"  # the file that fills the disk


def can_mount() -> bool:
    """Return whether this user may mount a disk in a namespace of its own."""
    command = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=64k tmpfs "$0"']
    with tempfile.TemporaryDirectory() as folder:
        try:
            return subprocess.run([*command, folder], capture_output=True, check=False).returncode == 0
        except OSError:
            return False


def enter_namespace() -> None:
    """Start this script again in a mount namespace of its own, unless it is in one."""
    if _INSIDE not in os.environ:
        command = ["unshare", "-m", "--propagation", "private", sys.executable, *sys.argv]
        os.execvpe("unshare", command, {**os.environ, _INSIDE: "yes"})


class SmallDisk:
    """A mounted tmpfs.

    Attributes:
      path: the folder.
    """

    def __init__(self, path: pathlib.Path, size: int) -> None:
        self.path, self._size = path, size

    def used(self) -> int:
        """Return the number of bytes in use."""
        state = os.statvfs(self.path)
        return (state.f_blocks - state.f_bfree) * state.f_frsize

    def fill(self, room: int) -> None:
        """Write a file that leaves so many bytes free, rounded down to pages."""
        with (self.path / FILLER).open("wb", buffering=0) as file:
            state = os.statvfs(self.path)
            os.posix_fallocate(file.fileno(), 0, max(_PAGE, (state.f_bfree - room // _PAGE) * state.f_frsize))

    def make_room(self) -> None:
        """Remove that file."""
        (self.path / FILLER).unlink()

    def list_files(self) -> list[str]:
        """List the files by their paths below the folder, without the one that fills the disk."""
        found = (path.relative_to(self.path).as_posix() for path in self.path.rglob("*") if not path.is_dir())
        return sorted(name for name in found if name != FILLER)


@contextlib.contextmanager
def mount(size: int) -> Iterator[SmallDisk]:
    """Mount an empty disk. The process must be in a namespace of its own.

    Args:
      size: of the disk in bytes.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
        try:
            yield SmallDisk(pathlib.Path(folder), size)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
