"""The baseline: its loss and decoding against NumPy, and TensorFlow 1's initial values."""

import dataclasses

import numpy as np
import pytest
import reference
import tensorflow as tf
from helpers import SMALL, StubEncoder, count_parameters

from cman_tf.data.batches import make_example
from cman_tf.data.bio import entities_from_tags
from cman_tf.inference.predictor import Predictor
from cman_tf.layers.lstm import LSTM
from cman_tf.models.factory import build_model
from cman_tf.training.step import compute_gradients

CHANGES = {"model": "multihead", "relation_prior": 0.5, "bilstm_layers": 2}


def encoded(x, tags, model):
    """Features, potentials and scores of one sentence's representation."""
    for encoder in model.encoders:
        x = reference.bilstm(x, encoder)
    kernel, bias = (np.asarray(w, np.float64) for w in model.tag_layer.get_weights())
    potentials = reference.potentials(np.tanh(x @ kernel + bias), model.first_crf)
    if tags is None:
        tags = reference.viterbi(potentials, np.asarray(model.first_crf.transitions, np.float64))
    labels = [np.asarray(model.label_table, np.float64)[tags]] if model.config.label_size else []
    return potentials, reference.relation_scores(np.concatenate([x, *labels], -1), model.scorer)


@pytest.mark.parametrize("label_size", [0, 3])
def test_losses(label_size, make_model, make_batch, sentences, vocabulary):
    """A sum over all pairs and relations, "none" of a token to itself where it has no other."""
    model, batch = make_model(**CHANGES, label_size=label_size), make_batch(sentences)
    expected = {"re": [], "first_ner": []}
    none = len(vocabulary.relations)
    for example in (make_example(sentence, vocabulary) for sentence in sentences):
        x = reference.token_representation(example, model, vocabulary)
        potentials, scores = encoded(x, example.tags, model)
        heads = {int(row[0]) for row in example.relations}
        alone = [(i, i, none) for i in range(len(example.words)) if i not in heads]
        expected["re"].append(reference.relation_loss(scores, [*example.relations, *alone]))
        transitions = np.asarray(model.first_crf.transitions, np.float64)
        expected["first_ner"].append(reference.crf_nll(potentials, transitions, example.tags))
    labels = model.encode_labels(batch["tags"], batch["lengths"])
    total, parts = model.compute_losses(model.represent(batch), labels, batch, training=False)
    for task, values in expected.items():
        assert float(parts[task]) == pytest.approx(np.mean(values), rel=1e-4)
    assert float(total) == pytest.approx(sum(map(np.mean, expected.values())), rel=1e-4)
    for variable, gradient in zip(model.trainable_variables, compute_gradients(model, batch)[0]):
        assert np.isfinite(tf.convert_to_tensor(gradient)).all(), variable.name
        assert np.abs(tf.convert_to_tensor(gradient)).max() > 0, variable.name


def test_dropout_sites(make_model, make_batch, sentences):
    """On the input of the BiLSTMs and on the output of each, while training only."""
    model = make_model(**CHANGES, embedding_dropout=0.5, bilstm_dropout=0.5, hidden_size=32, word_size=64)
    batch = make_batch(sentences)
    real = tf.sequence_mask(batch["lengths"], tf.shape(batch["words"])[1])
    features, lengths = model.represent(batch), batch["lengths"]
    for site in (
        lambda x, t: model.input_dropout(x, training=t),
        *(lambda x, t, e=e: e(x, lengths, t) for e in model.encoders),
    ):
        dropped, features = site(features, True), site(features, False)
        values, kept = tf.boolean_mask(dropped, real).numpy(), tf.boolean_mask(features, real).numpy()
        assert 0.4 < (values == 0).mean() < 0.6
        np.testing.assert_allclose(values[values != 0], 2 * kept[values != 0], rtol=1e-5, atol=1e-6)
    trained, _, potentials = model.extract_features(model.represent(batch), lengths, training=True)
    assert 0.4 < (tf.boolean_mask(trained, real).numpy() == 0).mean() < 0.6
    np.testing.assert_allclose(model.first_crf(model.tag_layer(trained)), potentials, rtol=1e-5)


@pytest.mark.parametrize("label_size", [0, 3])
def test_decoding(label_size, make_model, make_batch, sentences, vocabulary):
    """All pairs of tokens above the threshold, and no others, lifted to predicted entities."""
    model = make_model(**CHANGES, label_size=label_size)
    predictor, examples = Predictor(model, vocabulary), [make_example(sentence, vocabulary) for sentence in sentences]
    together = predictor.predict_examples(examples)
    seen = 0
    for row, example in enumerate(examples):
        x = reference.token_representation(example, model, vocabulary)
        potentials, scores = encoded(x, None, model)
        tags = reference.viterbi(potentials, np.asarray(model.first_crf.transitions, np.float64))
        entities, _ = entities_from_tags([vocabulary.tags[tag] for tag in tags])
        expected, outside = set(), 0
        for i, j, k in zip(*np.nonzero(scores[..., :-1] > 0)):
            ends = [[e for e in entities if e.start <= token < e.end] for token in (i, j)]
            if all(ends) and ends[0] != ends[1]:
                expected.add((vocabulary.relations[k], ends[0][0], ends[1][0]))
            else:
                outside += 1
        for prediction in (together[row].sentence, predictor.predict_examples([example])[0].sentence):
            assert list(prediction.entities) == entities
            found = {(r.type, prediction.entities[r.head], prediction.entities[r.tail]) for r in prediction.relations}
            assert found == expected
            assert len(prediction.unattached_relations) == outside
        seen += len(expected) + outside
    assert seen


def test_tensorflow_1_values(vocabulary):
    config = dataclasses.replace(SMALL, **CHANGES, initial_values="tensorflow1", hidden_size=64, relation_size=64)
    tf.keras.utils.set_random_seed(1)
    model = build_model(config.resolved(), vocabulary)
    lstm = next(layer for layer in model.encoders[1].submodules if isinstance(layer, LSTM))
    limit = (6.0 / (128 + 64 + 256)) ** 0.5
    for weight in (lstm.cell.kernel, lstm.cell.recurrent_kernel):
        assert 0.95 * limit < np.abs(weight).max() <= limit
    np.testing.assert_array_equal(lstm.cell.bias, np.repeat([0.0, 1.0, 0.0, 0.0], 64))
    bias = model.tag_layer.bias.numpy()
    assert 0.18 < np.abs(bias).max() <= 0.2166  # Glorot of a vector of 64, as the recipe says
    assert np.abs(model.scorer.b).max() > 0.18
    assert np.abs(model.scorer.u - model.scorer.w).max() > 0.01  # of one shape, yet drawn apart
    tf.keras.utils.set_random_seed(1)
    keras = build_model(dataclasses.replace(config, initial_values="keras").resolved(), vocabulary, StubEncoder(3, 4))
    tf.keras.utils.set_random_seed(1)
    model = build_model(config.resolved(), vocabulary, StubEncoder(3, 4))
    assert {weight.shape.rank for weight in model.representation.mix.weights} == {0, 1}
    for layer, same in (
        (model.representation.words, keras.representation.words),
        (model.representation.mix, keras.representation.mix),
    ):
        assert layer.weights
        for weight, other in zip(layer.weights, same.weights):
            np.testing.assert_array_equal(weight, other)


@pytest.mark.parametrize("label_size", [0, 3])
def test_parameters_are_those_of_the_paper(label_size, make_model, vocabulary):
    """From the sizes alone: a shared scorer with a class for "none", and no layer used twice."""
    config = dataclasses.replace(SMALL, **{**CHANGES, "bilstm_layers": 3, "label_size": label_size})
    model = make_model(**{**CHANGES, "bilstm_layers": 3, "label_size": label_size})
    tags, relations, d = len(vocabulary.tags), len(vocabulary.relations) + 1, config.hidden_size

    def bilstm(inputs, units=d):  # two directions, four gates each: W, U and b
        return 2 * 4 * units * (inputs + units + 1)

    hidden = config.relation_size
    assert count_parameters(model) == sum(
        [
            len(vocabulary.words) * config.word_size,
            len(vocabulary.characters) * config.char_size + bilstm(config.char_size, config.char_hidden_size),
            bilstm(config.word_size + 2 * config.char_hidden_size) + 2 * bilstm(2 * d),
            2 * d * hidden + hidden,  # the tanh layer below the CRF
            hidden * tags + tags + tags * tags,
            tags * label_size,
            hidden * 2 * (2 * d + label_size) + hidden + relations * hidden,  # U, W, b once; V for each relation
        ]
    )
