"""The objective: per-sentence losses, masked, and their weighting.

Shapes: B batch, L tokens, R relations.
"""

from __future__ import annotations

import tensorflow as tf


def relation_targets(relations: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
    """0/1 targets of the sigmoids: int32 [E, 4] to float32 [B, L, L, R]."""
    ones = tf.ones(tf.shape(relations)[0])
    return tf.scatter_nd(relations, ones, tf.shape(scores))


def relation_loss(scores: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """L_re, IJCAI equation 12, TNNLS equation 20: the sum over i, j and k.

    Each term is the cross-entropy of one sigmoid; pairs with padding count nothing.

    Args:
      scores: float32 [B, L, L, R].
      targets: float32 [B, L, L, R].
      lengths: int32 [B].

    Returns:
      float32 [B].
    """
    mask = tf.sequence_mask(lengths, tf.shape(scores)[1], tf.float32)
    pairs = mask[:, :, None, None] * mask[:, None, :, None]
    terms = tf.nn.sigmoid_cross_entropy_with_logits(targets, scores)
    return tf.reduce_sum(terms * pairs, axis=[1, 2, 3])


def divide_by_sentences(loss: tf.Tensor, sentences: tf.Tensor) -> tf.Tensor:
    """The mean of per-sentence losses over the whole batch, of which these sentences may be one replica's part.

    Args:
      loss: float32 [B].
      sentences: int32 scalar, of the whole batch.
    """
    return tf.reduce_sum(loss) / tf.cast(sentences, tf.float32)


class JointLoss(tf.keras.layers.Layer):
    """L_joint of a batch from the mean over its sentences of each task's loss.

    `sum`: IJCAI equation 13, TNNLS equation 21. `uncertainty`: TNNLS equations
    24-26, L_i / sigma_i^2 + log sigma_i^2, with s_i = log sigma_i^2 learned, 0 at
    the start (sigma_i = 1).

    Args:
      tasks: names of the losses: re, first_ner, second_ner.
      uncertainty: weight by uncertainty, else sum.

    Call args:
      losses: task to scalar.
      share: of the batch's sentences that the losses are of: 1, or less for one replica's part, so that the parts
        add up to the whole.

    Returns:
      scalar.
    """

    def __init__(self, tasks: tuple[str, ...], uncertainty: bool, **kwargs) -> None:
        super().__init__(**kwargs)
        self.log_variances = {}
        if uncertainty:
            for task in tasks:
                self.log_variances[task] = self.add_weight(f"log_variance_{task}", [], initializer="zeros")

    def call(self, losses: dict[str, tf.Tensor], share: tf.Tensor | float = 1.0) -> tf.Tensor:
        if not self.log_variances:
            return tf.add_n(list(losses.values()))
        return tf.add_n([tf.exp(-s) * losses[task] + share * s for task, s in self.log_variances.items()])
