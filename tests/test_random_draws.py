"""Draws that depend on (seed, step) alone."""

import numpy as np
import pytest
import tensorflow as tf

from cman_tf.layers.random_draws import Dropout, draws_of_step, next_seed, use_step_draws
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.step import make_train_step


def seeds(seed, step, count=3):
    with draws_of_step(seed, tf.constant(step, tf.int64)):
        return [tuple(next_seed().numpy()) for _ in range(count)]


def test_seeds_of_a_step():
    assert seeds(1, 7) == seeds(1, 7)
    everything = [s for seed in (1, 2) for step in range(5) for s in seeds(seed, step)]
    assert len({*everything}) == len(everything)
    assert seeds(4294967295, 10**9)  # the largest seed, a long run


def test_outside_of_a_step_the_global_generator_decides():
    tf.random.set_seed(3)
    first = next_seed().numpy().tolist()
    assert first != next_seed().numpy().tolist()
    tf.random.set_seed(3)
    assert next_seed().numpy().tolist() == first


def test_dropout():
    layer, x = Dropout(0.25), tf.ones([100, 100])
    assert layer(x) is x
    with draws_of_step(1, tf.constant(1, tf.int64)):
        one, two = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert 0.23 < (one == 0).mean() < 0.27
    assert (one != two).any()  # each call draws anew
    np.testing.assert_allclose(one[one != 0], 1 / 0.75)


@pytest.mark.parametrize("name", ["dynamic_cman", "cman", "multihead"])
def test_a_resumed_step_draws_what_an_uninterrupted_one_draws(name, make_model, make_batch, sentences):
    """Two steps at once, and one after the other as in two processes: the same losses, unlike those of another seed."""
    changes = {"embedding_dropout": 0.5, "bilstm_dropout": 0.5, "unknown_word_rate": 0.5, "bsa_units": 1}
    batch = make_batch(sentences)

    class Run:
        """A model, its optimizer and its step, as a process has them."""

        def __init__(self, seed):
            self.model = make_model(model=name, **changes, seed=seed, learning_rate=0.01)
            self.optimizer = ModelOptimizer(self.model)
            self.step = make_train_step(self.model, self.optimizer)

        def weights(self, values=None):
            variables = [*self.model.variables, *self.optimizer.main.weights]
            for variable, value in zip(variables, values or []):
                variable.assign(value)
            return [variable.numpy() for variable in variables]

        def losses(self, steps):
            return [float(self.step(batch)["adversarial/loss"]) for _ in range(steps)]

    run = Run(1)
    start = run.weights()
    first, after = run.losses(1), run.weights()
    second = run.losses(1)
    resumed = Run(1) if name == "multihead" else run  # tracing takes seconds; one model has a new one
    resumed.weights(after)
    assert int(resumed.optimizer.iterations) == 1
    assert resumed.losses(1) == pytest.approx(second, rel=1e-6)
    if name == "multihead":
        other = Run(2)
        other.weights(start)
        assert other.losses(1) != pytest.approx(first, rel=1e-3)


@pytest.mark.parametrize("keras", ["tensorflow.keras", "tf_keras"])
def test_dropouts_of_another_library(keras):
    """`transformers` takes its layers from tf_keras if that is installed."""
    layers = pytest.importorskip(keras).layers
    inner = layers.Dense(4)
    inner.parts = [layers.Dropout(0.5), layers.SpatialDropout1D(0.5)]
    x = tf.ones([2, 5, 8])

    def masks(step):
        with draws_of_step(1, tf.constant(step, tf.int64)):
            return np.stack([part(x, training=True).numpy() for part in inner.parts])

    assert (masks(1) != masks(1)).any()
    use_step_draws(inner)
    assert (masks(1) == masks(1)).all()
    assert (masks(1) != masks(2)).any()
