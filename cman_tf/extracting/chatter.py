"""What libraries write to the screen, sent to a file."""

from __future__ import annotations

import contextlib
import os
import pathlib
import sys
from collections.abc import Iterator
from typing import TextIO

from cman_tf.command_line.verbosity import wants_messages
from cman_tf.errors import DataError
from cman_tf.runs.durable import name_errors


@contextlib.contextmanager
def send_chatter_to(path: pathlib.Path) -> Iterator[TextIO]:
    """Within this, what Ray's libraries write to the screen goes to a file, also what is not written by Python.

    Args:
      path: the file, which is added to.

    Yields:
      The error stream as it was, for what the user is to see.
    """
    if wants_messages():
        yield sys.stderr
        return
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    python = sys.stdout, sys.stderr
    if path.is_symlink() or path.exists() and not path.is_file():
        raise DataError(f"{path}: no plain file, expected the log of a run; choose another --output_dir")
    with name_errors(path):
        path.touch()
    with open(path, "a", encoding="utf-8") as log, os.fdopen(os.dup(2), "w", encoding="utf-8") as screen:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
        sys.stdout = sys.stderr = log
        try:
            yield screen
        finally:
            sys.stdout, sys.stderr = python
            for number, descriptor in zip((1, 2), kept):
                os.dup2(descriptor, number)
                os.close(descriptor)
