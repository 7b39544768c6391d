"""Moments in the life of a process at which it is killed: after some processor time, or at a change of its files."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import select
import struct
import time

_LIBC = ctypes.CDLL(None, use_errno=True)
_CHANGES = 0x2 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200  # IN_MODIFY, CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE
_MADE, _FOLDER = 0x80 | 0x100, 0x40000000
_EVENT = struct.Struct("iIII")


class Changes:
    """The changes of files below a folder, as inotify reports them.

    Args:
      folder: the folder.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._descriptor = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self._folders: dict[int, pathlib.Path] = {}
        self._top = folder
        self._watch(folder)

    def close(self) -> None:
        """Stop watching."""
        os.close(self._descriptor)

    def _watch(self, folder: pathlib.Path) -> None:
        number = _LIBC.inotify_add_watch(self._descriptor, os.fsencode(folder), _CHANGES)
        if number < 0:
            return  # it is gone again
        self._folders[number] = folder
        with contextlib.suppress(OSError):
            for path in folder.iterdir():
                if path.is_dir():
                    self._watch(path)

    def wait(self, seconds: float) -> list[str]:
        """Return the paths of the next changes, in order; none after so many seconds."""
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return []
        content, found = os.read(self._descriptor, 1 << 16), []
        while content:
            number, mask, _, length = _EVENT.unpack_from(content)
            name = os.fsdecode(content[_EVENT.size : _EVENT.size + length].rstrip(b"\0"))
            content = content[_EVENT.size + length :]
            if number in self._folders:
                path = self._folders[number] / name
                found.append(str(path.relative_to(self._top)))
                if mask & _FOLDER and mask & _MADE:
                    self._watch(path)
        return found


def processor_seconds(process: int) -> float | None:
    """Return the processor time that a process and its children have used; None if it has ended."""
    try:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        children = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[0] == "Z":
        return None
    ticks = sum(map(int, fields[11:15]))  # its own, and that of children that have ended
    return ticks / os.sysconf("SC_CLK_TCK") + sum(processor_seconds(int(child)) or 0.0 for child in children)


def wait_for_time(process: int, seconds: float) -> bool:
    """Wait until a process has used so much processor time; return False if it ended before."""
    while (used := processor_seconds(process)) is not None:
        if used >= seconds:
            return True
        time.sleep(min(0.05, max(0.002, (seconds - used) / 4)))
    return False


def wait_for_change(process: int, changes: Changes, number: int) -> str | None:
    """Wait for a change of files; return the path that changed, or None if the process ended before.

    Args:
      process: the process.
      changes: the changes to wait for.
      number: which one, from 1.
    """
    while True:
        found = changes.wait(0.2)
        if len(found) >= number:
            return found[number - 1]
        number -= len(found)
        if not found and processor_seconds(process) is None:
            return None


def count_life(process: int, changes: Changes) -> tuple[float, int]:
    """Let a process run to its end; return its processor time in seconds and the number of changes of files."""
    used, count = 0.0, 0
    while (now := processor_seconds(process)) is not None:
        used = now
        count += len(changes.wait(0.05))
    return used, count + len(changes.wait(0.0))
