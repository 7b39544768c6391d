"""The mix of an encoder's layers."""

import numpy as np
import tensorflow as tf

from cman_tf.layers.scalar_mix import ScalarMix


def test_scalar_mix():
    """gamma * sum_k softmax(w)_k h_k."""
    mix = ScalarMix()
    layers = tf.random.normal([2, 3, 4, 5])
    np.testing.assert_allclose(mix(layers), layers.numpy().mean(2), atol=1e-6)  # at first
    np.testing.assert_allclose(tf.function(ScalarMix())(layers), mix(layers), atol=1e-6)
    mix.gamma.assign(1.7)
    mix.w.assign([0.3, -1.0, 2.0, 0.0])
    weights = np.exp(mix.w.numpy()) / np.exp(mix.w.numpy()).sum()
    expected = 1.7 * sum(weight * layers[:, :, k].numpy() for k, weight in enumerate(weights))
    np.testing.assert_allclose(mix(layers), expected, atol=1e-5)


def test_scalar_mix_of_some_layers():
    mix = ScalarMix([0, 2], scale=3.0)
    layers = tf.random.normal([2, 3, 4, 5])
    expected = 3.0 * layers.numpy()[:, :, [0, 2]].mean(2)
    np.testing.assert_allclose(mix(layers), expected, atol=1e-5)
    mix.w.assign([1.0, 0.0])
    share = 1 / (1 + np.exp(-1.0))
    expected = 3.0 * (share * layers[:, :, 0] + (1 - share) * layers[:, :, 2])
    np.testing.assert_allclose(mix(layers), expected, atol=1e-5)
