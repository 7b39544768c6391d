"""cman_tf: CMAN and dynamic CMAN for joint entity and relation extraction.

    import cman_tf

    model = cman_tf.load("conll04")
    print(model.extract("Sirhan Sirhan shot Robert Kennedy in Los Angeles."))

A name is imported when it is first used, so `import cman_tf` does not import TensorFlow.
"""

from __future__ import annotations

import importlib
import pathlib
from typing import TYPE_CHECKING, Any

from cman_tf.command_line.quiet import quiet_import
from cman_tf.compatibility import old_paths

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cman_tf.config import Config
    from cman_tf.data.types import Document, Entity, Relation, Sentence
    from cman_tf.errors import DataError
    from cman_tf.formats.corpus_files import read_corpus, write_corpus
    from cman_tf.inference.extraction import Extraction
    from cman_tf.inference.extractor import Extractor
    from cman_tf.scoring.score import score_sentences

__version__ = "0.2.0.dev0"
__all__ = [
    "Config",
    "DataError",
    "Document",
    "Entity",
    "Extraction",
    "Extractor",
    "Relation",
    "Sentence",
    "__version__",
    "load",
    "read_corpus",
    "score_sentences",
    "write_corpus",
]
_HOMES = {
    "Config": "config",
    "DataError": "errors",
    "Document": "data.types",
    "Entity": "data.types",
    "Extraction": "inference.extraction",
    "Extractor": "inference.extractor",
    "Relation": "data.types",
    "Sentence": "data.types",
    "read_corpus": "formats.corpus_files",
    "score_sentences": "scoring.score",
    "write_corpus": "formats.corpus_files",
}

old_paths.install()


def load(
    directory: str | pathlib.Path,
    checkpoint: str = "best",
    constrain_types: str | pathlib.Path = "off",
    symmetric_relations: Iterable[str] = (),
    tokenizer: str | None = None,
    thresholds: str = "default",
    **encoder: str,
) -> Extractor:
    """Load a trained model that finds entities and relations in raw text.

    Args:
      directory: the directory of a run of `cman-tf train` or of `cman-tf pack`, or `conll04`, the model that comes with
        the package. A directory that exists wins over the name.
      checkpoint: `best` (the best epoch on dev) or `last`.
      constrain_types: which types the arguments of a relation may have: `off` (any), `train` (those of the training
        data), or the path of a JSON file such as {"Live_In": [["Peop", "Loc"]]}.
      symmetric_relations: relation types without a direction. They are found in either direction and reported once.
      tokenizer: the name of the tokenizer that cuts raw text, such as `whitespace`. None takes the one of the model's
        training.
      thresholds: `default` (0.5 for relations), or `tuned`: the thresholds that `cman-tf tune-thresholds` stored with
        the model. Scores are calibrated then.
      **encoder: the new place of the model's contextual encoder if it moved, as in `encoder="minilm"`.

    Returns:
      An `Extractor`.

    Raises:
      DataError: if the directory holds no trained model, or if one of its files was changed.

    >>> model = load("runs/sample")
    >>> found = model.extract("Ann Lee lives in Rome.")
    >>> found.tokens
    ('Ann', 'Lee', 'lives', 'in', 'Rome', '.')
    """
    from cman_tf.inference.description import read_description
    from cman_tf.inference.tuned import find_tuned

    description = read_description(directory, checkpoint, encoder)  # what is wrong is said before TensorFlow's import
    find_tuned(thresholds, description)
    with quiet_import():
        from cman_tf.inference.extractor import Extractor

    return Extractor(
        description,
        constrain_types=constrain_types,
        symmetric_relations=symmetric_relations,
        tokenizer=tokenizer,
        thresholds=thresholds,
    )


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cman_tf' has no attribute {name!r}")
    with quiet_import():  # of TensorFlow's messages, where a name needs TensorFlow
        value = getattr(importlib.import_module(f"cman_tf.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
