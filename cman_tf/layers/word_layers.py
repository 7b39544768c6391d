"""Word vectors and the character encoder (section 3.1 / III-A).

Shapes: B batch, L tokens, N distinct words in the batch, W characters of the longest word.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from cman_tf.data.vocabulary import UNKNOWN_ID
from cman_tf.layers.lstm import LSTM, last_states_both
from cman_tf.layers.random_draws import next_seed


class WordVectors(tf.keras.layers.Layer):
    """Word vectors: vectors from a file, frozen or tuned, or random vectors that are trained.

    Frozen vectors are not part of the checkpoint, because they are saved once with the vocabulary.

    Args:
      count: number of words in the vocabulary.
      size: size of random vectors.
      table: the vectors from a file, float32 [count, size], or None for random vectors.
      unknown_rate: share of the tokens that are read as unknown in training. Only with random vectors.
      tune: whether to train the vectors from a file.

    Call args:
      words: word ids, int32 [B, L].
      training: whether the model is being trained.

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
            bound = (3.0 / size) ** 0.5  # makes the vectors about 1 long
            self.table = self.add_weight(
                "table", [count, size], initializer=tf.keras.initializers.RandomUniform(-bound, bound)
            )

    def call(self, words: tf.Tensor, training: bool = False) -> tf.Tensor:
        if training and self.unknown_rate:
            hidden = tf.random.stateless_uniform(tf.shape(words), next_seed(), alg="philox") < self.unknown_rate
            words = tf.where(hidden, UNKNOWN_ID, words)
        return tf.gather(self.table, words)


class CharacterEncoder(tf.keras.layers.Layer):
    """A word's vector from its characters: the final states of a BiLSTM over the characters' embeddings.

    Each distinct word of the batch is encoded once.

    Args:
      count: number of characters in the vocabulary.
      size: size of the character embeddings.
      units: number of LSTM units per direction.

    Call args:
      characters: character ids, int32 [N, W], right-padded, the longest words first.
      lengths: number of characters of each word, int32 [N], in descending order, at least 1.
      spelling: each token's row in `characters`, int32 [B, L].
      training: whether a gradient is needed.

    Returns:
      float32 [B, L, 2 * units].
    """

    def __init__(self, count: int, size: int, units: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.table = self.add_weight("table", [count, size], initializer=tf.keras.initializers.RandomUniform(-0.1, 0.1))
        self.forward = LSTM(units, name="forward")
        self.backward = LSTM(units, backward=True, name="backward")

    def call(self, characters: tf.Tensor, lengths: tf.Tensor, spelling: tf.Tensor, training: bool = False) -> tf.Tensor:
        states = last_states_both(self.forward, self.backward, self.table, characters, lengths, training)
        return tf.gather(states, spelling)
