"""The second form under which a word is looked up, within a graph: `cman_tf.data.word_vectors.forms`.

TensorFlow's own `tf.strings.lower` differs from Python's in some code points and has no counterpart of `title`.
Therefore the cases of letters are tables, made by the Python that exports the model.

Shapes: n code points, k words.
"""

from __future__ import annotations

import functools
import unicodedata

import numpy as np
import tensorflow as tf

from cman_tf.data.tokenizers.code_points import CODE_POINTS
from cman_tf.exporting.code_point_tables import CodePointTable, encode_characters

_MOST = 3  # code points that one becomes in another case
_SIGMA, _FINAL_SIGMA = 0x3A3, 0x3C2
# Properties of a code point, as bits.
_CASED, _CAPITAL, _IGNORED, _DIGIT = 1, 2, 4, 8
_PLAIN = ("Cn", "Co", "Cs")  # the categories of code points that have none of them: not assigned, private, surrogates


class SecondForms:
    """Finds the second form of words."""

    def __init__(self) -> None:
        self._rows, self._properties, self._lower, self._title = _make_tables()

    def find(self, codes: tf.Tensor, words: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        """Find the second form of each word.

        Args:
          codes: the code points of all words, one word after another, int32 [n].
          words: the number of the word that each code point belongs to, int32 [n], in order.
          count: k, int32 scalar.

        Returns:
          The forms as UTF-8, string [k].
        """
        properties = self._properties.lookup(codes)
        is_cased, is_capital, is_ignored, is_digit = (
            tf.bitwise.bitwise_and(properties, bit) > 0 for bit in (_CASED, _CAPITAL, _IGNORED, _DIGIT)
        )
        has_cased, has_capital, has_other = (
            _any(of_code, words, count) for of_code in (is_cased, is_capital, tf.logical_not(is_digit))
        )
        is_lower = tf.gather(has_cased & tf.logical_not(has_capital), words)
        rows = self._rows.lookup(codes)
        before = tf.concat([[False], is_cased[:-1] & (words[1:] == words[:-1])], 0)[: tf.size(codes)]
        begins = is_lower & tf.logical_not(before)  # only a letter after no letter is large in a title
        new = tf.where(begins[:, None], tf.gather(self._title, rows), tf.gather(self._lower, rows))
        new = tf.where((rows == 0)[:, None], tf.stack([codes, -tf.ones_like(codes), -tf.ones_like(codes)], 1), new)
        is_final = (codes == _SIGMA) & _ends_word(words, is_cased, is_ignored)
        new = tf.where(is_final[:, None], [_FINAL_SIGMA, -1, -1], new)
        kept = tf.where(new >= 0)
        owners, characters = tf.gather(words, kept[:, 0]), encode_characters(tf.gather_nd(new, kept))
        joined = tf.strings.unsorted_segment_join(characters, owners, count)
        is_number = tf.logical_not(has_other) & _any(tf.ones_like(is_digit), words, count)
        return tf.where(is_number, "0", joined)


@functools.lru_cache(maxsize=1)
def _make_tables() -> tuple[CodePointTable, CodePointTable, np.ndarray, np.ndarray]:
    """Return the tables of all code points.

    Returns:
      The row of each code point in the last two tables, the properties of each code point, and what it becomes in lower
      and in title case, int32 [rows, 3].
    """
    lower, title = [[-1] * _MOST], [[-1] * _MOST]  # row 0: the code point stays as it is
    rows, properties = np.zeros(CODE_POINTS, np.int32), np.zeros(CODE_POINTS, np.int32)
    for code in range(CODE_POINTS):
        character = chr(code)
        if unicodedata.category(character) in _PLAIN:
            continue
        properties[code] = _describe(character)
        small, large = character.lower(), character.title()
        if small != character or large != character:
            rows[code] = len(lower)
            lower.append(_pad(small))
            title.append(_pad(large))
    return CodePointTable(rows), CodePointTable(properties), np.array(lower, np.int32), np.array(title, np.int32)


def _describe(character: str) -> int:
    """Return the properties of a character, as Python's own functions see them."""
    is_capital = character.isupper() or character.istitle()
    # Python asks whether a character is ignored only to find out which sigma ends a word.
    is_ignored = f"a{character}Σ".lower()[-1] == "ς" and f"0{character}Σ".lower()[-1] == "σ"
    found = _CASED if is_capital or character.islower() else 0
    found |= _CAPITAL if is_capital else 0
    found |= _IGNORED if is_ignored else 0
    return found | (_DIGIT if character.isdecimal() else 0)


def _pad(text: str) -> list[int]:
    """Return the code points of a text and -1 for each that it lacks."""
    return [*map(ord, text), *[-1] * (_MOST - len(text))]


def _any(of_code: tf.Tensor, words: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Return for each word whether something holds of one of its code points: from bool [n] to bool [k]."""
    return tf.math.unsorted_segment_sum(tf.cast(of_code, tf.int32), words, count) > 0


def _ends_word(words: tf.Tensor, is_cased: tf.Tensor, is_ignored: tf.Tensor) -> tf.Tensor:
    """Return for each code point whether a letter comes before it and none after it, bool [n].

    Ignored code points, such as apostrophes and combining marks, are passed over.
    """
    seen = tf.logical_not(is_ignored)
    kept = tf.cast(tf.where(seen)[:, 0], tf.int32)
    # The places before and after a code point among those that are seen. Both ends hold a place that is no letter.
    of_kept = tf.concat([[-1], tf.gather(words, kept), [-1]], 0)
    letter = tf.concat([[False], tf.gather(is_cased, kept), [False]], 0)
    past = tf.cumsum(tf.cast(seen, tf.int32))
    previous = past - tf.cast(seen, tf.int32)

    def is_letter(places: tf.Tensor) -> tf.Tensor:
        return tf.gather(letter, places) & (tf.gather(of_kept, places) == words)

    return is_letter(previous) & tf.logical_not(is_letter(past + 1))
