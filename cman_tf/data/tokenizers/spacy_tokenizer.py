"""spaCy's tokenizers. spaCy is imported only here, and only when one is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from cman_tf.data.tokenizers.base import Token
from cman_tf.errors import DataError


def open_spacy(name: str) -> Callable[[str], list[Token]]:
    """Return the function that cuts a text with a tokenizer of spaCy.

    Args:
      name: the name of a language, such as `en`, or of an installed pipeline, such as `en_core_web_sm`.

    Raises:
      DataError: if spaCy is not installed, or if it has no such language or pipeline.
    """
    try:
        spacy: Any = importlib.import_module("spacy")
    except ImportError as error:
        raise DataError(
            f"tokenizer spacy:{ascii(name)[1:-1]}: spaCy is not installed ({error}); pip install 'cman-tf[spacy]'"
        ) from None
    try:
        pipeline = spacy.load(name) if "_" in name else spacy.blank(name)
    except (OSError, ImportError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise DataError(
            f"tokenizer spacy:{ascii(name)[1:-1]}: {reason}; expected a language (en) or a pipeline (en_core_web_sm)"
        ) from None

    def tokenize(text: str) -> list[Token]:
        # spaCy makes tokens of further blanks; they are no tokens here.
        found = ((t.text, t.idx, t.idx + len(t.text)) for t in pipeline.tokenizer(text))
        return [token for token in found if token[0].strip()]

    return tokenize
