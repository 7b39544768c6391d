"""TensorFlow without its own messages, unless they are asked for.

TensorFlow, XLA, TensorRT and oneDNN report on stderr what they found and compiled. None of it is for the user of a
command, and an error of theirs that matters is raised as a Python exception too.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pathlib
import sys
from collections.abc import Iterator

from absl import logging as absl_logging

from cman_tf.command_line.verbosity import LEVEL, wants_messages

_NVIDIA = pathlib.Path("/proc/driver/nvidia/version")


def import_tensorflow(compiles: bool = False) -> None:
    """Import TensorFlow, quiet from now on; a command calls this once its flags and files are known to be good.

    It also warns of a GPU that TensorFlow cannot use, of which its own messages would tell.

    Args:
      compiles: whether the command lets XLA compile something.
    """
    if wants_messages():
        return
    with quiet_import():
        import tensorflow as tf
    if _NVIDIA.exists() and not tf.config.list_physical_devices("GPU"):
        absl_logging.warning("TensorFlow cannot use this machine's GPU and runs on the CPU; --verbosity=1 says why")
    if compiles:
        _silence_first_compilation()


@contextlib.contextmanager
def quiet_import() -> Iterator[None]:
    """TensorFlow imported within this is quiet from then on; the environment is as before afterwards.

    Nothing is changed for a TensorFlow that is imported already, or if its messages are wanted.
    """
    if "tensorflow" in sys.modules or wants_messages():
        yield
        return
    # TensorFlow reads this once, with the first message, and keeps the value.
    os.environ[LEVEL] = "3"
    try:
        yield
    finally:
        del os.environ[LEVEL]
    logger = logging.getLogger("tensorflow")
    if "tensorflow" in sys.modules and logger.level == logging.NOTSET:
        logger.setLevel(logging.ERROR)


def _silence_first_compilation() -> None:
    """Let XLA compile something small, so that its line about the first compilation goes nowhere.

    That line ("Compiled cluster using XLA!", and a warning about the logging library above it) does not heed
    TF_CPP_MIN_LOGLEVEL. It comes once a process.
    """
    import tensorflow as tf

    double = tf.function(lambda x: x + x, jit_compile=True)
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            with tf.device("CPU:0"):
                double(tf.constant(1.0))
        finally:
            os.dup2(kept, 2)
            os.close(kept)
