"""What the commands write to the terminal beside their results: log lines and the progress of a training."""

from __future__ import annotations

import logging
import os
import sys

import absl.logging


class _PlainFormatter(logging.Formatter):
    """The message alone, after `warning:` or `error:` where it is one."""

    def format(self, record: logging.LogRecord) -> str:
        message = super().format(record)
        return f"{record.levelname.lower()}: {message}" if record.levelno >= logging.WARNING else message


def log_plainly() -> None:
    """Log lines without absl's date, thread and source line."""
    absl.logging.get_absl_handler().setFormatter(_PlainFormatter())


def discard_output() -> None:
    """Let what is still to be written to standard output go nowhere, as its reader is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
