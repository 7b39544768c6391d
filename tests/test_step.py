"""A training step: its gradient, its passes, the rate."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from cman_tf.config import Config
from cman_tf.data.batches import make_batch as make_batch_of
from cman_tf.data.batches import make_example, make_replica_batch
from cman_tf.models.factory import build_model
from cman_tf.training.adversarial import compute_perturbation
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.step import compute_gradients, make_train_step

MODELS = ("cman", "dynamic_cman")


def plain_final_loss(model, batch, eta):
    """L_final of equation 14 / 22 as it is written, everything computed in each pass."""
    losses = []
    for shift in (0.0, eta):
        labels = model.encode_labels(batch["tags"], batch["lengths"])
        losses.append(model.compute_losses(model.represent(batch) + shift, labels, batch, training=False)[0])
    return losses[0] + losses[1]


@pytest.mark.parametrize("name", MODELS)
def test_step_gradient_is_that_of_the_final_loss(name, make_model, make_batch, sentences):
    """What both passes share is computed once; the gradient is as if it were not. In a graph, too, for one model."""
    model, batch = make_model(model=name, adversarial_alpha=0.002), make_batch(sentences)
    x = model.represent(batch)
    with tf.GradientTape() as tape:
        tape.watch(x)
        labels = model.encode_labels(batch["tags"], batch["lengths"])
        loss, _ = model.compute_losses(x, labels, batch, training=False)
    eta = compute_perturbation(tape.gradient(loss, x), 0.002)
    np.testing.assert_allclose(
        np.linalg.norm(eta.numpy().reshape(4, -1), axis=1), 0.002 * np.sqrt(x.shape[-1]), rtol=1e-4
    )
    with tf.GradientTape() as tape:
        expected_loss = plain_final_loss(model, batch, eta)
    expected = tape.gradient(expected_loss, model.trainable_variables)
    for run in (compute_gradients, *([tf.function(compute_gradients)] if name == "dynamic_cman" else [])):
        total, logs = run(model, batch)
        assert float(logs["clean/loss"] + logs["adversarial/loss"]) == pytest.approx(float(expected_loss), rel=1e-5)
        for variable, a, b in zip(model.trainable_variables, total, expected):
            a, b = tf.convert_to_tensor(a), tf.convert_to_tensor(b)
            np.testing.assert_allclose(a, b, atol=1e-4 * max(1.0, np.abs(b).max()), err_msg=variable.name)
    assert float(logs["adversarial/loss"]) > float(logs["clean/loss"])  # the worst case is worse


def test_the_perturbation_is_of_the_contextual_vectors_too(vocabulary, make_batch, sentences):
    """eta is of the whole of X^0 = e, the mix of the encoder's layers included."""
    from helpers import SMALL, StubEncoder

    config = dataclasses.replace(SMALL, adversarial_alpha=0.01, xla=False).resolved()
    model, batch = build_model(config, vocabulary, StubEncoder(3, 5)), make_batch(sentences)
    batch["contextual"] = tf.random.stateless_normal([*batch["words"].shape, 3, 5], (1, 2))
    x = model.represent(batch)
    assert x.shape[-1] == SMALL.word_size + 2 * SMALL.char_hidden_size + 5
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss, _ = model.compute_losses(x, model.encode_labels(batch["tags"], batch["lengths"]), batch)
    eta = compute_perturbation(tape.gradient(loss, x), 0.01)
    assert np.abs(eta[..., -5:]).max() > 1e-4
    _, logs = compute_gradients(model, batch)
    both = float(logs["clean/loss"] + logs["adversarial/loss"])
    assert both == pytest.approx(float(plain_final_loss(model, batch, eta)), rel=1e-5)
    without = tf.concat([eta[..., :-5], tf.zeros_like(eta[..., -5:])], -1)
    assert both != pytest.approx(float(plain_final_loss(model, batch, without)), rel=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_gradient_by_finite_differences(name, make_model, make_batch, sentences):
    model, batch = make_model(model=name, adversarial_alpha=0.0), make_batch(sentences)
    total, logs = compute_gradients(model, batch)
    assert "adversarial/loss" not in logs
    label_set, compute_losses = model.encode_labels, model.compute_losses

    @tf.function
    def loss():
        return compute_losses(model.represent(batch), label_set(batch["tags"], batch["lengths"]), batch, False)[0]

    for variable, gradient in zip(model.trainable_variables, total):
        gradient = tf.convert_to_tensor(gradient)
        slope = float(tf.norm(gradient))  # along the gradient itself
        # Long enough that the loss changes by more than float32 rounds off.
        step = min(0.1, max(2e-3, 2e-3 / slope))
        around = []
        for sign in (1, -1):
            variable.assign_add(sign * step * gradient / slope)
            around.append(float(loss()))
            variable.assign_sub(sign * step * gradient / slope)
        assert (around[0] - around[1]) / (2 * step) == pytest.approx(slope, rel=0.03, abs=0), variable.name


def test_two_passes_and_no_more(make_model, make_batch, sentences, monkeypatch):
    """Adversarial training computes the network twice, representation and labels once."""
    model, batch = make_model(), make_batch(sentences)
    calls = {"represent": 0, "encode_labels": 0, "compute_losses": 0}
    for name in calls:
        original = getattr(model, name)

        def counted(*args, _name=name, _original=original, **kwargs):
            calls[_name] += 1
            return _original(*args, **kwargs)

        monkeypatch.setattr(model, name, counted)
    compute_gradients(model, batch)
    assert calls == {"represent": 1, "encode_labels": 1, "compute_losses": 2}


def test_training_reads_gold_labels_and_decoding_predicted_ones(make_model, make_batch, sentences, monkeypatch):
    model, batch = make_model(bsa_units=1), make_batch(sentences)
    given, encode_labels = [], model.encode_labels

    def record(tags, *args, **kwargs):
        given.append(tags.numpy())
        return encode_labels(tags, *args, **kwargs)

    monkeypatch.setattr(model, "encode_labels", record)
    compute_gradients(model, batch)
    (gold,) = given
    np.testing.assert_array_equal(gold, batch["tags"])
    model.decode(batch)
    first = model.first_phase(model.represent(batch), batch["lengths"])
    predicted = model.first_crf.decode(first.potentials, batch["lengths"])
    np.testing.assert_array_equal(given[1], predicted)
    assert (given[1] != given[0]).any()


def test_compiled_step_trains(make_model, make_batch, sentences):
    model = make_model(
        bsa_units=1, embedding_dropout=0.1, bilstm_dropout=0.1, unknown_word_rate=0.1, learning_rate=0.01
    )
    before = [variable.numpy() for variable in model.trainable_variables]
    optimizer = ModelOptimizer(model)
    assert int(optimizer.iterations) == 0
    for variable, value in zip(model.trainable_variables, before):
        np.testing.assert_array_equal(variable, value)
    step = make_train_step(model, optimizer)
    losses = [float(step(make_batch(part))["clean/loss"]) for part in [sentences, sentences[:2]] * 10]
    assert np.isfinite(losses).all()
    assert losses[-2] < losses[0]
    assert step.experimental_get_tracing_count() == 1  # no shape is traced anew


def test_learning_rate_falls(make_model, make_batch, sentences):
    """Adam's first step is the rate itself for every weight that has a gradient: the compiled
    step follows the rate as it is set from outside."""
    config = Config(learning_rate=0.4, learning_rate_schedule="linear", epochs=4)
    assert [config.rate_at(epoch) for epoch in range(1, 5)] == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert Config(learning_rate=0.4, epochs=4).rate_at(4) == 0.4
    model = make_model(bsa_units=1, adversarial_alpha=0.0)
    optimizer = ModelOptimizer(model)
    step, bias = make_train_step(model, optimizer), model.first_crf.unary.bias
    for rate in (0.125, 0.0):
        optimizer.set_rate(rate)
        before = bias.numpy()
        step(make_batch(sentences))
        np.testing.assert_allclose(np.abs(bias.numpy() - before).max(), rate, rtol=1e-3)


@pytest.mark.parametrize("changes", [{}, {"model": "cman"}, {"model": "multihead"}, {"loss_weighting": "sum"}])
def test_gradients_of_replicas_add_up_to_those_of_the_batch(changes, make_model, sentences, vocabulary):
    """Losses are divided by the sentences of the whole batch, the uncertainty terms counted once."""
    model = make_model(**changes)
    examples = [make_example(sentence, vocabulary) for sentence in sentences[:3]]

    def gradients(batch):
        total, logs = compute_gradients(model, {name: tf.constant(array) for name, array in batch.items()})
        return [tf.convert_to_tensor(g).numpy() for g in total], float(logs["clean/loss"])

    whole, loss = gradients(make_batch_of(examples, model.layout.features))
    parts = [gradients(make_replica_batch(examples, part, 2, model.layout.features)[0]) for part in range(2)]
    assert sum(part[1] for part in parts) == pytest.approx(loss, rel=1e-5)
    for number, expected in enumerate(whole):
        found = sum(part[0][number] for part in parts)
        np.testing.assert_allclose(found, expected, atol=1e-4 * max(1.0, np.abs(expected).max()))
