"""The worst-case perturbation."""

import numpy as np
import tensorflow as tf

from cman_tf.training.adversarial import compute_perturbation

RANDOM = np.random.default_rng(1)


def test_perturbation():
    g = RANDOM.normal(size=(3, 4, 9)).astype(np.float32)
    g[0, 2:] = 0  # padding
    g[1] = 0
    eta = compute_perturbation(tf.constant(g), 0.01).numpy()
    np.testing.assert_allclose(np.linalg.norm(eta[0]), 0.01 * 3, rtol=1e-5)  # alpha sqrt(D), per sentence
    np.testing.assert_allclose(eta[2], 0.03 * g[2] / np.sqrt((g[2] ** 2).sum()), rtol=1e-5)
    assert not eta[0, 2:].any()
    assert not eta[1].any()
    x = tf.constant(g)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(compute_perturbation(x, 0.01))
    assert tape.gradient(y, x) is None
