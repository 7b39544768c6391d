"""Relation scores of all pairs of tokens."""

import numpy as np
import pytest
import reference
import tensorflow as tf
from layer_checks import randomize

from cman_tf.layers.relation_scorer import RelationScorer
from cman_tf.models import pair_blocks
from cman_tf.models.pair_blocks import score_token_pairs

RANDOM = np.random.default_rng(1)

FEATURES = RANDOM.normal(size=(3, 4, 4)).astype(np.float32)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("xla", [False, True])
def test_relation_scores_equation_9(shared, xla):
    scorer = RelationScorer(3, 5, shared, xla)
    scorer(FEATURES)
    randomize(scorer)
    for run in (lambda f: f, tf.function):
        scores = run(lambda: scorer(FEATURES))().numpy()
        for row in range(3):
            np.testing.assert_allclose(scores[row], reference.relation_scores(FEATURES[row], scorer), atol=2e-5)
    pairs = np.array([[0, 1, 3], [2, 3, 3], [0, 0, 1]], np.int32)
    some = scorer.score_pairs(FEATURES, pairs).numpy()
    np.testing.assert_allclose(some, [scores[tuple(pair)] for pair in pairs], atol=2e-5)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (1, 4), (2, 3), (5, 9)])
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_compiled_scorer_equals_the_plain_one(shared, size, scale):
    """Values and gradients, also where tanh saturates far beyond float32's exponent."""
    plain, compiled = RelationScorer(3, 8, shared, xla=False), RelationScorer(3, 8, shared, xla=True)
    features = tf.constant(RANDOM.normal(size=(*size, 6), scale=scale), tf.float32)
    upstream = tf.constant(RANDOM.normal(size=(*size, size[1], 3)), tf.float32)
    plain(features), compiled(features)
    randomize(plain)
    compiled.set_weights(plain.get_weights())

    def run(scorer):
        with tf.GradientTape() as tape:
            tape.watch(features)
            scores = scorer(features)
        return [scores, *tape.gradient(scores, [features, *scorer.trainable_variables], upstream)]

    for expected, found in zip(run(plain), tf.function(lambda: run(compiled))()):
        scale_of = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(found, expected, atol=1e-4 * scale_of)
        assert np.isfinite(found).all()


@pytest.mark.parametrize("shared", [False, True])
def test_relation_prior(shared):
    scorer = RelationScorer(3, 16, shared, prior=0.001)
    p = tf.sigmoid(scorer(tf.zeros([2, 6, 8]))).numpy()
    np.testing.assert_allclose(p, 0.001, rtol=1e-4)
    plain = RelationScorer(3, 16, shared)
    p = tf.sigmoid(plain(tf.zeros([2, 6, 8]))).numpy()
    np.testing.assert_allclose(p, 0.5, rtol=1e-4)


@pytest.mark.parametrize("threshold", [-1.0, 0.5])
@pytest.mark.parametrize("pairs", [1, 7, 1 << 18])
def test_blocks_of_pairs_give_what_one_block_gives(pairs, threshold, monkeypatch):
    monkeypatch.setattr(pair_blocks, "_PAIRS", pairs)
    scorer = RelationScorer(3, 5, xla=False)
    scorer(FEATURES)
    randomize(scorer)
    chosen = np.array([[1, 1, 0, 1], [0, 0, 0, 0], [1, 0, 1, 1]], bool)
    scores = tf.sigmoid(scorer(FEATURES)).numpy()
    expected = [
        (row, i, j)
        for row, i, j in np.argwhere(chosen[:, :, None] & chosen[:, None, :]).tolist()
        if i != j and (scores[row, i, j] > threshold).any()
    ]
    found, values = tf.function(score_token_pairs)(scorer, tf.constant(FEATURES), tf.constant(chosen), threshold)
    assert [tuple(pair) for pair in found.numpy().tolist()] == expected
    np.testing.assert_allclose(values, np.array([scores[pair] for pair in expected]).reshape(-1, 3), atol=2e-5)


@pytest.mark.parametrize("model", ["multihead", "cman"])
def test_a_long_sentence_is_decoded_in_blocks_with_the_same_answer(
    model, make_model, make_batch, sentences, monkeypatch
):
    decoder = make_model(model=model, relation_candidates="tokens")
    batch = make_batch(sentences)
    every = decoder.decode(batch, threshold=-1.0)["scores"].numpy().max(-1)
    threshold = float(np.median(every))
    whole = decoder.decode(batch, threshold=threshold)
    assert 0 < len(whole["pairs"]) < len(every)
    monkeypatch.setattr(pair_blocks, "_PAIRS", 20)
    parts = decoder.decode(batch, threshold=threshold)
    np.testing.assert_array_equal(parts["pairs"], whole["pairs"])
    np.testing.assert_allclose(parts["scores"], whole["scores"], atol=1e-6)
