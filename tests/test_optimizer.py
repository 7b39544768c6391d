"""Adam with the configuration's rate and epsilon."""

import numpy as np
import tensorflow as tf

from cman_tf.training.optimizer import ModelOptimizer


def test_epsilon_and_rate_reach_adam(make_model):
    """The first step of Adam by hand: rate * g / (|g| + epsilon), as both moments are corrected for their start."""
    for epsilon, rate in ((0.5, 0.01), (1e-8, 0.02)):
        model = make_model(adam_epsilon=epsilon, learning_rate=rate)
        optimizer = ModelOptimizer(model)
        weight = model.trainable_variables[0]
        gradient = tf.random.stateless_normal(weight.shape, [1, 2])
        before = weight.numpy()
        optimizer.apply_gradients(
            [(gradient if v is weight else tf.zeros_like(v), v) for v in model.trainable_variables]
        )
        # Epsilon is added before the correction, as in TensorFlow: sqrt(1 - 0.999) stands beside it.
        expected = rate * gradient / (np.abs(gradient) + epsilon / np.sqrt(1 - 0.999))
        np.testing.assert_allclose(before - weight.numpy(), expected, rtol=1e-3, atol=1e-6)
