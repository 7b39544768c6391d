"""A tokenizer's tables, run within a graph: `cman_tf.data.tokenizers.tables`.

All texts of a batch go forward together, one code point in each step. The loop makes one step for each code point of
the longest text and one for each of its tokens.

Shapes: B texts, n code points of all texts, k tokens of all texts.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from cman_tf.data.tokenizers.code_points import END, classes_of_code_points
from cman_tf.data.tokenizers.tables import MAX_LOOKAHEAD, Tables
from cman_tf.exporting.code_point_tables import CodePointTable, number_rows


class FoundTokens(NamedTuple):
    """The tokens of a batch of texts, one text after another.

    Attributes:
      rows: the number of each token's text, int32 [k].
      starts: the first code point of each token, counted from the text's beginning, int32 [k].
      ends: the code point after its last, int32 [k].
    """

    rows: tf.Tensor
    starts: tf.Tensor
    ends: tf.Tensor


class GraphTokenizer:
    """Cuts texts by tables.

    Args:
      tables: the tokenizer's tables.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._columns = CodePointTable(tables.columns[classes_of_code_points()])
        self._width = tables.steps.shape[1]
        self._end = int(tables.columns[END])

    def tokenize(self, codes: tf.Tensor, splits: tf.Tensor) -> FoundTokens:
        """Cut texts into tokens.

        Args:
          codes: the code points of all texts, one text after another, int32 [n].
          splits: the first code point of each text, and n, int32 [B + 1].

        Returns:
          The tokens.
        """
        columns = self._columns.lookup(codes)
        seen = tf.logical_not(tf.gather(self._tables.is_ignored, columns))
        texts = tf.shape(splits)[0] - 1
        rows = number_rows(splits[1:], tf.size(codes))
        # The length of a text without what it ends with and no token begins with.
        places = tf.range(tf.shape(codes)[0]) - tf.gather(splits, rows)
        lengths = tf.maximum(tf.math.unsorted_segment_max(tf.where(seen, places + 1, 0), rows, texts), 0)
        columns = self._lay_out(columns, rows, places, lengths, splits[1:] - splits[:-1])
        emitted = self._run(columns, lengths)
        found = tf.where(emitted[..., 1] > 0)
        spans = tf.gather_nd(emitted, found)
        return FoundTokens(tf.cast(found[:, 0], tf.int32), spans[:, 0], spans[:, 1])

    def _lay_out(
        self, columns: tf.Tensor, rows: tf.Tensor, places: tf.Tensor, lengths: tf.Tensor, sizes: tf.Tensor
    ) -> tf.Tensor:
        """Lay the columns of each text out in a row, with the column of the end before and after them.

        A last column has a number of its own, `self._width`, with which no state goes on.

        Returns:
          int32 [B, longest text + 3].
        """
        shape = tf.stack([tf.shape(lengths)[0], tf.reduce_max(sizes) + 3])
        laid = tf.scatter_nd(tf.stack([rows, places + 1], 1), columns - self._end, shape) + self._end
        laid = tf.where(tf.range(shape[1]) == lengths[:, None] + 1, self._end, laid)
        return tf.where(tf.range(shape[1]) >= lengths[:, None] + 2, self._width, laid)

    def _run(self, columns: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Run the automaton.

        Args:
          columns: from `_lay_out`; the text's first code point is at place 1.
          lengths: int32 [B].

        Returns:
          For each step the token that it ended, start and end, int32 [B, steps, 2]; 0 and 0 where it ended none.
        """
        tables, stride = self._tables, self._width + 1
        steps = tf.reshape(tf.pad(tf.constant(tables.steps), [[0, 0], [0, 1]]), [-1])
        lookaheads, skipped = tf.constant(tables.lookaheads), tf.constant(tables.is_skipped)
        starts = tf.constant([*tables.starts, 0])  # at the very end nothing begins
        texts, row_length = tf.shape(columns)[0], tf.shape(columns)[1]
        flat, base = tf.reshape(columns, [-1]), tf.range(texts) * row_length
        zeros = tf.zeros_like(lengths)

        def step(
            number: tf.Tensor,
            state: tf.Tensor,
            place: tf.Tensor,
            start: tf.Tensor,
            end: tf.Tensor,
            limit: tf.Tensor,
            matched: tf.Tensor,
            emitted: tf.TensorArray,
        ) -> tuple:
            column = tf.gather(flat, base + place + 1)
            following = tf.gather(steps, state * stride + column)
            goes_on = (following > 0) & (place - limit < MAX_LOOKAHEAD)
            lookahead = tf.gather(lookaheads, following)
            hits = goes_on & (lookahead >= 0)
            place = tf.where(goes_on, place + 1, place)
            end = tf.where(hits, place - lookahead, end)
            matched = tf.where(hits, following, matched)
            limit = tf.where(hits, place, limit)
            ended = tf.logical_not(goes_on) & (start < lengths)
            end = tf.where(ended, tf.maximum(end, start + 1), end)  # a code point that no rule matches is a token
            is_token = ended & tf.logical_not(tf.gather(skipped, matched))
            emitted = emitted.write(number, tf.where(is_token[:, None], tf.stack([start, end], 1), 0))
            state = tf.where(ended, tf.gather(starts, tf.gather(flat, base + end)), following)
            place, start, limit = (tf.where(ended, end, value) for value in (place, start, limit))
            return number + 1, state, place, start, end, limit, tf.where(ended, 0, matched), emitted

        begin = tf.gather(starts, tf.gather(flat, base))
        emitted = tf.TensorArray(tf.int32, 1, dynamic_size=True, element_shape=[None, 2])
        emitted = emitted.write(0, tf.zeros([texts, 2], tf.int32))  # an empty array could not be stacked
        emitted = tf.while_loop(
            lambda number, state, place, start, *_: tf.reduce_any(start < lengths),
            step,
            (1, begin, zeros, zeros, zeros, zeros, zeros, emitted),
        )[-1]
        return tf.transpose(emitted.stack(), [1, 0, 2])
