"""The functions of an exported model find what the predictor finds, for every kind of model."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from helpers import SMALL, StubEncoder
from tiny_bert import SPELLING, write_bert

from cman_tf.data.types import Sentence
from cman_tf.encoders.transformer import TunedTransformer
from cman_tf.exporting.saved_model import make_module, prepare_model
from cman_tf.exporting.signatures import Signatures
from cman_tf.inference.constraints import DecodingOptions
from cman_tf.inference.predictor import Predictor
from cman_tf.models.factory import build_model

MODELS = [
    {"model": "multihead", "bilstm_layers": 1},
    {"relation_candidates": "tokens", "use_characters": False},
    {"cell": "gru", "separate_models": True, "relation_scorer": "shared", "bsa_units": 1},
]


def describe(found, place):
    """Entities and relations of one sentence, from what a signature returned; and their scores."""
    found = {name: value.numpy()[place] for name, value in found.items()}
    entities = zip(*(found[f"entity_{n}"][: found["entity_counts"]].tolist() for n in ("types", "starts", "ends")))
    relations = zip(*(found[f"relation_{n}"][: found["relation_counts"]].tolist() for n in ("types", "heads", "tails")))
    scores = [*found["entity_scores"][: found["entity_counts"]], *found["relation_scores"][: found["relation_counts"]]]
    return [(a.decode(), b, c) for a, b, c in entities], [(a.decode(), b, c) for a, b, c in relations], scores


def assert_same(found, predictions):
    for place, expected in enumerate(predictions):
        entities, relations, scores = describe(found, place)
        assert entities == [dataclasses.astuple(e) for e in expected.sentence.entities]
        assert relations == [dataclasses.astuple(r) for r in expected.sentence.relations]
        np.testing.assert_allclose(scores, [*expected.entity_scores, *expected.relation_scores], atol=1e-5)


def pad(sentences):
    tokens = tf.ragged.constant([sentence.tokens for sentence in sentences])
    return {"tokens": tokens.to_tensor(""), "lengths": tf.cast(tokens.row_lengths(), tf.int32)}


@pytest.mark.parametrize("changes", MODELS, ids=str)
def test_every_kind_of_model(changes, make_model, vocabulary, sentences):
    """The model's own operations are run, so that nothing need be traced."""
    model = make_model(**changes)
    options = DecodingOptions(0.0005, 0.1, symmetric=frozenset(["Live_In"]))
    sentences = [*sentences, Sentence(("ROME", "fox", "zzz"))]
    expected = Predictor(model, vocabulary, marginals=True).predict(sentences, options=options)
    assert sum(len(p.sentence.relations) for p in expected) >= 1
    prepare_model(model)
    made = Signatures(model, vocabulary, options, None)
    made.__dict__["_decoder"] = (lambda tokens, lengths, **features: made.decode(tokens, lengths, features), [])
    assert_same(made.read_tokens(**pad(sentences)), expected)


def test_a_model_with_an_encoder_takes_its_features(vocabulary, sentences):
    encoder = StubEncoder(2, 3)
    tf.keras.utils.set_random_seed(3)
    model = build_model(SMALL.resolved(), vocabulary, encoder)
    for variable in model.trainable_variables:
        variable.assign_add(tf.random.normal(variable.shape, stddev=0.3))
    expected = Predictor(model, vocabulary, marginals=True).predict(sentences)
    prepare_model(model)
    made = Signatures(model, vocabulary, DecodingOptions(), None)
    assert set(made.features) == {"contextual"}
    _, functions = make_module(made)
    assert set(functions) == {"features"}
    given = pad(sentences)
    contextual = np.zeros((*given["tokens"].shape, 2, 3), np.float32)
    for row, vectors in enumerate(encoder.encode([sentence.tokens for sentence in sentences])):
        contextual[row, : len(vectors)] = vectors
    call = functions["features"]
    assert_same(call(**given, contextual=tf.constant(contextual)), expected)
    empty = call(tokens=tf.zeros([2, 0], tf.string), lengths=tf.constant([0, 0]), contextual=tf.zeros([2, 0, 2, 3]))
    assert empty["entity_counts"].numpy().tolist() == [0, 0]
    for tokens, lengths in (([["a", ""]], [2]), ([["a"]], [2]), ([["a"]], [-1])):
        with pytest.raises(tf.errors.InvalidArgumentError, match="lengths: each must be the number of tokens"):
            call(
                tokens=tf.constant(tokens),
                lengths=tf.constant(lengths),
                contextual=tf.zeros([1, len(tokens[0]), 2, 3]),
            )


@pytest.mark.slow
@pytest.mark.extra(name="transformers")
def test_a_model_with_a_tuned_encoder_takes_its_word_pieces(vocabulary, sentences, tmp_path):
    encoder = TunedTransformer(write_bert(tmp_path, SPELLING), "tiny")
    tf.keras.utils.set_random_seed(3)
    model = build_model(dataclasses.replace(SMALL, tune_encoder=True).resolved(), vocabulary, encoder)
    expected = Predictor(model, vocabulary, marginals=True).predict(sentences)
    prepare_model(model)
    made = Signatures(model, vocabulary, DecodingOptions(), None)
    made.__dict__["_decoder"] = (lambda tokens, lengths, **features: made.decode(tokens, lengths, features), [])
    names = ["wordpieces", "wordpiece_lengths", "wordpiece_places"]
    assert [*made.features] == names
    pieces = dict(zip(names, map(tf.constant, encoder.split([sentence.tokens for sentence in sentences]))))
    assert_same(made.read_features(**pad(sentences), **pieces), expected)
