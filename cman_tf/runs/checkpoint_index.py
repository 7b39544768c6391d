"""What the .index file of a TensorFlow checkpoint says, read without TensorFlow.

TensorFlow allocates each tensor as large as the index says, and ends the whole process for some values that cannot be.
So an index is checked before TensorFlow reads it: every tensor has a plain dtype and shape, and lies within the data
file, whole. The format is a table of LevelDB whose values are the protocol buffers of TensorFlow's tensor_bundle.proto.
"""

from __future__ import annotations

import math
import pathlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cman_tf.errors import DataError, quote
from cman_tf.runs.plain_files import file_size, read_bytes

_MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
_FOOTER = 48  # bytes
_MAX_BYTES = 64 << 20  # of an index; one of ours has some 100 kB
_WIDTHS = {1: 4, 2: 8, 3: 4, 7: None, 9: 8, 10: 1}  # bytes of a value: float, double, int32, string, int64, bool
_MOST_DIMENSIONS = 8
_NUMBER, _BYTES, _FOUR_BYTES = 0, 2, 5  # kinds of fields of a protocol buffer
EXPECTED = "expected a checkpoint of cman-tf train"


class StoredTensor(NamedTuple):
    """Where a checkpoint has a tensor: its shape, and its bytes in the data file."""

    dtype: int  # the number that TensorFlow gives it
    shape: tuple[int, ...]
    offset: int
    size: int


def validate_checkpoint(checkpoint: str | pathlib.Path) -> None:
    """Check the files of a checkpoint before TensorFlow reads them.

    Args:
      checkpoint: the path of the checkpoint without an ending.

    Raises:
      DataError: if a file is missing, damaged or cut short, or if the index names a tensor that cannot be.
    """
    index, data = f"{checkpoint}.index", f"{checkpoint}.data-00000-of-00001"
    available = file_size(data, EXPECTED)
    for name, tensor in read_index(index).items():
        if tensor.offset < 0 or tensor.offset + tensor.size > available:
            raise DataError(f"{data}: {available} bytes, but {index} has {quote(name)} behind them; {EXPECTED}")


def find_excess(checkpoint: str | pathlib.Path) -> str:
    """Return in one line whether the data file has more bytes than the index names; empty if not.

    A file with a hole may have any size without taking room on the disk, and takes minutes to read.

    Args:
      checkpoint: the path of the checkpoint without an ending, whose index is whole.

    Raises:
      DataError: if the index is damaged.
    """
    index, data = f"{checkpoint}.index", f"{checkpoint}.data-00000-of-00001"
    available, named = file_size(data, EXPECTED), read_index(index).values()
    end = max((tensor.offset + tensor.size for tensor in named), default=0)
    return f"{data}: {available} bytes, more than the {end} that {index} names" if available > end else ""


def read_index(path: str | pathlib.Path) -> dict[str, StoredTensor]:
    """Read the index of a checkpoint.

    Args:
      path: the .index file.

    Returns:
      The tensors by name.

    Raises:
      DataError: if the file is damaged, or if it holds what no checkpoint of ours holds.
    """
    content = read_bytes(path, EXPECTED, _MAX_BYTES)
    try:
        return _read_index(content)
    except (ValueError, IndexError, OverflowError) as error:
        reason = str(error) if isinstance(error, _WrongIndex) else "damaged"
        raise DataError(f"{path}: {reason}, {EXPECTED}") from None


class _WrongIndex(ValueError):
    """What an index holds and should not."""


def _read_index(content: bytes) -> dict[str, StoredTensor]:
    if len(content) < _FOOTER or content[-8:] != _MAGIC:
        raise _WrongIndex("no index of a checkpoint, or one that was cut short")
    _, place = _read_handle(content, len(content) - _FOOTER)
    index, _ = _read_handle(content, place)
    found: dict[str, StoredTensor] = {}
    covered = 0
    for _, handle in _read_block(content, *index):
        block = _read_handle(handle, 0)[0]
        covered += block[1]
        if covered > len(content):
            raise _WrongIndex("blocks that overlap")
        for key, value in _read_block(content, *block):
            if not key:
                _validate_header(value)
            else:
                name = key.decode("utf-8", "backslashreplace")
                found[name] = _read_tensor(name, value)
    return found


def _read_block(content: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a block of the table."""
    if start + size + 5 > len(content) or size < 4:
        raise _WrongIndex("a block beyond its end")
    if content[start + size]:
        raise _WrongIndex("a compressed block")
    block = content[start : start + size]
    end = size - 4 - 4 * int.from_bytes(block[-4:], "little")
    if end < 0:
        raise _WrongIndex("a block beyond its end")
    place, key = 0, b""
    while place < end:
        shared, place = _read_varint(block, place)
        fresh, place = _read_varint(block, place)
        length, place = _read_varint(block, place)
        if shared > len(key) or place + fresh + length > end:
            raise _WrongIndex("a name beyond its end")
        key = key[:shared] + block[place : place + fresh]
        if len(key) > 4096:
            raise _WrongIndex(f"a name of {len(key)} bytes")
        place += fresh
        yield key, block[place : place + length]
        place += length


def _read_handle(content: bytes, place: int) -> tuple[tuple[int, int], int]:
    start, place = _read_varint(content, place)
    size, place = _read_varint(content, place)
    return (start, size), place


def _read_varint(content: bytes, place: int) -> tuple[int, int]:
    """Read a number of 7 bits a byte; return it and the place after it."""
    number = 0
    for shift in range(0, 70, 7):
        byte = content[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & (1 << 64) - 1, place
    raise _WrongIndex("a number of more than 10 bytes")


def _read_fields(content: bytes, known: Mapping[int, int]) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and the value of each field of a protocol buffer.

    TensorFlow ends the process for a buffer that it cannot parse, so that anything else than known fields is refused.

    Args:
      content: the buffer.
      known: the kind of each known field: `_NUMBER`, `_BYTES` or `_FOUR_BYTES`.
    """
    place = 0
    while place < len(content):
        tag, place = _read_varint(content, place)
        field, kind = tag >> 3, tag & 7
        if known.get(field) != kind:
            raise _WrongIndex("an unknown field")
        if kind == _NUMBER:
            value, place = _read_varint(content, place)
            yield field, value
            continue
        length = 4
        if kind == _BYTES:
            length, place = _read_varint(content, place)
        if place + length > len(content):
            raise _WrongIndex("a field beyond its end")
        yield field, content[place : place + length]
        place += length


def _validate_header(value: bytes) -> None:
    for field, content in _read_fields(value, {1: _NUMBER, 2: _NUMBER, 3: _BYTES}):
        if isinstance(content, bytes):
            for _ in _read_fields(content, {1: _NUMBER, 2: _NUMBER}):  # the version
                pass
        elif (field, content) != (1, 1):  # one data file, little endian
            raise _WrongIndex("several data files, or those of another machine")


def _read_tensor(name: str, value: bytes) -> StoredTensor:
    numbers: dict[int, int] = {}
    shape: tuple[int, ...] = ()
    known = {1: _NUMBER, 2: _BYTES, 3: _NUMBER, 4: _NUMBER, 5: _NUMBER, 6: _FOUR_BYTES, 7: _BYTES}
    for field, content in _read_fields(value, known):
        if isinstance(content, int):
            numbers[field] = content
        elif field == 2:
            shape += tuple(_read_shape(name, content))  # a field that comes twice is merged
        elif field == 7:
            raise _WrongIndex(f"{quote(name)} in slices")
    dtype, offset, size = numbers.get(1, 0), numbers.get(4, 0), numbers.get(5, 0)
    if dtype not in _WIDTHS or numbers.get(3, 0):
        raise _WrongIndex(f"{quote(name)} of an unknown kind")
    if len(shape) > _MOST_DIMENSIONS:
        raise _WrongIndex(f"{quote(name)} of {len(shape)} dimensions")
    width, count = _WIDTHS[dtype], math.prod(shape)
    if (size != count * width) if width else (shape or size < 1):  # the only string is the graph of objects
        raise _WrongIndex(f"{quote(name)} of shape {quote(list(shape))} in {size} bytes")
    return StoredTensor(dtype, shape, offset, size)


def _read_shape(name: str, content: bytes) -> Iterator[int]:
    for _, dimension in _read_fields(content, {2: _BYTES}):
        assert isinstance(dimension, bytes)
        size = 0
        for _, number in _read_fields(dimension, {1: _NUMBER}):
            assert isinstance(number, int)
            size = number
        if size >= 1 << 40:
            raise _WrongIndex(f"{quote(name)} without a size")
        yield size
