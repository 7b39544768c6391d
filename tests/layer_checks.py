"""What the layers' tests share: an input of three sentences, random weights, and the comparison with NumPy."""

import numpy as np
import tensorflow as tf

RANDOM = np.random.default_rng(0)
LENGTHS = np.array([5, 3, 1], np.int32)
X = RANDOM.normal(size=(3, 5, 6)).astype(np.float32)
MASK = tf.sequence_mask(LENGTHS, 5)


def randomize(layer):
    """Give every weight, biases too, a value that matters."""
    for weight in layer.weights:
        weight.assign(RANDOM.normal(size=weight.shape, scale=0.5))
    return layer


def check(call, expected, atol=1e-5):
    """Eager and graph results equal the reference, which works a sentence at a time."""
    for run in (call, tf.function(call)):
        result = run().numpy()
        for row, length in enumerate(LENGTHS):
            np.testing.assert_allclose(result[row, :length], expected(row, length), atol=atol)
