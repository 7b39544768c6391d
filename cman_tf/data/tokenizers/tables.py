"""A tokenizer as tables, and the loop that runs them.

The tables are plain arrays, so that another program (such as an exported model) can run the same tokenizer with a
gather and a loop. The rules are those of lexical analysis: at each place the longest match wins.

1. `columns[class]` maps the class of a code point (`code_points.classes_of_code_points`) to a column. The places
   before the text and after its last character that is not ignored have the column of the class `end`.
2. At a place, the automaton begins in state `starts[column of the character before]`.
3. A character takes it from a state to `steps[state, column]`. State 0 means that no rule fits any more.
4. In a state whose `lookaheads[state]` is not -1, what was read is a match. The last `lookaheads[state]` characters
   only had to follow and are not part of it.
5. When no rule fits any more, or when `MAX_LOOKAHEAD` characters were read since the last match, the last match counts,
   and the next one begins at its end. It is a token, unless `is_skipped[state]` says that it is left out. Without a
   match, one character is a token.
"""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import numpy.typing as npt

from cman_tf.data.tokenizers.base import Token
from cman_tf.data.tokenizers.code_points import END, classes_of_code_points

MAX_LOOKAHEAD = 80  # bounds the work per character


@dataclasses.dataclass(frozen=True, eq=False)
class Tables:
    """The tables of a tokenizer, as the module describes them.

    Attributes:
      columns: for each class its column. Classes that no rule tells apart share one.
      starts: for each column of the character before a match, the state in which the match begins.
      steps: for each state and column the next state, or 0.
      lookaheads: for each state -1, or the number of characters that only had to follow.
      is_skipped: for each state whether its match is no token.
      is_ignored: for each column whether its characters never begin a token.
    """

    columns: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int32]
    steps: npt.NDArray[np.int32]
    lookaheads: npt.NDArray[np.int32]
    is_skipped: npt.NDArray[np.bool_]
    is_ignored: npt.NDArray[np.bool_]

    def fingerprint(self) -> str:
        """Return a hash of all tables."""
        digest = hashlib.sha256()
        for field in dataclasses.fields(self):
            array: npt.NDArray[np.int32] = getattr(self, field.name)
            digest.update(np.ascontiguousarray(array, np.int32).tobytes())
        return digest.hexdigest()


class TableRunner:
    """Cuts texts by tables.

    Args:
      tables: the tokenizer's tables.
    """

    def __init__(self, tables: Tables) -> None:
        self._columns = tables.columns[classes_of_code_points()].astype(np.uint8)
        self._is_ignored = tables.is_ignored
        self._end = int(tables.columns[END])
        self._starts: list[int] = tables.starts.tolist()
        self._steps: list[list[int]] = tables.steps.tolist()
        self._lookaheads: list[int] = tables.lookaheads.tolist()
        self._is_skipped: list[bool] = tables.is_skipped.tolist()

    def tokenize(self, text: str) -> list[Token]:
        """Cut a text into tokens, in time that grows linearly with it."""
        read = self._columns[np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)]
        seen = np.flatnonzero(~self._is_ignored[read])
        length = int(seen[-1]) + 1 if len(seen) else 0
        columns = read[:length].tobytes() + bytes((self._end,))  # the last one also stands before the text
        starts, steps, lookaheads, is_skipped = self._starts, self._steps, self._lookaheads, self._is_skipped
        tokens: list[Token] = []
        start = 0
        while start < length:
            state, place = starts[columns[start - 1]], start
            end = limit = start
            matched = 0
            while place <= length and place - limit < MAX_LOOKAHEAD:
                state = steps[state][columns[place]]
                if not state:
                    break
                place += 1
                if lookaheads[state] >= 0:
                    end, matched, limit = place - lookaheads[state], state, place
            end = max(end, start + 1)  # a character that no rule matches is a token
            if not is_skipped[matched]:
                tokens.append((text[start:end], start, end))
            start = end
        return tokens
