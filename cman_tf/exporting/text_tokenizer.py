"""Which tokenizers an exported model can run, found without TensorFlow."""

from __future__ import annotations

from cman_tf.data.tokenizers import TOKENIZER_NAMES
from cman_tf.data.tokenizers.registry import validate_name
from cman_tf.errors import DataError
from cman_tf.inference.description import ModelDescription

_WITH_TABLES = tuple(name for name in TOKENIZER_NAMES if name != "v1")


def has_tables(name: str) -> bool:
    """Return whether a tokenizer consists of tables, which a graph can run.

    >>> has_tables("default"), has_tables("spacy:en")
    (True, False)
    """
    return name in _WITH_TABLES


def validate_tokenizer(name: str | None, model: ModelDescription) -> str:
    """Return the name of the tokenizer of an exported model.

    Args:
      name: the tokenizer that the caller names, or None for that of the model's training.
      model: the model.

    Raises:
      DataError: if there is no such tokenizer, or if the caller names one for a model that cannot have it.
    """
    if name is None:
        return model.tokenizer
    validate_name(name)
    if model.needs_encoder:
        raise DataError(
            f"tokenizer {name}: {model.directory} has a contextual encoder, so it is exported for tokens and their "
            "features; expected no tokenizer"
        )
    if not has_tables(name):
        raise DataError(
            f"tokenizer {ascii(name)[1:-1][:40]}: cannot be exported, expected one of {', '.join(_WITH_TABLES)}"
        )
    return name


def explain_no_texts(name: str, has_encoder: bool) -> str:
    """Return a line about a model that is exported without a signature for texts; empty if it has one."""
    if has_encoder:
        return "The contextual encoder is not exported: the caller gives its features beside the tokens."
    if not has_tables(name):
        return f"The tokenizer {name} cannot be exported: the caller gives tokens. --tokenizer names another."
    return ""
