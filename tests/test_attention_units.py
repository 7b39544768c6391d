"""BSA and BLA units and the label gate against NumPy."""

import numpy as np
import pytest
import reference
from layer_checks import LENGTHS, MASK, RANDOM, X, check, randomize

from cman_tf.layers.attention import MultiHeadAttention
from cman_tf.layers.attention_units import LabelAttentionUnit, SelfAttentionUnit
from cman_tf.layers.label_gate import LabelGate
from cman_tf.layers.sequence_encoder import SequenceEncoder


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
