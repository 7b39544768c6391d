"""The packed LSTM over characters."""

import numpy as np
import pytest
import tensorflow as tf

from cman_tf.layers.lstm import LSTM, last_states_both

RANDOM = np.random.default_rng(1)


def assert_same(expected, found):
    assert len(expected) == len(found)
    for one, other in zip(expected, found):
        np.testing.assert_allclose(other, one, atol=1e-5)


@pytest.mark.parametrize("backward", [False, True])
def test_packed_last_states_are_those_of_the_padded_sequences(backward):
    layer = LSTM(4, backward)
    table = tf.constant(RANDOM.normal(size=(7, 5)), tf.float32)
    ids = tf.constant(RANDOM.integers(7, size=(5, 6)), tf.int32)
    lengths = tf.constant([6, 4, 4, 2, 1])
    upstream = tf.constant(RANDOM.normal(size=(5, 4)), tf.float32)
    layer.last_states(table, ids, lengths)  # builds the layer

    def run():
        with tf.GradientTape() as tape:
            tape.watch(table)
            states = layer.last_states(table, ids, lengths)
        compute_gradients = tape.gradient(states, [table, *layer.trainable_variables], upstream)
        return [states, *map(tf.convert_to_tensor, compute_gradients)]

    eager, graph = run(), tf.function(run)()
    layer.keras = True  # as on a GPU: padded, by Keras' own code
    expected = run()
    assert_same(expected, eager)
    assert_same(expected, graph)


def test_both_directions_in_one_loop_and_without_a_gradient():
    layers = LSTM(4), LSTM(4, backward=True)
    table = tf.constant(RANDOM.normal(size=(7, 5)), tf.float32)
    ids, lengths = tf.constant(RANDOM.integers(7, size=(5, 6)), tf.int32), tf.constant([6, 4, 4, 2, 1])
    expected = last_states_both(*layers, table, ids, lengths, training=True)
    apart = last_states_both(*layers, table, ids, lengths)
    layers[0].joined = True
    joined = tf.function(lambda: last_states_both(*layers, table, ids, lengths))()
    assert_same([expected, expected], [apart, joined])
