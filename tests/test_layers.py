"""Encoder, attention, units, gate: against NumPy, against themselves without padding."""

import numpy as np
import pytest
import reference
import tensorflow as tf

from cman_tf.layers.attention import MultiHeadAttention
from cman_tf.layers.attention_units import LabelAttentionUnit, LabelGate, SelfAttentionUnit
from cman_tf.layers.scalar_mix import ScalarMix
from cman_tf.layers.sequence_encoder import CELLS, SequenceEncoder
from cman_tf.layers.token_representation import CharacterEncoder, TokenRepresentation, WordVectors

RANDOM = np.random.default_rng(0)
LENGTHS = np.array([5, 3, 1], np.int32)
X = RANDOM.normal(size=(3, 5, 6)).astype(np.float32)
MASK = tf.sequence_mask(LENGTHS, 5)


def randomize(layer):
    """Give every weight, biases too, a value that matters."""
    for weight in layer.weights:
        weight.assign(RANDOM.normal(size=weight.shape, scale=0.5))
    return layer


def check(call, expected, atol=1e-5):
    """Eager and graph results equal the reference, which works a sentence at a time."""
    for run in (call, tf.function(call)):
        result = run().numpy()
        for row, length in enumerate(LENGTHS):
            np.testing.assert_allclose(result[row, :length], expected(row, length), atol=atol)


def test_bilstm_equations_1_to_3():
    encoder = SequenceEncoder(4)
    encoder(X, LENGTHS)
    randomize(encoder)
    check(lambda: encoder(X, LENGTHS), lambda row, n: reference.bilstm(X[row, :n], encoder))


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_keeps_width_and_ignores_padding(cell):
    encoder = SequenceEncoder(4, cell)
    whole = encoder(X, LENGTHS).numpy()
    assert whole.shape == (3, 5, 8)
    for row, length in enumerate(LENGTHS):
        alone = encoder(X[row : row + 1, :length], LENGTHS[row : row + 1]).numpy()
        np.testing.assert_allclose(whole[row, :length], alone[0], atol=1e-6)
    # Only the bidirectional ones let a later token change an earlier one.
    changed = X.copy()
    changed[0, 4] += 1.0
    difference = np.abs(encoder(changed, LENGTHS).numpy() - whole)[0, 0].max()
    assert (difference > 1e-6) == cell.startswith("bi")


def test_unknown_cell():
    with pytest.raises(ValueError, match="cell 'rnn', expected one of"):
        SequenceEncoder(4, "rnn")


def test_encoder_dropout_only_in_training():
    encoder = SequenceEncoder(64, dropout=0.5)
    plain = encoder(X, LENGTHS).numpy()
    np.testing.assert_array_equal(plain, encoder(X, LENGTHS).numpy())
    dropped = encoder(X, LENGTHS, training=True).numpy()
    assert 0.4 < (dropped[0] == 0).mean() < 0.6
    kept = dropped[0] != 0
    np.testing.assert_allclose(dropped[0][kept], 2 * plain[0][kept], rtol=1e-5, atol=1e-6)


def test_attention_equations_2_and_3():
    layer = MultiHeadAttention(3)
    memory = RANDOM.normal(size=X.shape).astype(np.float32)
    layer(X, memory, MASK)
    randomize(layer)
    check(lambda: layer(X, memory, MASK), lambda row, n: reference.attention(X[row, :n], memory[row, :n], layer))


def test_attention_heads_must_divide_width():
    with pytest.raises(ValueError, match="4 heads do not divide the width 6"):
        MultiHeadAttention(4)(X, X, MASK)


@pytest.mark.parametrize("attended", [True, False])
def test_self_attention_unit(attended):
    unit = SelfAttentionUnit(SequenceEncoder(3), MultiHeadAttention(2) if attended else None)
    unit(X, LENGTHS, MASK)
    randomize(unit)
    check(lambda: unit(X, LENGTHS, MASK), lambda row, n: reference.bsa(X[row, :n], unit))


def test_label_gate_equations_10_and_11():
    gate = LabelGate()
    labels = RANDOM.normal(size=X.shape).astype(np.float32)
    gate(X, labels)
    randomize(gate)
    check(lambda: gate(X, labels)[0], lambda row, n: reference.gated(X[row, :n], labels[row, :n], gate))
    values = gate(X, labels)[1].numpy()
    assert ((values > 0) & (values < 1)).all()


@pytest.mark.parametrize("gated", [True, False])
def test_label_attention_unit(gated):
    unit = LabelAttentionUnit(SequenceEncoder(3), MultiHeadAttention(2), LabelGate() if gated else None, dropout=0.0)
    labels = RANDOM.normal(size=(3, 5, 4)).astype(np.float32)
    x_m = RANDOM.normal(size=X.shape).astype(np.float32)

    def call():
        return unit(X, unit.encode_labels(labels, LENGTHS), x_m, MASK)[0]

    call()
    randomize(unit)
    check(call, lambda row, n: reference.bla(X[row, :n], labels[row, :n], x_m[row, :n], unit))
    mean = float(unit(X, unit.encode_labels(labels, LENGTHS), x_m, MASK)[1])
    assert 0 < mean < 1 if gated else mean == 1


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


def test_scalar_mix():
    """gamma * sum_k softmax(w)_k h_k."""
    mix = ScalarMix()
    layers = tf.random.normal([2, 3, 4, 5])
    np.testing.assert_allclose(mix(layers), layers.numpy().mean(2), atol=1e-6)  # at first
    np.testing.assert_allclose(tf.function(ScalarMix())(layers), mix(layers), atol=1e-6)
    mix.gamma.assign(1.7)
    mix.w.assign([0.3, -1.0, 2.0, 0.0])
    weights = np.exp(mix.w.numpy()) / np.exp(mix.w.numpy()).sum()
    expected = 1.7 * sum(weight * layers[:, :, k].numpy() for k, weight in enumerate(weights))
    np.testing.assert_allclose(mix(layers), expected, atol=1e-5)


def test_scalar_mix_of_some_layers():
    mix = ScalarMix([0, 2], scale=3.0)
    layers = tf.random.normal([2, 3, 4, 5])
    expected = 3.0 * layers.numpy()[:, :, [0, 2]].mean(2)
    np.testing.assert_allclose(mix(layers), expected, atol=1e-5)
    mix.w.assign([1.0, 0.0])
    share = 1 / (1 + np.exp(-1.0))
    expected = 3.0 * (share * layers[:, :, 0] + (1 - share) * layers[:, :, 2])
    np.testing.assert_allclose(mix(layers), expected, atol=1e-5)


def test_token_representation_takes_contextual_vectors():
    layer = TokenRepresentation(WordVectors(4, 5, None, 0.0), CharacterEncoder(3, 2, 2))
    batch = {
        "words": tf.constant([[1, 2, 0]]),
        "lengths": tf.constant([2]),
        "characters": tf.constant([[1, 2], [1, 0]]),
        "character_lengths": tf.constant([2, 1]),
        "spelling": tf.constant([[1, 1, 0]]),
    }
    assert layer(batch).shape == (1, 3, 5 + 4)
    contextual = tf.random.normal([1, 3, 2, 7])
    with tf.GradientTape() as tape:
        tape.watch(contextual)
        whole = layer({**batch, "contextual": contextual})
    assert tape.gradient(whole, contextual) is None  # a frozen encoder's layers
    assert whole.shape == (1, 3, 5 + 4 + 7)
    np.testing.assert_allclose(whole[:, :2, 9:], contextual.numpy()[:, :2].mean(2), atol=1e-6)
    assert not whole[:, 2].numpy().any()  # padding is zero
