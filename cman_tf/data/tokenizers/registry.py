"""The tokenizers by name."""

from __future__ import annotations

import re

from cman_tf.data.tokenizer import tokenize as tokenize_v1
from cman_tf.data.tokenizers.base import Token, Tokenizer
from cman_tf.errors import DataError

TOKENIZER_NAMES = ("v1", "default", "ptb", "hyphens", "whitespace", "characters")  # and spacy:NAME


def find_tokenizer(name: str) -> Tokenizer:
    """Return the tokenizer of a name.

    Args:
      name: one of `TOKENIZER_NAMES`, or `spacy:` and the name of a language or of a pipeline of spaCy.

    Raises:
      DataError: if there is no tokenizer of this name, or if spaCy is needed and not installed.

    >>> find_tokenizer("whitespace").tokenize("Ann's home")
    [("Ann's", 0, 5), ('home', 6, 10)]
    """
    if name not in TOKENIZER_NAMES:
        raise DataError(
            f"tokenizer {ascii(name)[:40]}, expected one of {', '.join(TOKENIZER_NAMES)}, or spacy:NAME (spacy:en)"
        )
    tokenizers = {"whitespace": _tokenize_whitespace, "characters": _tokenize_characters}
    return Tokenizer(name, tokenizers.get(name, tokenize_v1))


def _tokenize_whitespace(text: str) -> list[Token]:
    return [(m[0], *m.span()) for m in re.finditer(r"\S+", text)]


def _tokenize_characters(text: str) -> list[Token]:
    return [(m[0], *m.span()) for m in re.finditer(r"\S", text)]
