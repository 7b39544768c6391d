"""Memory that does not grow while a command answers for hours."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

_ARENA_MAX = -8  # of mallopt(3)


def use_one_arena() -> None:
    """Let all threads of this process take memory from one place. Call it before TensorFlow starts its threads.

    By default, the C library gives each thread a place of its own, which grows to the largest batch that it has seen:
    the memory of `predict` grew by 8 % over the first 8,000 lines, and grows by 2 % with one place. It is as fast.
    $MALLOC_ARENA_MAX, if it is set, is obeyed. Other C libraries than glibc have nothing to set.
    """
    if sys.platform.startswith("linux") and "MALLOC_ARENA_MAX" not in os.environ:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
