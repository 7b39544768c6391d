"""Strings as code points within a graph: tables over all code points, and UTF-8 from code points.

Shapes: n code points, k strings.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

_BLOCK = 256  # code points; most blocks are equal, so that a table takes kilobytes instead of megabytes


class CodePointTable:
    """A whole number for each code point.

    Args:
      values: the numbers, int [1114112].

    >>> table = CodePointTable(np.arange(0x110000) // 100)
    >>> table.lookup(tf.constant([97, 0x1F600])).numpy().tolist()
    [0, 1285]
    """

    def __init__(self, values: np.ndarray) -> None:
        blocks, places = np.unique(values.reshape(-1, _BLOCK), axis=0, return_inverse=True)
        self._blocks = blocks.astype(np.int32).reshape(-1)
        self._places = (places.reshape(-1) * _BLOCK).astype(np.int32)

    def lookup(self, codes: tf.Tensor) -> tf.Tensor:
        """Look up code points: from int32 [n] to int32 [n]."""
        return tf.gather(self._blocks, tf.gather(self._places, codes // _BLOCK) + codes % _BLOCK)


def encode_characters(codes: tf.Tensor) -> tf.Tensor:
    """Return the UTF-8 of each code point: from int32 [n] to string [n].

    `tf.strings.unicode_encode` replaces the code points that Unicode calls noncharacters, such as U+FFFE.

    >>> encode_characters(tf.constant([0xE9, 0xFFFE])).numpy().tolist()
    [b'\\xc3\\xa9', b'\\xef\\xbf\\xbe']
    """
    byte = tf.constant([bytes((value,)) for value in range(256)] + [b""])
    nothing = 256
    is_one, is_two, is_three = codes < 0x80, codes < 0x800, codes < 0x10000
    last, third, second = (0x80 + (codes // 64**place) % 64 for place in range(3))
    first = tf.where(is_three, 0xE0 + codes // 64**2, 0xF0 + codes // 64**3)
    first = tf.where(is_one, codes, tf.where(is_two, 0xC0 + codes // 64, first))
    parts = [
        first,
        tf.where(is_three, nothing, second),
        tf.where(is_two, nothing, third),
        tf.where(is_one, nothing, last),
    ]
    return tf.strings.join([tf.gather(byte, part) for part in parts])


def cut_strings(codes: tf.Tensor, starts: tf.Tensor, ends: tf.Tensor) -> tf.Tensor:
    """Cut strings out of code points, in time that grows linearly with the result.

    Args:
      codes: int32 [n].
      starts: the first code point of each string, int32 [k].
      ends: the code point after its last, int32 [k].

    Returns:
      The strings as UTF-8, string [k].

    >>> cut_strings(tf.constant([97, 98, 99]), tf.constant([0, 2]), tf.constant([2, 2])).numpy().tolist()
    [b'ab', b'']
    """
    sizes = ends - starts
    after = tf.cumsum(sizes)  # the end of each string among the code points of all strings
    owners = number_rows(after, tf.reduce_sum(sizes))
    places = tf.range(tf.size(owners)) + tf.gather(ends - after, owners)
    return tf.strings.unsorted_segment_join(encode_characters(tf.gather(codes, places)), owners, tf.size(starts))


def number_rows(ends: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Return the number of the row that each of some values belongs to, where the values are given row by row.

    Args:
      ends: the value after the last one of each row, int32 [k], in order.
      count: the number of values.

    Returns:
      int32 [count].

    >>> number_rows(tf.constant([2, 2, 3]), 3).numpy().tolist()
    [0, 0, 2]
    """
    return tf.searchsorted(ends, tf.range(count), side="right")
