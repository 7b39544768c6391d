"""Token representation, section 3.1 / III-A: [word; characters; contextual].

Shapes: B batch, L tokens, N distinct words in the batch, W characters.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from cman_tf.config import Config
from cman_tf.data.vocabulary import UNKNOWN_ID, Vocabulary
from cman_tf.layers.lstm import LSTM
from cman_tf.layers.piece_pool import pool
from cman_tf.layers.scalar_mix import ScalarMix


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
            hidden = tf.random.uniform(tf.shape(words)) < self.unknown_rate
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


class TokenRepresentation(tf.keras.layers.Layer):
    """X^0 = [word vector; character BiLSTM; contextual vector], zero where padded.

    The adversarial perturbation is added to this whole vector.

    Args:
      words: word vectors.
      characters: their encoder, or None for none.
      encoder: a contextual encoder that is trained with the model, or None.
      mix: of the layers of either kind of encoder.

    Call args:
      batch: as `cman_tf.data.batches.signature`; the layers of a frozen encoder are in
        "contextual"; an encoder of the model's own reads its word pieces.

    Returns:
      float32 [B, L, d_w].
    """

    def __init__(
        self,
        words: WordVectors,
        characters: CharacterEncoder | None,
        encoder: tf.keras.layers.Layer | None = None,
        mix: ScalarMix | None = None,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.words = words
        self.characters = characters
        self.encoder = encoder
        self.mix = mix or ScalarMix(name="mix")

    def call(self, batch: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        parts = [self.words(batch["words"], training=training)]
        if self.characters is not None:
            parts.append(self.characters(batch["characters"], batch["character_lengths"], batch["spelling"]))
        if self.encoder is not None:
            hidden = self.encoder(batch["pieces"], batch["piece_lengths"], training=training)
            parts.append(self.mix(pool(hidden, batch["piece_places"], tf.shape(batch["words"]))))
        elif "contextual" in batch:
            parts.append(self.mix(tf.stop_gradient(batch["contextual"])))
        mask = tf.sequence_mask(batch["lengths"], tf.shape(batch["words"])[1], tf.float32)
        return tf.concat(parts, -1) * mask[..., None]


def make_representation(
    config: Config, vocabulary: Vocabulary, encoder: tf.keras.layers.Layer | None = None
) -> TokenRepresentation:
    """The token representation that the settings ask for; the rest as for `TokenRepresentation`."""
    s = config
    words = WordVectors(
        len(vocabulary.words), s.word_size, vocabulary.vectors, s.unknown_word_rate, s.tune_word_vectors
    )
    characters = CharacterEncoder(len(vocabulary.characters), s.char_size, s.char_hidden_size)
    mix = ScalarMix(s.chosen_layers(), s.mix_scale, name="mix")
    return TokenRepresentation(words, characters if s.use_characters else None, encoder, mix)
