"""spaCy's tokenizers. spaCy is imported only here, and only when one is asked for."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any

from cman_tf.data.tokenizers.base import Token
from cman_tf.errors import DataError, quote

_NAME = re.compile(r"spacy:[a-z]{2,3}(_[A-Za-z0-9_]{1,60})?", re.ASCII)


def is_spacy_name(name: str) -> bool:
    """Return whether a tokenizer's name is that of one of spaCy: of a language, or of a pipeline as spaCy names them.

    A model directory may record any name, and spaCy would load a path, or import any package.

    >>> [is_spacy_name(name) for name in ("spacy:en", "spacy:en_core_web_sm", "spacy:../en_mine", "spacy:os_path.x")]
    [True, True, False, False]
    """
    return bool(_NAME.fullmatch(name))


def open_spacy(name: str) -> Callable[[str], list[Token]]:
    """Return the function that cuts a text with a tokenizer of spaCy.

    Args:
      name: the name of a language, such as `en`, or of an installed pipeline, such as `en_core_web_sm`.

    Raises:
      DataError: if spaCy is not installed, or if it has no such language or pipeline.
    """
    if not is_spacy_name(f"spacy:{name}"):
        raise DataError(f"tokenizer spacy:{quote(name)[1:-1]}: expected a language (en) or a pipeline (en_core_web_sm)")
    try:
        spacy: Any = importlib.import_module("spacy")
    except ImportError as error:
        raise DataError(
            f"tokenizer spacy:{ascii(name)[1:-1]}: spaCy is not installed ({error}); pip install 'cman-tf[spacy]'"
        ) from None
    try:
        if "_" not in name:
            pipeline = spacy.blank(name)
        elif spacy.util.is_package(name):
            pipeline = spacy.util.load_model_from_package(name)
        else:  # a folder of this name would be loaded by spacy.load
            raise ImportError(f"no package {name} is installed")
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
