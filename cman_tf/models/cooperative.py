"""Cooperative training (MoRe): a sentence is read with its context and alone, and both predictions are to agree.

Shapes: B batch, L tokens, T tags, R relations.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from cman_tf.layers.crf import CRF
from cman_tf.models.losses import relation_divergence, tag_divergence


class ViewOutcome(NamedTuple):
    """What a model computes of one view of a batch in training.

    Attributes:
      losses: the loss of each task, float32 [B].
      gate: as in `SecondPhase`.
      potentials: each CRF with its potentials, float32 [B, L, T].
      scores: the relation scores of all pairs, float32 [B, L, L, R].
    """

    losses: dict[str, tf.Tensor]
    gate: tf.Tensor
    potentials: list[tuple[CRF, tf.Tensor]]
    scores: tf.Tensor


def measure_divergence(teacher: ViewOutcome, pupil: ViewOutcome, lengths: tf.Tensor) -> tf.Tensor:
    """Compute sums of KL(teacher || pupil) over the marginals of each token and the relations of each pair.

    Args:
      teacher: the view with contexts. No gradient goes there.
      pupil: the view without.
      lengths: int32 [B].

    Returns:
      The divergence of each sentence in nats, float32 [B]. Each CRF counts.
    """
    total = relation_divergence(tf.stop_gradient(teacher.scores), pupil.scores, lengths)
    for (crf, of_teacher), (_, of_pupil) in zip(teacher.potentials, pupil.potentials):
        marginals = tf.stop_gradient(crf.marginals(of_teacher, lengths))
        total += tag_divergence(marginals, crf.marginals(of_pupil, lengths))
    return total
