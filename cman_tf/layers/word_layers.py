"""A word from its vector and from its characters (section 3.1 / III-A).

Shapes: B batch, L tokens, N distinct words in the batch, W characters.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from cman_tf.data.vocabulary import UNKNOWN_ID
from cman_tf.layers.lstm import LSTM
from cman_tf.layers.random_draws import next_seed


class WordVectors(tf.keras.layers.Layer):
    """Word vectors: a table read from a file, frozen or tuned, or trainable random vectors.

    A frozen table stays out of the checkpoint: it is saved once with the vocabulary.

    Args:
      count: words in the vocabulary.
      size: size of trainable vectors.
      table: float32 [count, size] of those from a file, or None.
      unknown_rate: share of tokens read as unknown while training random vectors.
      tune: train those from a file, too.

    Call args:
      words: int32 [B, L].

    Returns:
      float32 [B, L, size].
    """

    def __init__(
        self, count: int, size: int, table: np.ndarray | None, unknown_rate: float, tune: bool = False, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.unknown_rate = 0.0 if table is not None else unknown_rate
        if table is not None and tune:
            self.table = self.add_weight("table", table.shape, initializer=tf.keras.initializers.Constant(table))
        elif table is not None:
            self.table = tf.constant(table, tf.float32)
        else:
            bound = (3.0 / size) ** 0.5  # each vector of length 1, about
            self.table = self.add_weight(
                "table", [count, size], initializer=tf.keras.initializers.RandomUniform(-bound, bound)
            )

    def call(self, words: tf.Tensor, training: bool = False) -> tf.Tensor:
        if training and self.unknown_rate:
            hidden = tf.random.stateless_uniform(tf.shape(words), next_seed(), alg="philox") < self.unknown_rate
            words = tf.where(hidden, UNKNOWN_ID, words)
        return tf.gather(self.table, words)


class CharacterEncoder(tf.keras.layers.Layer):
    """A word from its characters: final states of a BiLSTM over their embeddings.

    Each distinct word of the batch is encoded once.

    Args:
      count: characters in the vocabulary.
      size: size of the character embeddings.
      units: LSTM units a direction.

    Call args:
      characters: int32 [N, W], right-padded, the longest words first.
      lengths: int32 [N], falling, at least 1.
      spelling: int32 [B, L], each token's row of `characters`.

    Returns:
      float32 [B, L, 2 * units].
    """

    def __init__(self, count: int, size: int, units: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.table = self.add_weight("table", [count, size], initializer=tf.keras.initializers.RandomUniform(-0.1, 0.1))
        self.forward = LSTM(units, name="forward")
        self.backward = LSTM(units, backward=True, name="backward")

    def call(self, characters: tf.Tensor, lengths: tf.Tensor, spelling: tf.Tensor) -> tf.Tensor:
        both = [layer.last_states(self.table, characters, lengths) for layer in (self.forward, self.backward)]
        return tf.gather(tf.concat(both, -1), spelling)
