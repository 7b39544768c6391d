"""BiLSTM and its ablations against NumPy, and without padding."""

import numpy as np
import pytest
import reference
from layer_checks import LENGTHS, X, check, randomize

from cman_tf.layers.sequence_encoder import CELLS, SequenceEncoder


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
