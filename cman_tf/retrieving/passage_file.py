"""The texts of passages, in a file with a JSON object on each line that is mapped into memory."""

from __future__ import annotations

import mmap
import pathlib
from collections.abc import Callable
from typing import Any, Union

from numpy.typing import NDArray

from cman_tf.data.tokenizers.base import Tokenizer
from cman_tf.data.types import has_surrogate, is_token
from cman_tf.errors import DataError, quote
from cman_tf.runs.json_values import as_list, as_object, parse_json

Content = Union[str, tuple[str, ...]]  # the text of a passage, or its tokens
Read = Callable[[bytes, str, str], Content]


class PassageFile:
    """A file of passages that is open for reading.

    Args:
      path: the file.
      offsets: int64 [N + 1], the first byte of each line; the last one is the size of the file.
      tokenizer: cuts the texts of passages without tokens.
      expected: what was expected, for the message about a damaged line.
      read: reads a line; the default is `read_content`.
    """

    def __init__(
        self, path: pathlib.Path, offsets: NDArray[Any], tokenizer: Tokenizer, expected: str, read: Read | None = None
    ) -> None:
        self._path, self._offsets, self._tokenizer, self._expected = path, offsets, tokenizer, expected
        self._read = read or read_content
        with open(path, "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def read(self, number: int) -> tuple[str, tuple[str, ...]]:
        """Return the text and the tokens of a passage.

        Args:
          number: its line, from 0.

        Raises:
          DataError: if the line is damaged.
        """
        start, end = int(self._offsets[number]), int(self._offsets[number + 1])
        where = f"{self._path}, line {number + 1}"
        content = self._read(self._map[start:end], where, self._expected)
        if isinstance(content, str):
            return content, tuple(token for token, _, _ in self._tokenizer.tokenize(content))
        return " ".join(content), content


def parse_line(line: bytes, where: str, expected: str) -> dict[str, Any]:
    """Return the JSON object of a line; the arguments are those of `read_content`.

    Raises:
      DataError: if the line is no JSON object.
    """
    try:
        record = as_object(parse_json(line.decode("utf-8-sig")))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not JSON in UTF-8 ({str(error)[:80]}), {expected}") from None
    if record is None:
        raise DataError(f"{where}: {quote(line[:80].decode('utf-8', 'replace'))}, {expected}")
    return record


def read_content(line: bytes, where: str, expected: str) -> Content:
    """Return what a line holds: the text of a passage, or its tokens, which come first if it has both.

    Args:
      line: JSON in UTF-8.
      where: its file and line, for messages.
      expected: what was expected, for messages.

    Raises:
      DataError: if it holds neither.

    >>> read_content(b'{"text": "Ann left."}', "a.jsonl, line 1", "expected text")
    'Ann left.'
    """
    record = parse_line(line, where, expected)
    if record.get("tokens") is not None:
        tokens = as_list(record["tokens"])
        if tokens is None or not all(map(is_token, tokens)):
            raise DataError(
                f"{where}: tokens is {quote(record['tokens'])}, expected a list of texts that are not empty"
            )
        return tuple(tokens)
    text = record.get("text")
    if not isinstance(text, str):
        raise DataError(f"{where}: text is {quote(text)}, {expected}")
    if has_surrogate(text):
        raise DataError(f"{where}: text is {quote(text)}, a lone surrogate in it, expected whole characters")
    return text
