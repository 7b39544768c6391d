"""From tokens to the arrays that a model reads, within a graph: `cman_tf.layers.input_features`.

Shapes: B sentences, L tokens of the longest one, N distinct words, W characters of the longest word, n code points of
all distinct words.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from cman_tf.data.tokenizers.code_points import CODE_POINTS
from cman_tf.data.vocabulary import UNKNOWN_ID, Vocabulary
from cman_tf.exporting.code_point_tables import CodePointTable, number_rows
from cman_tf.exporting.word_forms import SecondForms
from cman_tf.layers.input_features import MAX_WORD_CHARACTERS

FROM_TOKENS = ("words", "characters", "character_lengths", "spelling")  # the arrays that tokens suffice for


class TokenFeatures(tf.Module):
    """Looks up the words and characters of tokens.

    Args:
      vocabulary: the vocabulary of the model.

    Attributes:
      words: the table from words to their ids. A saved module must hold it.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        keys = tf.constant([word.encode("utf-8") for word in vocabulary.words])
        ids = tf.range(len(vocabulary.words))
        self.words = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, ids), -1)
        self._forms = SecondForms()
        of_code = np.full(CODE_POINTS, UNKNOWN_ID, np.int32)
        for number, character in enumerate(vocabulary.characters):
            if len(character) == 1:  # the first one is the name of unknown characters
                of_code[ord(character)] = number
        self._characters = CodePointTable(of_code)

    def look_up(self, tokens: tf.Tensor, lengths: tf.Tensor) -> dict[str, tf.Tensor]:
        """Make the arrays of `FROM_TOKENS`.

        Args:
          tokens: UTF-8, string [B, L].
          lengths: the number of tokens of each sentence, int32 [B].

        Returns:
          The arrays by name. Every distinct word is looked up once. Padded positions hold the empty word.
        """
        there = tf.where(tf.sequence_mask(lengths, tf.shape(tokens)[1]))
        distinct, place = tf.unique(tf.concat([[""], tf.gather_nd(tokens, there)], 0))
        place = tf.scatter_nd(there, place[1:], tf.shape(tokens, tf.int64))
        decoded = tf.strings.unicode_decode(distinct, "UTF-8")
        codes, splits = decoded.values, tf.cast(decoded.row_splits, tf.int32)
        words = number_rows(splits[1:], tf.size(codes))
        ids = self._find_words(distinct, codes, words)
        return {"words": tf.gather(ids, place), **self._spell(codes, splits, place)}

    def _find_words(self, distinct: tf.Tensor, codes: tf.Tensor, words: tf.Tensor) -> tf.Tensor:
        """Look up words by their two forms, as `Vocabulary.word_ids` does: int32 [N]."""
        first = self.words.lookup(distinct)
        second = self.words.lookup(self._forms.find(codes, words, tf.shape(distinct)[0]))
        return tf.where(first >= 0, first, tf.where(second >= 0, second, UNKNOWN_ID))

    def _spell(self, codes: tf.Tensor, splits: tf.Tensor, place: tf.Tensor) -> dict[str, tf.Tensor]:
        """Make the arrays of characters, the longest words first.

        Args:
          codes: the code points of the distinct words, int32 [n].
          splits: the first code point of each word, and n, int32 [N + 1].
          place: the word of each token, int32 [B, L].
        """
        sizes = splits[1:] - splits[:-1]
        order = tf.argsort(sizes, direction="DESCENDING", stable=True)
        sizes, starts = tf.gather(sizes, order), tf.gather(splits, order)
        read = tf.minimum(sizes, MAX_WORD_CHARACTERS)
        lengths = tf.maximum(read, 1)  # the empty word has one unknown character
        column = tf.range(lengths[0])
        # Of a longer word, the beginning and the end are read.
        is_end = (sizes[:, None] > MAX_WORD_CHARACTERS) & (column >= MAX_WORD_CHARACTERS - MAX_WORD_CHARACTERS // 2)
        column = column + tf.where(is_end, sizes[:, None] - MAX_WORD_CHARACTERS, 0)
        is_there = tf.sequence_mask(read, lengths[0])
        ids = self._characters.lookup(tf.concat([codes, [0]], 0))
        ids = tf.where(is_there, tf.gather(ids, tf.where(is_there, starts[:, None] + column, 0)), 0)
        return {
            "characters": ids,
            "character_lengths": lengths,
            "spelling": tf.gather(tf.math.invert_permutation(order), place),
        }
