"""Attention weights, gates and pair scores: sums, padding, and the same in NumPy."""

import numpy as np
import pytest
import reference

from cman_tf.data.batches import make_example
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.inference.attended import describe_unit, measure_entropy
from cman_tf.inference.attention import compute_attention
from cman_tf.inference.predictor import Predictor


def softmax_of(query, memory, layer):
    """Each head's softmax of IJCAI equation 2, [z, L, L]."""
    query_weights, key_weights = (np.asarray(getattr(layer, f"w_{n}"), np.float64) for n in ("query", "key"))
    width, heads = query_weights.shape[0], layer.heads
    parts = [slice(n * width // heads, (n + 1) * width // heads) for n in range(heads)]
    scores = [(query @ query_weights[:, p]) @ (memory @ key_weights[:, p]).T / np.sqrt(width / heads) for p in parts]
    return np.array([reference.softmax(score) for score in scores])


def gate_of(x_m, labels, gate):
    w_x, w_l, b = (np.asarray(w, np.float64) for w in (gate.w_x, gate.w_l, gate.b_l))
    return reference.sigmoid(x_m @ w_x + labels @ w_l + b)


def attention_by_hand(sentence, tags, model, vocabulary):
    """All of a sentence in NumPy, given the tags that the label attention sees."""
    found = {}
    x = reference.token_representation(make_example(sentence, vocabulary), model, vocabulary)
    for number, unit in enumerate(model.ner_units, 1):
        hidden = reference.encode(x, unit.encoder)
        found[f"self_attention_{number}"] = softmax_of(hidden, hidden, unit.attention)
        x = reference.bsa(x, unit)
    table = np.asarray(model.label_table, np.float64)[[vocabulary.tags.index(tag) for tag in tags]]
    x_3 = reference.interact(x, [vocabulary.tags.index(tag) for tag in tags], model)
    query = x
    for number, unit in enumerate((model.first_bla, model.second_bla), 1):
        labels = reference.encode(table, unit.encoder)
        if unit.gate is not None:
            found[f"label_gate_{number}"] = gate_of(x, labels, unit.gate)
            labels = found[f"label_gate_{number}"] * labels
        found[f"label_attention_{number}"] = softmax_of(query, labels, unit.attention)
        query = reference.encode(np.concatenate([x, reference.bla(x, table, x, unit)], -1), model.fuse)
    scores = reference.sigmoid(reference.relation_scores(x_3, model.scorer))
    scores[np.arange(len(x)), np.arange(len(x))] = 0.0
    return found, scores


@pytest.mark.parametrize(("changes", "eager"), [({}, False), ({"model": "cman"}, True)])
def test_attention_is_that_of_the_equations(changes, eager, make_model, sentences, vocabulary, run_eagerly):
    """The batch is padded and NumPy's sentences are not, so that padding changes nothing."""
    run_eagerly(eager)
    model = make_model(**changes)
    found = compute_attention(model, vocabulary, sentences)
    predicted = Predictor(model, vocabulary, marginals=True).predict(sentences)
    for sentence, shown, prediction in zip(sentences, found, predicted):
        length = len(sentence.tokens)
        assert shown.tokens == sentence.tokens
        assert shown.prediction.sentence == prediction.sentence
        for weights in shown.weights.values():
            assert weights.shape == (2, length, length)
            np.testing.assert_allclose(weights.sum(-1), 1.0, atol=1e-5)
        expected, scores = attention_by_hand(sentence, shown.attended_tags, model, vocabulary)
        assert expected.keys() == {**shown.weights, **shown.gates}.keys()
        for name, value in {**shown.weights, **shown.gates}.items():
            np.testing.assert_allclose(value, expected[name], atol=2e-5, err_msg=name)
        np.testing.assert_allclose(shown.pair_scores, scores, atol=2e-5)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"share": False}, {"relation_self_attention_1", "ner_label_attention_2", "ner_label_gate_1"}),
        ({"separate_models": True}, {"relation_self_attention_2", "ner_label_attention_1", "label_gate_2"}),
    ],
)
def test_what_there_is_depends_on_the_model(changes, names, make_model, sentences, vocabulary, run_eagerly):
    run_eagerly(True)
    (found,) = compute_attention(make_model(**changes), vocabulary, sentences[:1])
    assert names <= {**found.weights, **found.gates}.keys()
    for weights in found.weights.values():
        np.testing.assert_allclose(weights.sum(-1), 1.0, atol=1e-5)


def test_models_without_attention(make_model, vocabulary):
    one = [Sentence(("Ann",))]
    with pytest.raises(DataError, match="the multi-head baseline, which has no attention"):
        compute_attention(make_model(model="multihead"), vocabulary, one)
    with pytest.raises(DataError, match="was trained without attention"):
        compute_attention(make_model(self_attention=False, label_attention=False), vocabulary, one)


def test_entropy_and_names():
    assert measure_entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).tolist() == [1.0, 0.0]
    assert measure_entropy(np.full((3, 8, 8), 1 / 8)) == pytest.approx(3.0)
    assert describe_unit("relation_self_attention_2") == "Self-attention 2, relation side"
    assert describe_unit("other") == "other"
