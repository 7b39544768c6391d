"""Multi-head attention against NumPy."""

import numpy as np
import pytest
import reference
from layer_checks import MASK, RANDOM, X, check, randomize

from cman_tf.layers.attention import MultiHeadAttention


def test_attention_equations_2_and_3():
    layer = MultiHeadAttention(3)
    memory = RANDOM.normal(size=X.shape).astype(np.float32)
    layer(X, memory, MASK)
    randomize(layer)
    check(lambda: layer(X, memory, MASK), lambda row, n: reference.attention(X[row, :n], memory[row, :n], layer))


def test_attention_heads_must_divide_width():
    with pytest.raises(ValueError, match="4 heads do not divide the width 6"):
        MultiHeadAttention(4)(X, X, MASK)
