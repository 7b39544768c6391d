"""The texts of images: JSON lines with a text, or with a caption and the text of an article."""

from __future__ import annotations

import array
import pathlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cman_tf.data.types import has_surrogate
from cman_tf.errors import DataError, quote
from cman_tf.formats import bounds
from cman_tf.retrieving.passage_file import parse_line

_FIELDS = ("text", "caption", "article")
_EXPECTED = 'expected an object with "text", or with "caption" and "article"'


def read_caption(line: bytes, where: str, expected: str = _EXPECTED) -> str:
    """Return the text of an image: its `text`; or else its `caption`, followed by the text of its `article`.

    Args:
      line: JSON in UTF-8.
      where: its file and line, for messages.
      expected: what was expected, for messages.

    Raises:
      DataError: if the line holds no text.

    >>> read_caption(b'{"caption": "The harbour.", "article": "Oslo is a port."}', "texts.jsonl, line 1")
    'The harbour. Oslo is a port.'
    """
    record = parse_line(line, where, expected)
    for name in _FIELDS:
        value = record.get(name)
        if value is not None and (not isinstance(value, str) or has_surrogate(value)):
            raise DataError(f"{where}: {name} is {quote(value)}, expected text")
    given = [record["text"]] if record.get("text") is not None else [record.get(name) for name in _FIELDS[1:]]
    text = " ".join(part.strip() for part in given if part and part.strip())
    if not text:
        raise DataError(f"{where}: no text, {expected}")
    return text


def index_lines(path: pathlib.Path) -> NDArray[Any]:
    """Read a file of texts once, and return where its lines begin.

    Returns:
      int64 [lines + 1], the first byte of each line, and the size of the file.

    Raises:
      DataError: naming the first line that holds no text.
    """
    offsets = array.array("q", [0])
    if not path.is_file():
        what = "no regular file" if path.exists() else "no such file"
        raise DataError(f"{path}: {what}, expected JSON lines with a text for each image")
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(bounds.read_lines(file, str(path)), start=1):
                read_caption(line, f"{path}, line {number}")
                offsets.append(offsets[-1] + len(line))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}, expected a readable file") from None
    if len(offsets) == 1:
        raise DataError(f"{path}: the file is empty, expected a text for each image")
    return np.frombuffer(offsets, np.int64)
