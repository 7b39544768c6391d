"""The best tag sequence and the marginals of a CRF, in one small loop each.

tensorflow-addons' crf_decode finds the same sequence, with a graph several times as large, because it makes Keras
layers. So an exported model, which has to answer soon after it is loaded, uses the loop.

Shapes: B batch, L tokens, T tags.
"""

from __future__ import annotations

import functools

import tensorflow as tf


def decode_in_a_loop(potentials: tf.Tensor, lengths: tf.Tensor, transitions: tf.Tensor) -> tf.Tensor:
    """Find the best tag sequence (Viterbi).

    Args:
      potentials: float32 [B, L, T].
      lengths: int32 [B].
      transitions: the weights from the tag in the rows to the tag in the columns, float32 [T, T].

    Returns:
      The tags, int32 [B, L], 0 where a sentence is padded.
    """
    steps = tf.transpose(potentials, [1, 0, 2])
    length, tags = tf.shape(steps)[0], steps.shape[2]
    mask = tf.sequence_mask(lengths, length)
    stays = tf.logical_not(tf.transpose(mask))[..., None]  # a padded step changes nothing
    transitions = tf.convert_to_tensor(transitions)

    def forward(t: tf.Tensor, state: tf.Tensor, origins: tf.TensorArray) -> tuple:
        scores = state[..., None] + transitions  # from the tag in the rows to the tag in the columns
        origin = tf.where(stays[t], tf.range(tags), tf.argmax(scores, 1, tf.int32))
        state = tf.where(stays[t], state, tf.reduce_max(scores, 1) + steps[t])
        return t + 1, state, origins.write(t, origin)

    def backward(t: tf.Tensor, tag: tf.Tensor, best: tf.TensorArray) -> tuple:
        return t - 1, tf.gather(origins.read(t), tag, batch_dims=1), best.write(t, tag)

    start = tf.TensorArray(tf.int32, length, clear_after_read=False).write(0, tf.zeros_like(steps[0], tf.int32))
    _, state, origins = tf.while_loop(lambda t, *_: t < length, forward, (1, steps[0], start))
    last = (length - 1, tf.argmax(state, 1, tf.int32), tf.TensorArray(tf.int32, length))
    best = tf.while_loop(lambda t, *_: t >= 0, backward, last)[2].stack()
    return tf.where(mask, tf.transpose(best), 0)


def marginals_in_a_loop(potentials: tf.Tensor, lengths: tf.Tensor, transitions: tf.Tensor) -> tf.Tensor:
    """Compute Pr(y_i = t | X) by the forward-backward algorithm, both directions in one loop.

    Args:
      potentials: float32 [B, L, T].
      lengths: int32 [B].
      transitions: as for `decode_in_a_loop`.

    Returns:
      The probabilities, float32 [B, L, T], 0 where a sentence is padded.
    """
    reverse = functools.partial(tf.reverse_sequence, seq_lengths=lengths, seq_axis=1, batch_axis=0)
    steps = tf.transpose(tf.stack([potentials, reverse(potentials)]), [2, 0, 1, 3])  # [L, 2, B, T]
    pairs = tf.stack([transitions, tf.transpose(transitions)])[:, None]  # [2, 1, T, T]

    def step(t: tf.Tensor, state: tf.Tensor, states: tf.TensorArray) -> tuple:
        state = tf.reduce_logsumexp(state[..., None] + pairs, -2) + steps[t]
        state -= tf.reduce_max(state, -1, keepdims=True)  # sums of a long sentence would lose digits
        return t + 1, state, states.write(t, state)

    length = tf.shape(steps)[0]
    states = tf.TensorArray(tf.float32, length).write(0, steps[0])
    states = tf.while_loop(lambda t, *_: t < length, step, (1, steps[0], states))[2].stack()
    forward, backward = tf.unstack(tf.transpose(states, [1, 2, 0, 3]))
    mask = tf.sequence_mask(lengths, length, tf.float32)
    return tf.nn.softmax(forward + reverse(backward) - potentials) * mask[..., None]
