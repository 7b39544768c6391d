"""The log lines of the commands: plain ones, of our own messages alone unless TensorFlow's are wanted."""

from __future__ import annotations

import logging
import pathlib

import absl.logging

from cman_tf.command_line.verbosity import wants_messages

_PACKAGE = pathlib.Path(__file__).resolve().parents[1]


class _PlainFormatter(logging.Formatter):
    """The message alone, after `warning:` or `error:` where it is one."""

    def format(self, record: logging.LogRecord) -> str:
        message = super().format(record)
        return f"{record.levelname.lower()}: {message}" if record.levelno >= logging.WARNING else message


def _is_shown(record: logging.LogRecord) -> bool:
    """Whether a message is ours, or not one of those that TensorFlow sends through absl, too."""
    is_theirs = record.name == "absl" and not pathlib.Path(record.pathname).is_relative_to(_PACKAGE)
    return not is_theirs or record.levelno >= logging.ERROR or wants_messages()


def log_plainly() -> None:
    """Log lines without absl's date, thread and source line, and without TensorFlow's unless they are wanted."""
    handler = absl.logging.get_absl_handler().python_handler
    handler.setFormatter(_PlainFormatter())
    handler.addFilter(_is_shown)
