"""How much memory this process may still take, and a refusal before it takes more."""

from __future__ import annotations

import pathlib
import re

from cman_tf.errors import DataError

_SHARE = 0.9  # of what is available may be asked for
_UNLIMITED = 1 << 60  # cgroup v1 gives a number above this where there is no limit


def available_bytes(root: str = "/") -> int | None:
    """Return the memory that is available: the least of the machine's and of what each control group has left.

    Args:
      root: the folder with /proc and /sys, for tests.

    Returns:
      Bytes, or None where the system does not say, as outside of Linux.
    """
    found = [_machine(pathlib.Path(root)), *_groups(pathlib.Path(root))]
    known = [value for value in found if value is not None]
    return min(known) if known else None


def _machine(root: pathlib.Path) -> int | None:
    """Return MemAvailable."""
    line = re.search(r"^MemAvailable:\s+(\d+) kB", _read(root / "proc/meminfo"), re.M)
    return int(line[1]) << 10 if line else None


def _groups(root: pathlib.Path) -> list[int | None]:
    """Return what is left in the control groups of this process and in those above them, of both versions."""
    left: list[int | None] = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = (line.split(":", 2) + ["", ""])[:3]
        if not controllers:
            base, limit, usage = root / "sys/fs/cgroup", "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            base, limit, usage = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        group = base / path.lstrip("/")
        # In a container the group of the process may be mounted as the root, so that its path leads nowhere.
        for folder in {group, *(p for p in group.parents if p.is_relative_to(base))}:
            most, used = _number(folder / limit), _number(folder / usage)
            if most is not None and most < _UNLIMITED:
                cached = re.search(r"^(?:total_)?inactive_file (\d+)$", _read(folder / "memory.stat"), re.M)
                left.append(max(0, most - (used or 0) + (int(cached[1]) if cached else 0)))
    return left


def _number(path: pathlib.Path) -> int | None:
    text = _read(path).strip()
    return int(text) if text.isdecimal() else None


def _read(path: pathlib.Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def validate_memory(needed: int, what: str, advice: str, available: int | None = None) -> None:
    """Refuse what needs more than 90 % of the memory that is available, before any of it is taken.

    Args:
      needed: the estimate in bytes.
      what: what needs it, for the message.
      advice: what to change, for the message.
      available: bytes; None takes `available_bytes`.

    Raises:
      DataError: if there is too little.
    """
    there = available_bytes() if available is None else available
    if there is not None and needed > _SHARE * there:
        raise DataError(
            f"{what} needs about {format_bytes(needed)} of memory and {format_bytes(there)} are available, expected at "
            f"most {_SHARE:.0%} of them; {advice}"
        )


def format_bytes(count: int) -> str:
    """Return a number of bytes for people.

    >>> format_bytes(3 << 29), format_bytes(20 << 20), format_bytes(5 << 40)
    ('1.5 GiB', '20 MiB', '5.0 TiB')
    """
    for unit, name in ((40, "TiB"), (30, "GiB")):
        if count >= 1 << unit:
            return f"{count / (1 << unit):.1f} {name}"
    return f"{count >> 20} MiB"
