"""Strings as code points within a graph."""

import numpy as np
import tensorflow as tf

from cman_tf.exporting.code_point_tables import CodePointTable, cut_strings, encode_characters

ALL = np.array([code for code in range(0x110000) if not 0xD800 <= code < 0xE000], np.int32)


def test_every_code_point_is_encoded_as_utf_8():
    encoded = encode_characters(tf.constant(ALL)).numpy()
    assert encoded.tolist() == [chr(code).encode() for code in ALL.tolist()]


def test_a_table_gives_its_values():
    values = np.random.default_rng(1).integers(9, size=0x110000)
    np.testing.assert_array_equal(CodePointTable(values).lookup(tf.constant(ALL)), values[ALL])


def test_strings_are_cut():
    text = "a\0é😀\ufffe"
    codes = tf.constant([*map(ord, text)])
    starts, ends = tf.constant([0, 1, 1, 5, 2]), tf.constant([3, 1, 5, 5, 3])
    found = cut_strings(codes, starts, ends).numpy()
    assert [one.decode() for one in found] == [text[a:b] for a, b in zip(starts.numpy(), ends.numpy())]
    assert cut_strings(codes[:0], starts[:0], ends[:0]).numpy().tolist() == []
