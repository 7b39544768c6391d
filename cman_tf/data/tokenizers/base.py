"""What a tokenizer is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

Token = tuple[str, int, int]  # the token, its first character in the text, and the character after its last


@dataclasses.dataclass(frozen=True)
class Tokenizer:
    """A named way to cut raw text into tokens.

    Attributes:
      name: the name that a run's record holds.
      tokenize: the function that cuts a text. For each token it returns the token, the place of its first character
        in the text, and the place after its last character. Places count code points.
    """

    name: str
    tokenize: Callable[[str], list[Token]] = dataclasses.field(repr=False)
