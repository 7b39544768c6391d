"""Blocks of texts that are read before they are answered, so that batches hold sentences of like length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cman_tf.errors import DataError
from cman_tf.inference.records import Record

BLOCK_TEXTS = 512
BLOCK_BYTES = 1 << 20  # a block has fewer texts if they are long


class BlockRule:
    """Says where a block of texts ends. A block ends with the text that makes it full.

    Args:
      texts: the most texts of a block.

    >>> rule = BlockRule(2)
    >>> [rule.is_full_with(size) for size in (10, 10, 10, 2 << 20, 10)]
    [False, True, False, True, False]
    """

    def __init__(self, texts: int = BLOCK_TEXTS) -> None:
        self._texts, self._count, self._held = texts, 0, 0

    def is_full_with(self, size: int) -> bool:
        """Count a text of a number of bytes, and return whether its block is full now."""
        self._count += 1
        self._held += size
        if self._count < self._texts and self._held < BLOCK_BYTES:
            return False
        self._count = self._held = 0
        return True


def read_blocks(records: Iterable[Record], texts: int = BLOCK_TEXTS) -> Iterator[list[Record]]:
    """Group records into blocks.

    Args:
      records: the records.
      texts: the most records of a block.

    Raises:
      DataError: as the records do, after the records before were given.
    """
    block: list[Record] = []
    rule = BlockRule(texts)
    records = iter(records)
    while True:
        try:
            record = next(records, None)
        except DataError:
            if block:
                yield block
            raise
        if record is None:
            break
        block.append(record)
        if rule.is_full_with(record.size):
            yield block
            block = []
    if block:
        yield block
