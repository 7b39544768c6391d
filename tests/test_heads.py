"""CRF, relation scorer, losses, perturbation: against NumPy."""

import numpy as np
import pytest
import reference
import tensorflow as tf
from test_layers import randomize

from cman_tf.layers.crf import CRF
from cman_tf.layers.relation_scorer import RelationScorer
from cman_tf.models.losses import JointLoss, relation_loss, relation_targets
from cman_tf.training.adversarial import compute_perturbation

RANDOM = np.random.default_rng(1)


@pytest.fixture
def crf():
    layer = CRF(3)
    layer(tf.zeros([1, 1, 4]))
    return randomize(layer)


FEATURES = RANDOM.normal(size=(3, 4, 4)).astype(np.float32)
LENGTHS = np.array([4, 2, 1], np.int32)
TAGS = np.array([[0, 2, 1, 1], [2, 2, 0, 0], [1, 0, 0, 0]], np.int32)


def brute_force(crf, row, length):
    unary = reference.potentials(FEATURES[row, :length].astype(np.float64), crf)
    return unary, reference.crf_sequence_scores(unary, crf.transitions.numpy().astype(np.float64))


def test_crf_likelihood_by_all_sequences(crf):
    for run in (lambda f: f, tf.function):
        losses = run(lambda: crf.negative_log_likelihood(crf(FEATURES), TAGS, LENGTHS))().numpy()
        for row, length in enumerate(LENGTHS):
            unary, scores = brute_force(crf, row, length)
            tags = tuple(TAGS[row, :length])
            expected = reference.logsumexp(list(scores.values())) - scores[tags]
            assert losses[row] == pytest.approx(expected, abs=1e-5)
            assert reference.crf_nll(unary, crf.transitions.numpy(), tags) == pytest.approx(expected)


def test_viterbi_by_all_sequences(crf):
    decoded = crf.decode(crf(FEATURES), LENGTHS).numpy()
    for row, length in enumerate(LENGTHS):
        unary, scores = brute_force(crf, row, length)
        best = max(scores, key=scores.get)
        assert tuple(decoded[row, :length]) == best == tuple(reference.viterbi(unary, crf.transitions.numpy()))
        assert not decoded[row, length:].any()


def test_marginals_by_all_sequences(crf):
    for run in (lambda f: f, tf.function):
        marginals = run(lambda: crf.marginals(crf(FEATURES), LENGTHS))().numpy()
        for row, length in enumerate(LENGTHS):
            _, scores = brute_force(crf, row, length)
            total = reference.logsumexp(list(scores.values()))
            for place, tag in np.ndindex(length, 3):
                expected = sum(np.exp(s - total) for tags, s in scores.items() if tags[place] == tag)
                assert marginals[row, place, tag] == pytest.approx(expected, abs=1e-5)


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


def test_relation_loss_equation_12():
    scores = RANDOM.normal(size=(3, 4, 4, 2)).astype(np.float32)
    relations = np.array([[0, 1, 3, 0], [0, 1, 3, 1], [0, 2, 0, 1], [1, 0, 1, 0]], np.int32)
    losses = relation_loss(scores, relation_targets(relations, scores), LENGTHS).numpy()
    for row, n in enumerate(LENGTHS):
        own = [tuple(r[1:]) for r in relations if r[0] == row]
        assert losses[row] == pytest.approx(reference.relation_loss(scores[row, :n, :n].astype(float), own), rel=1e-5)


def test_joint_loss_equations_21_and_24_to_26():
    values = {"re": 3.0, "first_ner": 5.0, "second_ner": 7.0}
    losses = {task: tf.constant(value) for task, value in values.items()}
    assert float(JointLoss(tuple(values), uncertainty=False)(losses)) == 15.0
    layer = JointLoss(tuple(values), uncertainty=True)
    assert float(layer(losses)) == 15.0  # sigma is 1 at the start
    for task, sigma in zip(values, (0.5, 2.0, 3.0)):
        layer.log_variances[task].assign(np.log(sigma**2))
    expected = sum(v / s**2 + np.log(s**2) for v, s in zip(values.values(), (0.5, 2.0, 3.0)))
    assert float(layer(losses)) == pytest.approx(expected, rel=1e-6)
    assert len(layer.trainable_variables) == 3


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
