"""The formats of corpus files, by name."""

from __future__ import annotations

from cman_tf.errors import DataError
from cman_tf.formats import multihead_columns, spert_json
from cman_tf.formats.base import Format

# `detect_format` tries the formats in this order.
REGISTRY: dict[str, Format] = {
    f.name: f for f in (spert_json.FORMAT, multihead_columns.FORMAT, multihead_columns.ROOT_FORMAT)
}
AUTO = "auto"
FORMATS = (AUTO, *sorted(REGISTRY))  # the choices of --format


def detect_format(text: str, path: str) -> Format:
    """Recognise the format of a file from its content.

    Args:
      text: the file's content.
      path: the file's path, for messages.

    Raises:
      DataError: if no format recognises the text.
    """
    start = text.lstrip()
    for candidate in REGISTRY.values():
        if candidate.sniff(start):
            return candidate
    looks = " or ".join(f"{f.start} ({f.name})" for f in REGISTRY.values() if f.start)
    raise DataError(f"{path}, line 1: {start[:30]!r}, expected a file that begins with {looks}; or give --format")
