"""An encoder that several models share."""

import numpy as np

from cman_tf.encoders.shared_encoder import SharedEncoder


class Counting:
    """Counts what it encodes: a vector of the length of each token."""

    name, layers, size = "counting", 1, 2

    def __init__(self):
        self.asked = []

    def encode(self, sentences):
        self.asked += map(tuple, sentences)
        return [np.full((len(s), 1, 2), [[[len(token)] * 2] for token in s], np.float32) for s in sentences]


def test_each_sentence_is_computed_once():
    inner = Counting()
    shared = SharedEncoder(inner)
    first = shared.encode([["a", "bb"], ["ccc"], ["a", "bb"]])
    second = shared.encode([["ccc"], ["dd"]])
    assert inner.asked == [("a", "bb"), ("ccc",), ("dd",)]
    assert [v[:, 0, 0].tolist() for v in (*first, *second)] == [[1, 2], [3], [1, 2], [3], [2]]


def test_what_is_remembered_is_bounded():
    inner = Counting()
    shared = SharedEncoder(inner, limit=20)  # a token takes 8 bytes
    for token in "abcabc":
        assert shared.encode([[token]])[0].shape == (1, 1, 2)
    assert len(inner.asked) == 6
    assert shared.encode([["c"], ["d"], ["e"]])[0][0, 0, 0] == 1  # more than it remembers
    assert inner.asked[6:] == [("d",), ("e",)]
