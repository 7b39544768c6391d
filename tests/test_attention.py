"""Multi-head attention against NumPy."""

import numpy as np
import pytest
import reference
import tensorflow as tf
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


def test_weights_on_request():
    """Each head's weights: a distribution over the tokens that are there; the output is the same with and without."""
    layer = MultiHeadAttention(2)
    query, memory = tf.random.normal([2, 3, 4]), tf.random.normal([2, 3, 4])
    mask = tf.constant([[True, True, True], [True, False, False]])
    plain = layer(query, memory, mask)
    output, weights = layer(query, memory, mask, return_weights=True)
    np.testing.assert_array_equal(output, plain)
    assert weights.shape == (2, 2, 3, 3)
    np.testing.assert_allclose(weights.numpy().sum(-1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(weights[1, :, :, 0], 1.0)
    heads, _ = layer.attend(query, memory, mask)
    values = (memory @ layer.w_value).numpy().reshape(2, 3, 2, 2)
    expected = np.einsum("bhqk,bkhd->bqhd", weights, values).reshape(2, 3, 4)
    np.testing.assert_allclose(heads, expected, atol=1e-5)
