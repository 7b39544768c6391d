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

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


def one_line(text: str) -> str:
    r"""Return a text for a message, with an escape for each character that ends a line or cannot be printed.

    >>> print(one_line("Ann\nleft"))
    Ann\nleft
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
