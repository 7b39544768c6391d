"""The error that every part of cman_tf raises for bad input."""

from __future__ import annotations

import itertools
import re
from typing import cast

QUOTED = 60  # characters of input that `quote` repeats
_LONGEST = 100  # characters of a word of a message; a longer one is input that was not shortened
_WHOLE = 2000  # characters of a message
_LONG_WORD = re.compile(rf"[^\s/]{{{_LONGEST + 1},}}")


class DataError(ValueError):
    """Bad input. The message is one line: where it is, what was found, what was expected, and what to do about it.

    Commands print the line and exit with a non-zero code. A message never repeats more than 100 characters of input:
    `quote` shortens what is put into it, and words of more than 100 characters are shortened in any case. The parts of
    a path count as words.

    >>> raise DataError("train.txt, line 7: 4 columns, expected 5")
    Traceback (most recent call last):
        ...
    cman_tf.errors.DataError: train.txt, line 7: 4 columns, expected 5
    """

    def __init__(self, message: str) -> None:
        super().__init__(shorten_words(one_line(message)))


def one_line(text: str) -> str:
    r"""Return a text for a message, with an escape for each character that ends a line or cannot be printed.

    >>> print(one_line("Ann\nleft"))
    Ann\nleft
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def quote(value: object, limit: int = QUOTED) -> str:
    r"""Return a value of the input for a message: in quotes, printable, and cut if it is long.

    Args:
      value: text, which gets quotes, or anything else, whose `repr` is shown.
      limit: the most characters of the value that are shown.

    >>> quote("Ann\nleft"), quote("a" * 99, 4), quote([1, 2])
    ("'Ann\\nleft'", "'aaaa...'", '[1, 2]')
    """
    if isinstance(value, str):
        return repr(one_line(value[:limit])[:limit] + ("..." if len(value) > limit else "")).replace("\\\\", "\\")
    text = one_line(repr(_cut(value, limit)))
    return text if len(text) <= limit else f"{text[:limit]}..."


def shorten(text: str, limit: int = _LONGEST) -> str:
    """Return a text, such as a path, without its middle if it is long.

    >>> shorten("a/" * 200, 12)
    'a/a/...a/a/'
    """
    half = limit // 2 - 2
    return text if len(text) <= limit else f"{text[:half]}...{text[-half:]}"


def _cut(value: object, limit: int, depth: int = 3) -> object:
    """Return a value without what `quote` would not show, so that the `repr` of a large one takes no time."""
    if isinstance(value, str):
        return value[: limit + 1]
    if isinstance(value, int) and value.bit_length() > 1000:
        return "a number of many digits"
    if isinstance(value, dict):
        content = cast("dict[object, object]", value)
        first = itertools.islice(content.items(), limit if depth else 0)
        return {_cut(key, limit, depth - 1): _cut(item, limit, depth - 1) for key, item in first}
    if isinstance(value, (list, tuple)):
        items = cast("list[object]", value)
        return [_cut(item, limit, depth - 1) for item in items[: limit if depth else 0]]
    return value


def shorten_words(message: str) -> str:
    """Shorten each word of more than 100 characters, and a message of more than 2,000.

    >>> shorten_words("token " + "a" * 500)
    'token aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...aaaaaaaaaaaaaaaaaaaa'
    """
    message = _LONG_WORD.sub(lambda found: f"{found[0][:60]}...{found[0][-20:]}", message)
    return message if len(message) <= _WHOLE else f"{message[: _WHOLE - 300]} ... {message[-300:]}"


def count_things(number: int, noun: str) -> str:
    """Return a number with its noun, for messages.

    >>> count_things(1, "file"), count_things(2, "file")
    ('1 file', '2 files')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"
