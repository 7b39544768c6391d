"""Word vectors from a text file, and how a token is looked up in a vocabulary."""

from __future__ import annotations

import pathlib
from collections.abc import Container

import numpy as np

from cman_tf.data.sentence import DataError

UNKNOWN = "<unk>"


def lookup_form(token: str, words: Container[str]) -> str:
    """The entry of `words` that stands for `token`, as the baseline looks it up.

    The token itself; else a whole number as "0", a lower-case token as Title, any
    other as lower case; else `<unk>`.
    """
    if token in words:
        return token
    if token.isdecimal():
        token = "0"
    token = token.title() if token.islower() else token.lower()
    return token if token in words else UNKNOWN


def read_word_vectors(path: str) -> tuple[list[str], np.ndarray]:
    """Read GloVe or word2vec text: a word and its numbers a line, single spaces.

    A first line of two whole numbers (word2vec's count and size) is passed over.

    Returns:
      The words in the file's order and their vectors, float32 [words, size].

    Raises:
      DataError: naming file, line and word of a row of the wrong length or that
        holds something other than finite numbers.
    """
    words: list[str] = []
    rows: list[np.ndarray] = []
    seen: set[str] = set()
    size = 0
    try:
        with pathlib.Path(path).open(encoding="utf-8", errors="replace", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                parts = line.rstrip("\r\n ").split(" ")
                if number == 1 and len(parts) == 2 and all(part.isdecimal() for part in parts):
                    continue
                if size and len(parts) - 1 > size and not _is_number(parts[-size - 1]):
                    parts = [" ".join(parts[:-size]), *parts[-size:]]  # a word with blanks in it
                word, row = parts[0], _read_row(parts, size, f"{path}, line {number}")
                size = len(row)
                if word not in seen:
                    seen.add(word)
                    words.append(word)
                    rows.append(row)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}, expected a file of word vectors") from None
    if not rows:
        raise DataError(f"{path}: no vectors, expected a word and its numbers a line")
    return words, np.stack(rows)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_row(parts: list[str], size: int, where: str) -> np.ndarray:
    where = f"{where}, word {parts[0][:30]!r}"
    if len(parts) < 2 or (size and len(parts) - 1 != size):
        raise DataError(f"{where}: {len(parts) - 1} numbers, expected {size or 'at least one'}")
    try:
        row = np.array(parts[1:], dtype=np.float32)
    except ValueError:
        raise DataError(f"{where}: not all numbers, expected {len(parts) - 1} of them") from None
    if not np.isfinite(row).all():
        raise DataError(f"{where}: a value that is not finite, expected finite numbers")
    return row
