"""The tokenizers by name."""

from __future__ import annotations

import functools

from cman_tf.data.tokenizer import tokenize as tokenize_v1
from cman_tf.data.tokenizers import rules, treebank_rules
from cman_tf.data.tokenizers.base import Tokenizer
from cman_tf.data.tokenizers.compiler import compile_rules
from cman_tf.data.tokenizers.spacy_tokenizer import open_spacy
from cman_tf.data.tokenizers.tables import TableRunner, Tables
from cman_tf.errors import DataError

_RULES = {
    "default": rules.DEFAULT,
    "conll04": rules.CONLL04,
    "ptb": treebank_rules.PTB,
    "hyphens": treebank_rules.HYPHENS,
    "whitespace": rules.WHITESPACE,
    "characters": rules.CHARACTERS,
}
TOKENIZER_NAMES = ("v1", *_RULES)  # and spacy:NAME
_SPACY = "spacy:"


@functools.cache
def find_tables(name: str) -> Tables:
    """Return the tables of a tokenizer.

    Args:
      name: one of `TOKENIZER_NAMES`, but not `v1`, which has no tables.

    Raises:
      KeyError: if there are no tables of this name.
    """
    return compile_rules(_RULES[name])


@functools.cache
def find_tokenizer(name: str) -> Tokenizer:
    """Return the tokenizer of a name.

    Args:
      name: one of `TOKENIZER_NAMES`, or `spacy:` and the name of a language or of a pipeline of spaCy.

    Raises:
      DataError: if there is no tokenizer of this name, or if spaCy is needed and not installed.

    >>> find_tokenizer("whitespace").tokenize("Ann's home")
    [("Ann's", 0, 5), ('home', 6, 10)]
    """
    validate_name(name)
    if name == "v1":
        return Tokenizer(name, tokenize_v1)
    if name.startswith(_SPACY):
        return Tokenizer(name, open_spacy(name[len(_SPACY) :]))
    return Tokenizer(name, TableRunner(find_tables(name)).tokenize)


def validate_name(name: object) -> None:
    """Check that a name is one of a tokenizer, without opening it.

    Raises:
      DataError: if it is not.
      TypeError: if the name is not text.
    """
    if not isinstance(name, str):
        raise TypeError(f"the tokenizer's name is {type(name).__name__}, expected str")
    if name not in TOKENIZER_NAMES and not (name.startswith(_SPACY) and len(name) > len(_SPACY)):
        known = ", ".join(TOKENIZER_NAMES)
        raise DataError(f"tokenizer {ascii(name)[:40]}, expected one of {known}, or spacy:NAME such as spacy:en")
