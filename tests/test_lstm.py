"""LSTM and GRU against Keras."""

import numpy as np
import pytest
import tensorflow as tf

from cman_tf.layers.lstm import GRU, LSTM, run_both

RANDOM = np.random.default_rng(1)

LENGTHS = tf.constant([6, 4, 1])

X = tf.constant(RANDOM.normal(size=(3, 6, 5)), tf.float32)

MASK = tf.sequence_mask(LENGTHS, 6, tf.float32)[..., None]

UPSTREAM = tf.constant(RANDOM.normal(size=(3, 6, 8)), tf.float32) * MASK


def with_gradients(call, layers, inputs):
    """Outputs where there are tokens, and the gradients for the inputs and all weights."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = call() * MASK
    weights = [weight for layer in layers for weight in layer.trainable_variables]
    compute_gradients = tape.gradient(outputs, [inputs, *weights], UPSTREAM[..., : outputs.shape[-1]])
    return [outputs, *map(tf.convert_to_tensor, compute_gradients)]


def assert_same(expected, found):
    assert len(expected) == len(found)
    for one, other in zip(expected, found):
        np.testing.assert_allclose(other, one, atol=1e-5)


@pytest.mark.parametrize("xla", [False, True])
@pytest.mark.parametrize("backward", [False, True])
def test_lstm_is_keras_lstm(backward, xla):
    layer = LSTM(4, backward, xla)
    layer(X, lengths=LENGTHS)
    for weight in layer.weights:
        weight.assign(RANDOM.normal(size=weight.shape, scale=0.5))

    def run(training=True):
        return with_gradients(lambda: layer(X, lengths=LENGTHS, training=training), [layer], X)

    assert not layer.keras
    eager, graph, inference = run(), tf.function(run)(), run(training=False)
    layer.keras = True  # as on a GPU
    expected = run()
    assert_same(expected, eager)
    assert_same(expected, graph)
    assert_same(expected, inference)


def test_both_directions_at_once_are_each_alone():
    layers = LSTM(4, name="forward"), LSTM(4, backward=True, name="backward")

    def alone():
        return tf.concat([layer(X, lengths=LENGTHS) for layer in layers], -1)

    alone()
    assert_same(with_gradients(alone, layers, X), with_gradients(lambda: run_both(*layers, X, LENGTHS), layers, X))


def test_gru_reads_from_the_last_token():
    layer = GRU(4, backward=True)
    whole = layer(X, lengths=LENGTHS)
    for row, n in enumerate(LENGTHS.numpy()):
        reversed_alone = tf.keras.layers.GRU.call(layer, X[row : row + 1, :n][:, ::-1])[:, ::-1]
        np.testing.assert_allclose(whole[row, :n], reversed_alone[0], atol=1e-6)


def test_both_directions_in_one_loop():
    layers = LSTM(4), LSTM(4, backward=True)
    run_both(*layers, X, LENGTHS)  # builds the layers
    expected = run_both(*layers, X, LENGTHS) * MASK
    layers[0].joined = True
    assert_same([expected], [tf.function(lambda: run_both(*layers, X, LENGTHS))() * MASK])
