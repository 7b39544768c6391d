"""The number of threads, on which the last bits of a training's numbers depend.

Threads share one operation's sums, and where a sum is cut in parts, its last bits depend on the number of parts.
"""

from __future__ import annotations

import os

from cman_tf.errors import DataError


def count_threads() -> int:
    """Return the number of threads that TensorFlow takes for one operation unless it is told another number."""
    told = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    if told.isascii() and told.isdecimal() and int(told):
        return int(told)
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def use_one_thread() -> None:
    """Let TensorFlow compute the same bits however many cores there are: with one thread, and deterministic operations.

    Raises:
      DataError: if TensorFlow has begun to compute with more.
    """
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        raise DataError(
            "--deterministic: TensorFlow has started with several threads, expected a new process; call it there"
        ) from None
    tf.config.experimental.enable_op_determinism()


def describe_change(before: list[int], now: int) -> str:
    """Return a line for a run that is resumed with another number of threads; "" if the number is the same.

    Args:
      before: the numbers of threads with which the run was trained so far, in order.
      now: the number of threads from now on.

    >>> describe_change([4, 2], 2)
    ''
    """
    if not before or before[-1] == now:
        return ""
    return (
        f"threads: {before[-1]} before, {now} now; the result may differ in the last bits from that of a run that was "
        "not interrupted (--deterministic from the start prevents this)"
    )
