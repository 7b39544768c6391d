"""Dead letters: the texts that could not be read or answered, each with its place and the reason."""

from __future__ import annotations

import json

_MOST = 1000  # bytes of the input that are repeated


def format_dead_letter(file: str, line: int, reason: str, content: bytes, size: int) -> str:
    r"""Return the line of JSON for a text that was left out.

    Args:
      file: the name of the text's file.
      line: the number of its line, or of its row of Parquet, from 1.
      reason: why it was left out.
      content: the line as it was in the input. Its first 1,000 bytes are kept; bytes that are not UTF-8 get an escape.
      size: the bytes of the whole line.

    >>> format_dead_letter("a.txt", 3, "byte 0xff is not UTF-8", b"Ann \xff left\n", 11)
    '{"file": "a.txt", "line": 3, "reason": "byte 0xff is not UTF-8", "bytes": 11, "content": "Ann \\\\xff left"}\n'
    """
    shown = content[:_MOST].removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "backslashreplace")
    letter = {"file": file, "line": line, "reason": reason, "bytes": size, "content": shown}
    return json.dumps(letter, ensure_ascii=False) + "\n"
