"""The relation loss and the joint loss."""

import numpy as np
import pytest
import reference
import tensorflow as tf

from cman_tf.models.losses import JointLoss, relation_loss, relation_targets

RANDOM = np.random.default_rng(1)

LENGTHS = np.array([4, 2, 1], np.int32)


def test_relation_loss_equation_12():
    scores = RANDOM.normal(size=(3, 4, 4, 2)).astype(np.float32)
    relations = np.array([[0, 1, 3, 0], [0, 1, 3, 1], [0, 2, 0, 1], [1, 0, 1, 0]], np.int32)
    losses = relation_loss(scores, relation_targets(relations, scores), LENGTHS).numpy()
    for row, n in enumerate(LENGTHS):
        own = [tuple(r[1:]) for r in relations if r[0] == row]
        assert losses[row] == pytest.approx(reference.relation_loss(scores[row, :n, :n].astype(float), own), rel=1e-5)


def test_joint_loss_equation_23():
    """The sum with weights chosen by hand."""
    values = {"re": 3.0, "first_ner": 5.0, "second_ner": 7.0}
    losses = {task: tf.constant(value) for task, value in values.items()}
    layer = JointLoss(tuple(values), uncertainty=False, weights={"re": 2.0, "first_ner": 0.5, "second_ner": 1.0})
    assert float(layer(losses)) == 2.0 * 3.0 + 0.5 * 5.0 + 7.0
    assert not layer.trainable_variables
    assert float(JointLoss(tuple(values), False, dict.fromkeys(values, 1.0))(losses)) == 15.0  # equation 21


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
