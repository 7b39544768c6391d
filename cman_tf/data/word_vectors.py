"""Reading word vectors from a file, and looking up a token in a vocabulary."""

from __future__ import annotations

import gzip
import pathlib
import zlib
from collections.abc import Callable, Collection, Container, Iterator
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from cman_tf.errors import DataError
from cman_tf.runs.cache_folder import cache_folder

UNKNOWN = "<unk>"
GLOVE, GLOVE_FILE = "glove", "glove.6B.50d.txt"  # the name for a flag, and the file that `cman-tf download` brings
_LONGEST_WORD = 10_000  # bytes; a binary file with a longer word is taken for damaged
_LONGEST_LINE = 1 << 20  # bytes of a text file; a compressed file can hold a line that fills the memory
_MOST_NUMBERS = 4096  # of a word; there are vectors of 50 to 1,024
_BLOCK = 1 << 20  # bytes of a binary file read at a time
_GZIP = b"\x1f\x8b"
Keep = Callable[[str, int], bool]  # whether to keep the row of this word and number


def find_word_vectors(path: str) -> str:
    """Find the file that `--word_vectors` names: a path, or `glove` for the file that `cman-tf download glove` brings.

    Raises:
      DataError: for `glove` where it was not downloaded.
    """
    if path != GLOVE or pathlib.Path(path).exists():
        return path
    file = cache_folder() / GLOVE_FILE
    if not file.exists():
        raise DataError(f"--word_vectors=glove: no {file}, expected it after cman-tf download glove")
    return str(file)


def forms(token: str) -> tuple[str, ...]:
    """Return the words that may stand for a token in a vocabulary, best first.

    As in the baseline, the token itself comes first. The second is the token with a whole number replaced by "0", and
    with title case for a lower-case token or lower case for any other.
    """
    digits = "0" if token.isdecimal() else token
    return token, digits.title() if digits.islower() else digits.lower()


def lookup_form(token: str, words: Container[str]) -> str:
    """Return the first of a token's `forms` that `words` contains, or `<unk>`."""
    return next((form for form in forms(token) if form in words), UNKNOWN)


def read_word_vectors(
    path: str, needed: Collection[str] | None = None, first: int = 0
) -> tuple[list[str], NDArray[Any]]:
    """Read GloVe or word2vec text, word2vec's binary format, or either of them compressed with gzip.

    In text, each line holds a word and its numbers with single spaces between them. A first line of two whole numbers
    (word2vec's count and size) is skipped. The file is streamed: memory holds the rows that are kept and one more.

    Args:
      path: the file.
      needed: words whose rows are kept; None keeps all rows.
      first: number of leading rows that are kept for words that `needed` does not contain.

    Returns:
      The words that are kept, in the file's order, and their vectors, float32 [words, size].

    Raises:
      DataError: if a row has the wrong length, or if a row to keep contains something other than finite numbers. The
        message names the file, the line (or the row of a binary file) and the word.
    """
    kept: dict[str, NDArray[Any]] = {}
    wanted = None if needed is None else {*needed, UNKNOWN}

    def keep(word: str, number: int) -> bool:
        return word not in kept and (wanted is None or word in wanted or number < first)

    try:
        with pathlib.Path(path).open("rb") as plain:
            zipped = plain.read(2) == _GZIP
            plain.seek(0)
            file = cast("BinaryIO", gzip.GzipFile(fileobj=plain) if zipped else plain)
            rows = _binary_rows if _is_binary(file.read(4096)) else _text_rows
            file.seek(0)
            for word, numbers in rows(file, path, keep):
                kept[word] = numbers
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: {reason}, expected a file of word vectors") from None
    if not kept:
        what = "no vectors" if wanted is None else "no vector of a word that is needed"
        raise DataError(f"{path}: {what}, expected a word and its numbers on each line")
    return list(kept), np.stack(list(kept.values()))


def _is_binary(start: bytes) -> bool:
    """Return whether a file's first bytes contain control characters, as binary numbers do and text does not."""
    return any(byte < 32 and byte not in b"\t\n\r" for byte in start)


def _text_rows(file: BinaryIO, path: str, keep: Keep) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the words and vectors to keep from a text file.

    In other rows the numbers are only counted, because converting them would take most of the time.

    Args:
      file: the open file.
      path: its path, for messages.
      keep: whether to keep the row of a word and row number.
    """
    size = skipped = 0
    number, promised = 0, None
    for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE + 1), b""), start=1):
        if len(line) > _LONGEST_LINE:
            raise DataError(
                f"{path}, line {number}: more than {_LONGEST_LINE} bytes, expected a word and its numbers on each line"
            )
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace")
        parts = text.rstrip("\r\n ").split(" ")
        if number == 1 and len(parts) == 2 and all(part.isdecimal() and len(part) < 19 for part in parts):
            skipped, promised, size = 1, *map(int, parts)
            continue
        if size and len(parts) - 1 > size and not _is_number(parts[-size - 1]):
            parts = [" ".join(parts[:-size]), *parts[-size:]]  # the word itself contains blanks
        where = f"{path}, line {number}, word {parts[0][:30]!r}"
        if "\t" in parts[0]:
            raise DataError(f"{where}: contains a tab, expected blanks between a word and its numbers")
        if len(parts) - 1 > _MOST_NUMBERS:
            raise DataError(f"{where}: {len(parts) - 1} numbers, expected at most {_MOST_NUMBERS}")
        if len(parts) < 2 or (size and len(parts) - 1 != size):
            raise DataError(f"{where}: {len(parts) - 1} numbers, expected {size or 'at least one'}")
        size = len(parts) - 1
        if keep(parts[0], number - 1 - skipped):
            yield parts[0], _row(parts[1:], where)
    if promised is not None and number - skipped != promised:
        raise DataError(f"{path}: {number - skipped} rows, expected {promised} as the first line says")


def _binary_rows(file: BinaryIO, path: str, keep: Keep) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the words and vectors to keep from a file in word2vec's binary format.

    Args:
      file: the open file.
      path: its path, for messages.
      keep: whether to keep the row of a word and row number.
    """
    header = file.readline(100).split()
    if len(header) != 2 or not all(part.isdigit() and len(part) < 19 for part in header) or not int(header[1]):
        raise DataError(
            f"{path}: a binary file without a first line of count and size, expected word2vec's binary format"
        )
    count, size = map(int, header)
    if size > _MOST_NUMBERS:
        raise DataError(f"{path}: {size} numbers a word, expected at most {_MOST_NUMBERS}")
    buffer, place, line_ends = b"", 0, None
    for number in range(count):
        if len(buffer) - place < 4 * size + _LONGEST_WORD:
            buffer, place = buffer[place:] + file.read(_BLOCK), 0
        end = buffer.find(b" ", place, place + _LONGEST_WORD)
        if end < 0:
            raise DataError(f"{path}, row {number + 1}: no word, expected {count} rows of {size} numbers")
        raw_word = buffer[place:end].lstrip(b"\n")
        line_end = len(raw_word) < end - place  # some writers end each row with a line end
        line_ends = line_end if number == 1 else line_ends
        word = raw_word.decode("utf-8", errors="replace")
        raw, place = buffer[end + 1 : end + 1 + 4 * size], end + 1 + 4 * size
        where = f"{path}, row {number + 1}, word {word[:30]!r}"
        if len(raw) < 4 * size:
            raise DataError(f"{where}: {len(raw) // 4} numbers, expected {size}")
        between = number > 1 and line_end != line_ends
        if between or not raw_word or any(byte < 32 for byte in raw_word):  # these bytes are part of numbers
            raise DataError(f"{where}: no word at the start of the row, expected {size} numbers in each row before it")
        if keep(word, number):
            yield word, _finite(np.frombuffer(raw, "<f4").astype(np.float32), where)
    rest = buffer[place:] + file.read(_BLOCK)
    if rest.strip(b"\n"):
        raise DataError(f"{path}: more data after row {count}, expected {count} rows of {size} numbers")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _row(numbers: list[str], where: str) -> NDArray[Any]:
    try:
        row = np.array(numbers, dtype=np.float32)
    except ValueError:
        raise DataError(f"{where}: a value that is not a number, expected {len(numbers)} numbers") from None
    return _finite(row, where)


def _finite(row: NDArray[Any], where: str) -> NDArray[Any]:
    if not np.isfinite(row).all():
        raise DataError(f"{where}: a value that is not finite, expected finite numbers")
    return row
