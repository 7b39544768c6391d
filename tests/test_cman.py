"""CMAN and dynamic CMAN against NumPy; padding, switches, sizes."""

import dataclasses

import numpy as np
import pytest
import reference
import tensorflow as tf
from helpers import count_parameters

from cman_tf.config import Config
from cman_tf.data.batches import make_example
from cman_tf.inference.predictor import Predictor
from cman_tf.layers.random_draws import Dropout
from cman_tf.models.entity_pairs import find_last_tokens
from cman_tf.models.factory import build_model
from cman_tf.models.pair_blocks import score_token_pairs
from cman_tf.training.step import compute_gradients

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
    {"cell": "mlp", "mlp_layers": 1},
    {"cell": "mlp", "mlp_layers": 3, "replaced_bilstms": "bsa"},
    {"separate_models": True},
    {"separate_models": True, "model": "cman"},
    {"separate_models": True, "label_attention": False},
    {"loss_weighting": "manual", "loss_weights": "re:2,first_ner:0.5"},
    {"cell": "lstm"},
    {"cell": "gru"},
    {"cell": "bigru"},
    {"relation_scorer": "shared"},
    {"loss_weighting": "sum"},
    {"bsa_units": 1},
]

ALL = [{"model": name, **changes} for name in MODELS for changes in ({}, *SWITCHES)]
ALL = [*{str(changes): changes for changes in ALL}.values()]  # some switches name their model


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


@pytest.mark.parametrize("changes", [{}, {"separate_models": True}, {"relation_candidates": "tokens"}], ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_decoding_is_the_equations(name, changes, make_model, make_batch, sentences, vocabulary):
    model = make_model(model=name, **changes, relation_prior=0.5)
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
            if "relation_candidates" in changes:  # every pair of tokens with a relation, and no other
                some = np.argwhere((reference.sigmoid(scores) > 0.5).any(-1))
                expected = [(i, j) for i, j in some.tolist() if i != j]
                assert sorted(map(tuple, output["pairs"].numpy()[mine][:, 1:].tolist())) == expected


def test_entity_pairs_are_those_of_the_decoded_entities(make_model, vocabulary):
    from cman_tf.data.bio import entities_from_tags

    model = make_model()
    random = np.random.default_rng(5)
    tags = random.integers(0, len(vocabulary.tags), (20, 9)).astype(np.int32)
    lengths = random.integers(1, 10, 20).astype(np.int32)
    ends = find_last_tokens(tags, lengths, model.inside, model.kind)
    width = model.scorer.u.shape[0]
    pairs = score_token_pairs(model.scorer, tf.zeros([20, 9, width]), ends, -1.0)[0].numpy()
    for row in range(20):
        entities, _ = entities_from_tags([vocabulary.tags[t] for t in tags[row, : lengths[row]]])
        last = [e.end - 1 for e in entities]
        expected = {(i, j) for i in last for j in last if i != j}
        assert {(i, j) for r, i, j in pairs.tolist() if r == row} == expected


@pytest.mark.parametrize(
    "changes",
    [{}, {"cell": "gru"}, *(pytest.param(c, marks=pytest.mark.slow) for c in ({"model": "cman"}, {"share": False}))],
)
def test_a_sentence_does_not_depend_on_its_batch(changes, make_model, make_batch, sentences, vocabulary):
    model = make_model(**changes)
    predictor = Predictor(model, vocabulary, marginals=True)
    examples = [make_example(sentence, vocabulary) for sentence in sentences]
    together = predictor.predict_examples(examples, 64)
    alone = [predictor.predict_examples([example])[0] for example in examples]
    backwards = predictor.predict_examples(examples[::-1], 30)[::-1]
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


def test_paper_sizes(vocabulary):
    """Widths of the default model are the papers': d = 128, d_l = 25, m = 2, 128 characters."""
    model = build_model(dataclasses.replace(Config()).resolved(), vocabulary)
    assert model.label_table.shape[1] == 25
    assert model.representation.words.table.shape[1] == 50
    assert model.representation.characters.forward.units == model.representation.characters.backward.units == 64
    assert model.first_bla.attention.heads == model.ner_units[1].attention.heads == 8
    assert model.scorer.v.shape == (4, 128)  # d~
    assert len(model.ner_units) == 2
    assert model.ner_units[0].encoder.forward.units == 128
    assert model.representation.characters.table.shape[1] == 128
    assert model.ner_units[0].attention.w_query.shape == (256, 256)
    assert model.scorer.u.shape == (256, 4 * 128)
    sizes = (len(vocabulary.words), len(vocabulary.characters), len(vocabulary.tags), len(vocabulary.relations))
    assert count_parameters(model) == count_by_the_equations(Config().resolved(), *sizes)
    s = Config()
    assert (s.learning_rate, s.epochs, s.embedding_dropout, s.bilstm_dropout) == (0.0005, 180, 0.2, 0.1)


@pytest.mark.parametrize("xla", [True, False])
def test_building_leaves_the_choice_of_xla(xla, make_model):
    """The weights are made uncompiled, for speed; afterwards each layer does as it was told."""
    model = make_model(xla=xla)
    assert model.scorer.xla is xla
    assert model.ner_units[0].encoder.forward.xla is xla


@pytest.mark.parametrize("changes", [{}, {"model": "cman"}, {"self_attention": False}, {"label_attention": False}])
def test_attention_on_request(changes, make_model, make_batch, sentences):
    model, batch = make_model(**changes), make_batch(sentences)
    plain, shown = model.decode(batch), model.decode(batch, attention=True)
    for name, value in plain.items():
        np.testing.assert_array_equal(value, shown[name])
    config = model.config
    expected = {f"self_attention_{n}" for n in (1, 2) if config.self_attention}
    expected |= {f"label_attention_{n}" for n in (1, 2) if config.label_attention}
    expected |= {f"label_gate_{n}" for n in (1, 2) if config.label_attention and config.label_gate}
    assert shown.keys() - plain.keys() == expected | {"attended_tags", "pair_scores"}
    for name in expected:
        size = [2 * config.hidden_size] if "gate" in name else [config.attention_heads, 12, 12]
        shape = [4, 12, *size] if "gate" in name else [4, *size]
        assert shown[name].shape == shape


def test_what_is_shared_and_what_is_not(make_model):
    """`reference.py` walks the model's own objects, so that a unit used twice by mistake stays unseen there."""
    model = make_model()
    one, two = model.first_bla, model.second_bla
    sequence_encoders = [one.encoder, two.encoder, model.fuse, *(unit.encoder for unit in model.ner_units)]
    attentions = [one.attention, two.attention, *(unit.attention for unit in model.ner_units)]
    for parts in (sequence_encoders, attentions, [one.gate, two.gate], [model.first_crf, model.second_crf]):
        weights = [variable.ref() for part in parts for variable in part.trainable_variables]
        assert len(parts) > 1 and len({id(part) for part in parts}) == len(parts)
        assert weights and len(set(weights)) == len(weights)
    assert [*model.relation_units] == [*model.ner_units]
    for name in MODELS:
        apart = make_model(model=name, share=False)
        for mine, other in zip(apart.ner_units, apart.relation_units):
            assert mine is not other
            assert mine.encoder is not other.encoder and mine.attention is not other.attention
        two = make_model(model=name, separate_models=True)
        ner = [two.ner_representation, *two.ner_units, two.first_crf]
        relation = [two.representation, *two.relation_units, two.first_bla, two.fuse, two.second_bla, two.scorer]
        if name == "dynamic_cman":
            ner += [two.ner_first_bla, two.ner_fuse, two.ner_second_bla, two.second_crf]
        sides = [{v.ref() for part in side for v in part.trainable_variables} for side in (ner, relation)]
        assert sides[0] and sides[1] and not sides[0] & sides[1]
    cman = make_model(model="cman")
    assert cman.second_crf is None
    assert cman.first_bla.gate is None and cman.second_bla.gate is None


def count_by_the_equations(config, words, characters, tags, relations):
    """Parameters of either paper's model, from the equations and its sizes alone."""
    d, wide, token = config.hidden_size, 2 * config.hidden_size, config.word_size + 2 * config.char_hidden_size

    def bilstm(inputs, units=d):  # two directions, four gates each: W, U and b
        return 2 * 4 * units * (inputs + units + 1)

    attention = 4 * wide * wide + 2 * wide  # W^Q, W^K and W^V of all heads, W^o; scale and shift of LayerNorm
    crf = wide * tags + tags + tags * tags  # W, b and the transitions
    gate = 2 * wide * wide + wide  # W_x, W_l and b_l of TNNLS equation 10
    dynamic = config.model == "dynamic_cman"
    bsa_stack = bilstm(token) + attention + (config.bsa_units - 1) * (bilstm(wide) + attention)
    bla = bilstm(config.label_size) + attention + (gate if dynamic else 0)
    return sum(
        [
            (words * config.word_size + characters * config.char_size) * (2 if config.separate_models else 1),
            bilstm(config.char_size, config.char_hidden_size) * (2 if config.separate_models else 1),
            bsa_stack * (1 if config.share and not config.separate_models else 2),
            crf * (2 if dynamic else 1),
            # the label embeddings and both BLA units; equation 6 / 13 reads [X^m; X~1]
            (tags * config.label_size + 2 * bla + bilstm(2 * wide)) * (2 if config.separate_models and dynamic else 1),
            relations * config.relation_size * (2 * wide + 1 + 1),  # U_k, W_k, b_k and V_k of equation 9 / 16
            3 if dynamic else 0,  # a sigma for each loss, equations 24-26
        ]
    )


@pytest.mark.parametrize("changes", [{}, {"share": False}, {"separate_models": True}, {"bsa_units": 3}], ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_those_of_the_equations(name, changes, make_model, vocabulary):
    model = make_model(model=name, **changes)
    counts = (len(vocabulary.words), len(vocabulary.characters), len(vocabulary.tags), len(vocabulary.relations))
    assert count_parameters(model) == count_by_the_equations(model.config, *counts)


@pytest.mark.parametrize("name", MODELS)
def test_dropout_sites(name, make_model, make_batch, sentences, monkeypatch):
    """Each site has its own rate, nothing else drops, and the second pass draws a mask of its own."""
    calls, call = [], Dropout.call

    def record(layer, inputs, training=False):
        output = call(layer, inputs, training=training)
        if training:
            calls.append((layer, layer.rate, inputs.numpy(), output.numpy()))
        return output

    monkeypatch.setattr(Dropout, "call", record)
    rates = {"embedding": 0.1, "bilstm": 0.2, "attention": 0.3, "relation": 0.4}
    model = make_model(model=name, **{f"{site}_dropout": rate for site, rate in rates.items()})
    units = [*model.ner_units, model.first_bla, model.second_bla]
    expected = {
        model.input_dropout.name: "embedding",
        model.relation_dropout.name: "relation",
        model.fuse.dropout.name: "bilstm",
        **{unit.encoder.dropout.name: "bilstm" for unit in model.ner_units},
        **{bla.dropout.name: "bilstm" for bla in (model.first_bla, model.second_bla)},
        **{unit.attention.dropout.name: "attention" for unit in units},
    }
    batch = make_batch(sentences)
    labels = model.encode_labels(batch["tags"], batch["lengths"], training=True)
    assert not calls  # the labels are dropped in each pass, not before both
    x = model.represent(batch, training=True)
    model.compute_losses(x, labels, batch)
    assert sorted((layer.name, rate) for layer, rate, *_ in calls) == sorted((n, rates[s]) for n, s in expected.items())
    given = {layer.name: inputs for layer, _, inputs, _ in calls}
    np.testing.assert_array_equal(given[model.input_dropout.name], x)
    for bla, label in zip((model.first_bla, model.second_bla), labels):
        np.testing.assert_array_equal(given[bla.dropout.name], label)
    calls.clear()
    compute_gradients(model, batch)
    for layer_name in expected:
        masks = [output == 0 for layer, _, _, output in calls if layer.name == layer_name]
        assert len(masks) == 2, layer_name
        assert (masks[0] != masks[1]).any(), layer_name
