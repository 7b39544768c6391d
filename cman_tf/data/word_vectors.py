"""Word vectors from a file, and how a token is looked up in a vocabulary."""

from __future__ import annotations

import gzip
import pathlib
import zlib
from collections.abc import Callable, Collection, Container, Iterator
from typing import BinaryIO

import numpy as np

from cman_tf.errors import DataError

UNKNOWN = "<unk>"
_LONGEST_WORD = 10_000  # bytes; what is longer is no word of a binary file
_BLOCK = 1 << 20  # bytes of a binary file read at a time
_GZIP = b"\x1f\x8b"
Keep = Callable[[str, int], bool]  # whether to keep the row of this word and number


def forms(token: str) -> tuple[str, ...]:
    """What may stand for a token in a list of words, best first, as the baseline looks it
    up: itself, else a whole number as "0", a lower-case token as Title, any other as
    lower case."""
    digits = "0" if token.isdecimal() else token
    return token, digits.title() if digits.islower() else digits.lower()


def lookup_form(token: str, words: Container[str]) -> str:
    """The entry of `words` that stands for `token`, by `forms`, else `<unk>`."""
    return next((form for form in forms(token) if form in words), UNKNOWN)


def read_word_vectors(path: str, needed: Collection[str] | None = None, first: int = 0) -> tuple[list[str], np.ndarray]:
    """Read GloVe or word2vec text, word2vec's binary format, or gzip of either.

    Text holds a word and its numbers a line, with single spaces; a first line of two
    whole numbers (word2vec's count and size) is passed over. The file is streamed:
    besides the rows that are kept one is in memory.

    Args:
      path: the file.
      needed: words whose rows are kept, or None for all.
      first: so many rows from the beginning are kept, too.

    Returns:
      The words kept in the file's order and their vectors, float32 [words, size].

    Raises:
      DataError: naming file, line (or row of a binary file) and word of a row of the
        wrong length, or of one to keep that holds something other than finite numbers.
    """
    kept: dict[str, np.ndarray] = {}
    wanted = None if needed is None else {*needed, UNKNOWN}

    def keep(word: str, number: int) -> bool:
        return word not in kept and (wanted is None or word in wanted or number < first)

    try:
        with pathlib.Path(path).open("rb") as plain:
            zipped = plain.read(2) == _GZIP
            plain.seek(0)
            file = gzip.GzipFile(fileobj=plain) if zipped else plain
            rows = _binary_rows if _is_binary(file.read(4096)) else _text_rows
            file.seek(0)
            for word, numbers in rows(file, path, keep):
                kept[word] = numbers
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: {reason}, expected a file of word vectors") from None
    if not kept:
        what = "no vectors" if wanted is None else "no vector of a word that is needed"
        raise DataError(f"{path}: {what}, expected a word and its numbers a line")
    return list(kept), np.stack(list(kept.values()))


def _is_binary(start: bytes) -> bool:
    """Floats as bytes hold control characters, text does not."""
    return any(byte < 32 and byte not in b"\t\n\r" for byte in start)


def _text_rows(file: BinaryIO, path: str, keep: Keep) -> Iterator[tuple[str, np.ndarray]]:
    """The rows to keep. Of the others only the count of numbers is looked at: most of a
    large file's time would go into reading them."""
    size = skipped = 0
    number, promised = 0, None
    for number, line in enumerate(file, start=1):
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace")
        parts = text.rstrip("\r\n ").split(" ")
        if number == 1 and len(parts) == 2 and all(part.isdecimal() and len(part) < 19 for part in parts):
            skipped, promised, size = 1, *map(int, parts)
            continue
        if size and len(parts) - 1 > size and not _is_number(parts[-size - 1]):
            parts = [" ".join(parts[:-size]), *parts[-size:]]  # a word with blanks in it
        where = f"{path}, line {number}, word {parts[0][:30]!r}"
        if "\t" in parts[0]:
            raise DataError(f"{where}: a tab, expected blanks between a word and its numbers")
        if len(parts) < 2 or (size and len(parts) - 1 != size):
            raise DataError(f"{where}: {len(parts) - 1} numbers, expected {size or 'at least one'}")
        size = len(parts) - 1
        if keep(parts[0], number - 1 - skipped):
            yield parts[0], _row(parts[1:], where)
    if promised is not None and number - skipped != promised:
        raise DataError(f"{path}: {number - skipped} rows, expected {promised} as its first line says")


def _binary_rows(file: BinaryIO, path: str, keep: Keep) -> Iterator[tuple[str, np.ndarray]]:
    header = file.readline(100).split()
    if len(header) != 2 or not all(part.isdigit() and len(part) < 19 for part in header) or not int(header[1]):
        raise DataError(f"{path}: binary, but no line of count and size first, expected word2vec's binary format")
    count, size = map(int, header)
    buffer, place, line_ends = b"", 0, None
    for number in range(count):
        if len(buffer) - place < 4 * size + _LONGEST_WORD:
            buffer, place = buffer[place:] + file.read(_BLOCK), 0
        end = buffer.find(b" ", place, place + _LONGEST_WORD)
        if end < 0:
            raise DataError(f"{path}, row {number + 1}: no word, expected {count} rows of {size} numbers")
        raw_word = buffer[place:end].lstrip(b"\n")
        line_end = len(raw_word) < end - place  # some writers end a row with one
        line_ends = line_end if number == 1 else line_ends
        word = raw_word.decode("utf-8", errors="replace")
        raw, place = buffer[end + 1 : end + 1 + 4 * size], end + 1 + 4 * size
        where = f"{path}, row {number + 1}, word {word[:30]!r}"
        if len(raw) < 4 * size:
            raise DataError(f"{where}: {len(raw) // 4} numbers, expected {size}")
        between = number > 1 and line_end != line_ends
        if between or not raw_word or any(byte < 32 for byte in raw_word):  # in the middle of numbers
            raise DataError(f"{where}: not where a row begins, expected {size} numbers in each row before")
        if keep(word, number):
            yield word, _finite(np.frombuffer(raw, "<f4").astype(np.float32), where)
    rest = buffer[place:] + file.read(_BLOCK)
    if rest.strip(b"\n"):
        raise DataError(f"{path}: more after row {count}, expected {count} rows of {size} numbers")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _row(numbers: list[str], where: str) -> np.ndarray:
    try:
        row = np.array(numbers, dtype=np.float32)
    except ValueError:
        raise DataError(f"{where}: not all numbers, expected {len(numbers)} of them") from None
    return _finite(row, where)


def _finite(row: np.ndarray, where: str) -> np.ndarray:
    if not np.isfinite(row).all():
        raise DataError(f"{where}: a value that is not finite, expected finite numbers")
    return row
