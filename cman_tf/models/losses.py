"""The training objective: masked losses of each sentence, and how they are weighted.

Shapes: B batch, L tokens, R relations, E relations in the batch.
"""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

_SMALLEST = 1e-30  # a probability whose logarithm float32 can express


def relation_targets(relations: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
    """Make the targets of the sigmoids.

    Args:
      relations: the gold relations, int32 [E, 4], with sentence, head token, tail token and relation id.
      scores: the scores, float32 [B, L, L, R], whose shape the targets get.

    Returns:
      float32 [B, L, L, R], 1 for gold relations and 0 elsewhere.
    """
    ones = tf.ones(tf.shape(relations)[0])
    return tf.scatter_nd(relations, ones, tf.shape(scores))


def relation_loss(scores: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Compute L_re, IJCAI equation 12, TNNLS equation 20: the sum over i, j and k.

    Each term is the cross-entropy of one sigmoid. Pairs with padding are left out.

    Args:
      scores: the logits of the sigmoids, float32 [B, L, L, R].
      targets: 0 or 1, float32 [B, L, L, R].
      lengths: int32 [B].

    Returns:
      The loss of each sentence, float32 [B].
    """
    mask = tf.sequence_mask(lengths, tf.shape(scores)[1], tf.float32)
    pairs = mask[:, :, None, None] * mask[:, None, :, None]
    terms = tf.nn.sigmoid_cross_entropy_with_logits(targets, scores)
    return tf.reduce_sum(terms * pairs, axis=[1, 2, 3])


def tag_divergence(teacher: tf.Tensor, pupil: tf.Tensor) -> tf.Tensor:
    """Compute the sum over tokens of KL(teacher || pupil) between two distributions of tags.

    Args:
      teacher: probabilities, float32 [B, L, T], 0 where padded.
      pupil: the same of the other distribution.

    Returns:
      The divergence of each sentence in nats, float32 [B].
    """
    logs = [tf.math.log(tf.maximum(probabilities, _SMALLEST)) for probabilities in (teacher, pupil)]
    return tf.reduce_sum(teacher * (logs[0] - logs[1]), axis=[1, 2])


def relation_divergence(teacher: tf.Tensor, pupil: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Compute the sum over pairs and relations of KL(teacher || pupil) between two Bernoulli distributions.

    Args:
      teacher: the logits of the sigmoids, float32 [B, L, L, R].
      pupil: the same of the other distribution.
      lengths: int32 [B].

    Returns:
      The divergence of each sentence in nats, float32 [B].
    """
    probability = tf.sigmoid(teacher)
    cross = relation_loss(pupil, probability, lengths)
    return cross - relation_loss(teacher, probability, lengths)


def divide_by_sentences(loss: tf.Tensor, sentences: tf.Tensor) -> tf.Tensor:
    """Sum the losses of sentences and divide by the number of sentences in the whole batch.

    The sentences may be one replica's part of the batch. The sum over all parts is then the mean over the batch.

    Args:
      loss: the loss of each sentence, float32 [B].
      sentences: the number of sentences in the whole batch, int32 scalar.
    """
    return tf.reduce_sum(loss) / tf.cast(sentences, tf.float32)


class JointLoss(tf.keras.layers.Layer):
    """L_joint of a batch, from the losses of its tasks.

    Without weights: IJCAI equation 13, TNNLS equation 21. `weights`: TNNLS equation 23, the sum of w_i L_i, where the
    w_i are chosen by hand. `uncertainty`: TNNLS equations 24-26, L_i / sigma_i^2 + log sigma_i^2, where
    s_i = log sigma_i^2 is learned and starts at 0 (sigma_i = 1).

    Args:
      tasks: the names of the losses: re, first_ner, second_ner.
      uncertainty: whether to weight the losses by uncertainty. Otherwise they are summed.
      weights: the weight of each task in the sum, by its name, or None for 1 each.

    Call args:
      losses: each task's loss, averaged over the batch's sentences, a scalar by the name of the task.
      share: the share of the batch's sentences that the losses are of. It is 1, or less for one replica's part, so
        that the parts add up to the whole.

    Returns:
      L_joint, a scalar.
    """

    def __init__(
        self, tasks: tuple[str, ...], uncertainty: bool, weights: Mapping[str, float] | None = None, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self._task_weights = tuple((weights or {}).items())  # a tuple, because Keras would wrap a dictionary
        self.log_variances = {}
        if uncertainty:
            for task in tasks:
                self.log_variances[task] = self.add_weight(f"log_variance_{task}", [], initializer="zeros")

    def call(self, losses: dict[str, tf.Tensor], share: tf.Tensor | float = 1.0) -> tf.Tensor:
        if self._task_weights:
            return tf.add_n([weight * losses[task] for task, weight in self._task_weights])
        if not self.log_variances:
            return tf.add_n(list(losses.values()))
        return tf.add_n([tf.exp(-s) * losses[task] + share * s for task, s in self.log_variances.items()])
