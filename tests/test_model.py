"""The whole models against NumPy; padding, batch order, graph, switches, the step."""

import dataclasses
import re

import numpy as np
import pytest
import reference
import tensorflow as tf

from cman_tf.config import Config
from cman_tf.data.batches import make_example
from cman_tf.inference.predictor import make_decoder, predict_examples
from cman_tf.models.factory import build_model
from cman_tf.training.adversarial import compute_perturbation
from cman_tf.training.step import compute_gradients, make_optimizer, make_train_step

MODELS = ("cman", "dynamic_cman")
SWITCHES = [
    {"self_attention": False},
    {"label_attention": False},
    {"self_attention": False, "label_attention": False},
    {"label_gate": False},
    {"label_gate": True, "model": "cman"},
    {"share": False},
    {"share": False, "model": "cman"},
    {"cell": "mlp"},
    {"cell": "lstm"},
    {"cell": "gru"},
    {"cell": "bigru"},
    {"relation_scorer": "shared"},
    {"loss_weighting": "sum"},
    {"bsa_units": 1},
]


ALL = [{"model": name, **changes} for name in MODELS for changes in ({}, *SWITCHES)]


@pytest.mark.parametrize("changes", ALL, ids=str)
def test_losses_are_the_equations(changes, make_model, make_batch, sentences, vocabulary):
    """Of both models, whole and with each switch of the papers' tables."""
    model, batch = make_model(**changes), make_batch(sentences)
    for s in model.joint_loss.log_variances.values():
        s.assign(0.3)
    x = model.represent(batch)
    examples = [make_example(sentence, vocabulary) for sentence in sentences]
    expected = []
    for row, example in enumerate(examples):
        representation = reference.token_representation(example, model, vocabulary)
        np.testing.assert_allclose(x[row, : len(example.words)], representation, atol=1e-5)
        expected.append(reference.losses(representation, example, model))
    total, parts = model.compute_losses(x, model.encode_labels(batch["tags"], batch["lengths"]), batch, training=False)
    for task in expected[0]:
        assert float(parts[task]) == pytest.approx(np.mean([e[task] for e in expected]), rel=1e-4)
    assert float(total) == pytest.approx(reference.joint_loss(expected, model), rel=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_decoding_is_the_equations(name, make_model, make_batch, sentences, vocabulary):
    model = make_model(model=name)
    for crf in (model.first_crf, model.second_crf):
        if crf is not None:  # tags that change from token to token, so that there are many entities and pairs
            crf.unary.kernel.assign(20.0 * crf.unary.kernel)
            crf.transitions.assign(tf.random.stateless_normal(crf.transitions.shape, [1, 2], stddev=10.0))
    batch = make_batch(sentences)
    for gold in (False, True):
        output = model.decode(batch, gold_labels=gold)
        assert len(output["pairs"]) >= 20
        for row, sentence in enumerate(sentences):
            example = make_example(sentence, vocabulary)
            x = reference.token_representation(example, model, vocabulary)
            first, second, scores = reference.forward(x, example.tags if gold else None, model)
            crf, unary = (model.first_crf, first) if second is None else (model.second_crf, second)
            tags = reference.viterbi(unary, crf.transitions.numpy().astype(np.float64))
            assert list(output["tags"][row, : len(tags)]) == tags
            mine = output["pairs"].numpy()[:, 0] == row
            for (_, i, j), found in zip(output["pairs"].numpy()[mine], output["scores"].numpy()[mine]):
                np.testing.assert_allclose(found, reference.sigmoid(scores[i, j]), atol=1e-5)


def test_entity_pairs_are_those_of_the_decoded_entities(make_model, vocabulary):
    from cman_tf.data.bio import entities_from_tags

    model = make_model()
    random = np.random.default_rng(5)
    tags = random.integers(0, len(vocabulary.tags), (20, 9)).astype(np.int32)
    lengths = random.integers(1, 10, 20).astype(np.int32)
    pairs = model.entity_pairs(tags, lengths).numpy()
    for row in range(20):
        entities, _ = entities_from_tags([vocabulary.tags[t] for t in tags[row, : lengths[row]]])
        last = [e.end - 1 for e in entities]
        expected = {(i, j) for i in last for j in last if i != j}
        assert {(i, j) for r, i, j in pairs.tolist() if r == row} == expected


@pytest.mark.parametrize("changes", [{}, {"model": "cman"}, {"share": False}, {"cell": "gru"}])
def test_a_sentence_does_not_depend_on_its_batch(changes, make_model, make_batch, sentences, vocabulary):
    model = make_model(**changes)
    decoder = make_decoder(model, marginals=True)
    examples = [make_example(sentence, vocabulary) for sentence in sentences]
    together = predict_examples(decoder, examples, vocabulary, 64)
    alone = [predict_examples(decoder, [example], vocabulary)[0] for example in examples]
    backwards = predict_examples(decoder, examples[::-1], vocabulary, 30)[::-1]
    for other in (alone, backwards):
        for a, b in zip(together, other):
            assert a.sentence == b.sentence
            np.testing.assert_allclose(a.entity_scores, b.entity_scores, atol=1e-5)
            np.testing.assert_allclose(a.relation_scores, b.relation_scores, atol=1e-5)

    def loss(part):
        batch = make_batch(part)
        labels = model.encode_labels(batch["tags"], batch["lengths"])
        return {k: float(v) for k, v in model.compute_losses(model.represent(batch), labels, batch, False)[1].items()}

    singles = [loss([sentence]) for sentence in sentences]
    for task, value in loss(sentences).items():
        if task != "gate":
            assert value == pytest.approx(np.mean([single[task] for single in singles]), rel=1e-4)


@pytest.mark.parametrize("changes", SWITCHES, ids=str)
def test_switches(changes, make_model, make_batch, sentences):
    """Every switch trains every weight it leaves, with finite gradients, and decodes."""
    model, batch = make_model(**changes), make_batch(sentences)
    total, logs = compute_gradients(model, batch)
    for variable, gradient in zip(model.trainable_variables, total):
        assert gradient is not None, variable.name
        gradient = tf.convert_to_tensor(gradient)
        assert np.isfinite(gradient).all(), variable.name
        assert np.abs(gradient).max() > 0, variable.name
    assert np.isfinite(float(logs["adversarial/loss"]))
    names = " ".join(variable.name for variable in model.trainable_variables)
    assert ("gate" in names) == bool(model.config.label_gate and model.config.label_attention)
    assert ("label_embeddings" in names) == model.config.label_attention
    assert ("log_variance" in names) == (model.config.loss_weighting == "uncertainty")
    assert model.decode(batch)["tags"].shape == batch["tags"].shape


def test_switches_do_what_they_say(make_model, make_batch, sentences):
    batch = make_batch(sentences)
    model = make_model(label_attention=False)
    first = model.first_phase(model.represent(batch), batch["lengths"])
    x_3, _ = model.interact(first.relation, (), batch["lengths"])
    np.testing.assert_array_equal(x_3, first.ner)  # relations on X^m
    model = make_model(share=False)
    first = model.first_phase(model.represent(batch), batch["lengths"])
    assert np.abs(first.relation - first.ner).max() > 1e-3
    assert model.ner_units[0] is not model.relation_units[0]
    # The label matters: with another label sequence the scores change.
    model = make_model()
    first = model.first_phase(model.represent(batch), batch["lengths"])
    one = model.second_phase(first, model.encode_labels(batch["tags"], batch["lengths"]), batch["lengths"])
    other = model.second_phase(first, model.encode_labels(0 * batch["tags"], batch["lengths"]), batch["lengths"])
    assert np.abs(one.relation - other.relation).max() > 1e-3
    assert np.abs(one.potentials - other.potentials).max() > 1e-3


def test_heads_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="--attention_heads=3: expected a divisor of 2d = 8"):
        Config(hidden_size=4, attention_heads=3).resolved()


def test_mixed_layers():
    assert Config().resolved().chosen_layers() is None
    assert Config(mixed_layers="02,0").resolved().mixed_layers == "0,2"
    assert Config(mixed_layers="2,0").resolved().chosen_layers() == [0, 2]
    for wrong in ("", "1,,2", "0,0", "0,00", "²", "-1", "top", "all,1"):
        with pytest.raises(ValueError, match=re.escape(f"--mixed_layers={wrong}: expected all, or numbers of layers")):
            Config(mixed_layers=wrong).resolved()


def test_unset_switches_follow_the_paper():
    assert Config(model="cman").resolved().label_gate is False
    assert Config(model="cman").resolved().loss_weighting == "sum"
    assert Config().resolved().label_gate is True
    assert Config().resolved().loss_weighting == "uncertainty"
    assert Config(label_gate=False, loss_weighting="sum").resolved().label_gate is False


def plain_final_loss(model, batch, eta):
    """L_final of equation 14 / 22 as it is written, everything computed in each pass."""
    losses = []
    for shift in (0.0, eta):
        labels = model.encode_labels(batch["tags"], batch["lengths"])
        losses.append(model.compute_losses(model.represent(batch) + shift, labels, batch, training=False)[0])
    return losses[0] + losses[1]


@pytest.mark.parametrize("name", MODELS)
def test_step_gradient_is_that_of_the_final_loss(name, make_model, make_batch, sentences):
    """What both passes share is computed once; the gradient is as if it were not."""
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
    for run in (compute_gradients, tf.function(compute_gradients)):
        total, logs = run(model, batch)
        assert float(logs["clean/loss"] + logs["adversarial/loss"]) == pytest.approx(float(expected_loss), rel=1e-5)
        for variable, a, b in zip(model.trainable_variables, total, expected):
            a, b = tf.convert_to_tensor(a), tf.convert_to_tensor(b)
            np.testing.assert_allclose(a, b, atol=1e-4 * max(1.0, np.abs(b).max()), err_msg=variable.name)
    assert float(logs["adversarial/loss"]) > float(logs["clean/loss"])  # the worst case is worse


def test_the_perturbation_is_of_the_contextual_vectors_too(vocabulary, make_batch, sentences):
    """eta is of the whole of X^0 = e, the mix of the encoder's layers included."""
    from conftest import SMALL

    config = dataclasses.replace(SMALL, adversarial_alpha=0.01, xla=False).resolved()
    model, batch = build_model(config, vocabulary, (3, 5)), make_batch(sentences)
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
        step = 2e-3
        around = []
        for sign in (1, -1):
            variable.assign_add(sign * step * gradient / slope)
            around.append(float(loss()))
            variable.assign_sub(sign * step * gradient / slope)
        assert (around[0] - around[1]) / (2 * step) == pytest.approx(slope, rel=0.03, abs=0.05), variable.name


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


def test_compiled_step_trains(make_model, make_batch, sentences):
    model = make_model(embedding_dropout=0.1, bilstm_dropout=0.1, unknown_word_rate=0.1, learning_rate=0.01)
    before = [variable.numpy() for variable in model.trainable_variables]
    optimizer = make_optimizer(model)
    assert int(optimizer.iterations) == 0
    for variable, value in zip(model.trainable_variables, before):
        np.testing.assert_array_equal(variable, value)
    step = make_train_step(model, optimizer)
    losses = [float(step(make_batch(part))["clean/loss"]) for part in [sentences, sentences[:2]] * 10]
    assert np.isfinite(losses).all()
    assert losses[-2] < losses[0]
    assert step.experimental_get_tracing_count() == 1  # no shape is traced anew


def test_paper_sizes(vocabulary):
    """Widths of the default model are the papers': d = 128, d_l = 25, m = 2, 128 characters."""
    model = build_model(dataclasses.replace(Config()).resolved(), vocabulary)
    assert model.label_table.shape[1] == 25
    assert len(model.ner_units) == 2
    assert model.ner_units[0].encoder.forward.units == 128
    assert model.representation.characters.table.shape[1] == 128
    assert model.ner_units[0].attention.w_query.shape == (256, 256)
    assert model.scorer.u.shape == (256, 4 * 128)
    s = Config()
    assert (s.learning_rate, s.epochs, s.embedding_dropout, s.bilstm_dropout) == (0.0005, 180, 0.2, 0.1)


@pytest.mark.parametrize("xla", [True, False])
def test_building_leaves_the_choice_of_xla(xla, make_model):
    """The weights are made uncompiled, for speed; afterwards each layer does as it was told."""
    model = make_model(xla=xla)
    assert model.scorer.xla is xla
    assert model.ner_units[0].encoder.forward.xla is xla
