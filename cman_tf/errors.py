"""The error that every part of cman_tf raises for bad input."""

from __future__ import annotations


class DataError(ValueError):
    """Bad input. The message is one line: where it is, what was found, what was expected, and what to do about it.

    Commands print the line and exit with a non-zero code.

    >>> raise DataError("train.txt, line 7: 4 columns, expected 5")
    Traceback (most recent call last):
        ...
    cman_tf.errors.DataError: train.txt, line 7: 4 columns, expected 5
    """
