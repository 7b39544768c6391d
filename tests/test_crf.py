"""The CRF against all tag sequences."""

import numpy as np
import pytest
import reference
import tensorflow as tf
from layer_checks import randomize

from cman_tf.layers.crf import CRF
from cman_tf.layers.tfa_text import text

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


@pytest.mark.parametrize("small", [False, True])
def test_viterbi_by_all_sequences(crf, small):
    crf.small = small
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


def test_the_best_sequence_is_that_of_tensorflow_addons(crf):
    """With ties, sentences of no tokens, and values at padded places that must not count."""
    for tied, small in ((False, True), (True, True), (True, False)):
        crf.small = small
        potentials = RANDOM.normal(size=(20, 9, 3)).astype(np.float32)
        if tied:
            potentials = np.round(potentials)
            crf.transitions.assign(np.round(crf.transitions))
        lengths = np.array([*range(10), *RANDOM.integers(0, 10, 10)], np.int32)
        expected = text.crf_decode(potentials, crf.transitions, lengths)[0].numpy()
        mask = np.arange(9) < lengths[:, None]
        for run in (lambda f: f, tf.function):
            decoded = run(crf.decode)(potentials, lengths).numpy()
            np.testing.assert_array_equal(decoded if small else decoded * mask, expected * mask)


def test_marginals_of_a_long_sentence(crf):
    """They are as exact as those of a short one: sums over a sentence lose no digits."""
    potentials = RANDOM.normal(size=(1, 500, 3), scale=9).astype(np.float32)
    transitions = crf.transitions.numpy().astype(np.float64)

    def pass_messages(unary, transitions):
        messages = [unary[0]]
        for own in unary[1:]:
            messages.append(own + np.logaddexp.reduce(messages[-1][:, None] + transitions, 0))
        return np.array(messages)

    unary = potentials[0].astype(np.float64)
    both = pass_messages(unary, transitions) + pass_messages(unary[::-1], transitions.T)[::-1] - unary
    expected = np.exp(both - np.logaddexp.reduce(both, 1, keepdims=True))
    np.testing.assert_allclose(crf.marginals(potentials, np.array([500], np.int32))[0], expected, atol=1e-5)
