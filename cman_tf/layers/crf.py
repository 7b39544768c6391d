"""A CRF for tags, on the functions of tensorflow-addons.

Shapes: B batch, L tokens, D features, T tags.
"""

from __future__ import annotations

import functools

import tensorflow as tf

from cman_tf.layers.tfa_text import text


class CRF(tf.keras.layers.Layer):
    """Pr(Y | X) of IJCAI equation 8, TNNLS equations 9 and 15.

    The log potential of (y_{i-1}, y_i) is W X_i + b at y_i plus a transition weight for the pair. There are no weights
    for the first and the last tag, as in the baseline.

    Args:
      tags: T.

    Call args:
      features: float32 [B, L, D].

    Returns:
      The tags' potentials W X + b, float32 [B, L, T].
    """

    def __init__(self, tags: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.unary = tf.keras.layers.Dense(tags, name="unary")
        self.transitions = self.add_weight("transitions", [tags, tags], initializer="glorot_uniform")

    def call(self, features: tf.Tensor) -> tf.Tensor:
        return self.unary(features)

    def negative_log_likelihood(self, potentials: tf.Tensor, tags: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Compute -log Pr(Y | X), IJCAI equation 11, TNNLS equations 18 and 19.

        Args:
          potentials: the potentials that `call` returns, float32 [B, L, T].
          tags: Y, int32 [B, L].
          lengths: int32 [B].

        Returns:
          The loss of each sentence, float32 [B].
        """
        return -text.crf_log_likelihood(potentials, tags, lengths, self.transitions)[0]

    def decode(self, potentials: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Find the best tag sequence (Viterbi).

        It finds what `text.crf_decode` finds. That function is slower to start, because it makes Keras layers.

        Args:
          potentials: the potentials that `call` returns, float32 [B, L, T].
          lengths: int32 [B].

        Returns:
          The tags, int32 [B, L], 0 where a sentence is padded.
        """
        steps = tf.transpose(potentials, [1, 0, 2])
        length, tags = tf.shape(steps)[0], steps.shape[2]
        mask = tf.sequence_mask(lengths, length)
        stays = tf.logical_not(tf.transpose(mask))[..., None]  # a padded step changes nothing
        transitions = tf.convert_to_tensor(self.transitions)

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

    def marginals(self, potentials: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Compute Pr(y_i = t | X) by the forward-backward algorithm.

        Both directions run in one loop, without the gradient of log Z, whose graph is several times as large.

        Args:
          potentials: the potentials that `call` returns, float32 [B, L, T].
          lengths: int32 [B].

        Returns:
          The probabilities, float32 [B, L, T], 0 where a sentence is padded.
        """
        reverse = functools.partial(tf.reverse_sequence, seq_lengths=lengths, seq_axis=1, batch_axis=0)
        steps = tf.transpose(tf.stack([potentials, reverse(potentials)]), [2, 0, 1, 3])  # [L, 2, B, T]
        pairs = tf.stack([self.transitions, tf.transpose(self.transitions)])[:, None]  # [2, 1, T, T]

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
