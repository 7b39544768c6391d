"""Word vectors, characters and contextual vectors of a token."""

import numpy as np
import reference
import tensorflow as tf
from helpers import SMALL, StubEncoder
from layer_checks import RANDOM, randomize

from cman_tf.data.batches import make_batch, make_example
from cman_tf.layers.input_features import list_features
from cman_tf.layers.token_representation import TokenRepresentation
from cman_tf.layers.word_layers import CharacterEncoder, WordVectors


def test_word_vectors():
    table = RANDOM.normal(size=(4, 3)).astype(np.float32)
    frozen = WordVectors(4, 50, table, unknown_rate=0.5)
    ids = tf.constant([[3, 1], [0, 2]])
    np.testing.assert_array_equal(frozen(ids, training=True), table[ids.numpy()])
    assert not frozen.weights  # saved once with the vocabulary, not in every checkpoint
    trained = WordVectors(4, 5, None, unknown_rate=0.5)
    assert trained.trainable_weights[0].shape == (4, 5)
    many = tf.fill([1, 1000], 3)
    unknown = np.all(trained(many, training=True)[0] == trained.table[0], axis=-1).mean()
    assert 0.4 < unknown < 0.6
    np.testing.assert_array_equal(trained(many)[0, :2], np.stack([trained.table[3]] * 2))


def test_character_encoder():
    layer = CharacterEncoder(7, 4, 3)
    characters = np.array([[1, 2, 3], [4, 5, 0], [6, 0, 0]], np.int32)
    lengths = np.array([3, 2, 1], np.int32)
    spelling = np.array([[1, 2, 2], [2, 0, 0]], np.int32)
    layer(characters, lengths, spelling)
    randomize(layer)
    result = layer(characters, lengths, spelling).numpy()
    for word in range(3):
        x = layer.table.numpy()[characters[word, : lengths[word]]]
        forward = reference.lstm(x, *reference.lstm_weights(layer.forward))[-1]
        backward = reference.lstm(x[::-1], *reference.lstm_weights(layer.backward))[-1]
        for row, column in zip(*np.where(spelling == word)):
            np.testing.assert_allclose(result[row, column], np.concatenate([forward, backward]), atol=1e-5)


def test_tuned_word_vectors():
    table = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    tuned = WordVectors(4, 3, table, unknown_rate=0.5, tune=True)
    ids = tf.constant([[3, 1]])
    np.testing.assert_array_equal(tuned(ids, training=True), table[ids.numpy()])  # none read as unknown
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tuned(ids))
    (gradient,) = tape.gradient(total, tuned.trainable_weights)
    np.testing.assert_array_equal(tf.convert_to_tensor(gradient)[:, 0], [0, 1, 0, 1])


def test_token_representation_takes_contextual_vectors(sentences, vocabulary):
    examples, encoder = [make_example(s, vocabulary) for s in sentences], StubEncoder(2, 7)
    features = list_features(SMALL, vocabulary, encoder)
    batch = {name: tf.constant(array) for name, array in make_batch(examples, features).items()}
    width = SMALL.word_size + 2 * SMALL.char_hidden_size
    assert TokenRepresentation(features[:2])(batch).shape == (4, 12, width)
    layer = TokenRepresentation(features)
    with tf.GradientTape() as tape:
        tape.watch(batch["contextual"])
        whole = layer(batch)
    assert tape.gradient(whole, batch["contextual"]) is None  # a frozen encoder's layers
    assert whole.shape == (4, 12, width + 7)
    for row, sentence in enumerate(sentences):
        length = len(sentence.tokens)
        (vectors,) = encoder.encode([sentence.tokens])
        np.testing.assert_allclose(whole[row, :length, width:], vectors.mean(1), atol=1e-6)
        assert not whole[row, length:].numpy().any()  # padding is zero
