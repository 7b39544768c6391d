"""The compiled recurrence."""

import numpy as np
import tensorflow as tf

from cman_tf.layers.lstm import LSTM
from cman_tf.layers.lstm_kernels import _forward_compiled

RANDOM = np.random.default_rng(1)

LENGTHS = tf.constant([6, 4, 1])

X = tf.constant(RANDOM.normal(size=(3, 6, 5)), tf.float32)


def test_compiled_recurrence_is_traced_once_for_all_layers():
    """One trace a direction and shape, however many layers there are."""
    layers = [LSTM(3) for _ in range(3)]
    layers[0](X, lengths=LENGTHS, training=True)
    before = _forward_compiled.experimental_get_tracing_count()
    for layer in layers[1:]:
        layer(X, lengths=LENGTHS, training=True)
    assert _forward_compiled.experimental_get_tracing_count() == before
