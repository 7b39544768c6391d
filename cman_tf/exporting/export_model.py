"""Exporting a trained model: from a run's directory to a SavedModel's."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

import cman_tf
from cman_tf.config import RELATION_THRESHOLD
from cman_tf.data.signatures import find_signatures
from cman_tf.data.tokenizers.registry import find_tables
from cman_tf.errors import DataError
from cman_tf.exporting.card import describe_card, make_card
from cman_tf.exporting.directory import CARD, new_directory, validate_export_directory
from cman_tf.exporting.graphs import no_rewriting
from cman_tf.exporting.saved_model import describe_signatures, make_module, prepare_model
from cman_tf.exporting.signatures import Signatures
from cman_tf.exporting.text_tokenizer import has_tables, validate_tokenizer
from cman_tf.inference.constraints import DecodingOptions, check_symmetric
from cman_tf.inference.description import ModelDescription, read_description
from cman_tf.inference.loading import load_described


@dataclasses.dataclass(frozen=True)
class Export:
    """An exported model.

    Attributes:
      directory: its directory.
      signatures: the names of its signatures.
      tokenizer: the tokenizer that cuts texts, or None if the model takes only tokens.
      size: the size of its files in bytes.
    """

    directory: pathlib.Path
    signatures: tuple[str, ...]
    tokenizer: str | None
    size: int


def export_model(
    model: str | pathlib.Path | ModelDescription,
    directory: str | pathlib.Path,
    *,
    checkpoint: str = "best",
    tokenizer: str | None = None,
    relation_threshold: float = RELATION_THRESHOLD,
    entity_threshold: float = 0.0,
    constrain_types: str | pathlib.Path = "off",
    symmetric_relations: Iterable[str] = (),
    overwrite: bool = False,
    **encoder: str,
) -> Export:
    """Write a trained model as a SavedModel of stock TensorFlow operations.

    Args:
      model: the directory of a run of `cman-tf train`, or what `read_description` found there.
      directory: the directory to write. It is there as a whole or not at all.
      checkpoint: `best` (the best epoch on dev) or `last`.
      tokenizer: the name of the built-in tokenizer that cuts texts. None takes the one of the model's training.
      relation_threshold: a relation is found if its score is above this number, from 0 to 1.
      entity_threshold: an entity is found if its score is at least this number, from 0 to 1.
      constrain_types: which types the arguments of a relation may have, as for `cman_tf.load`.
      symmetric_relations: relation types without a direction. They are found in either direction and reported once.
      overwrite: whether an exported model in the directory is replaced.
      **encoder: the place of the contextual encoder, as for `cman_tf.load`.

    Returns:
      What was written.

    Raises:
      DataError: if the directory exists, if there is no trained model, or if an option does not fit it.

    >>> export_model("runs/sample", "exported/sample", tokenizer="default").signatures
    ('texts', 'tokens')
    """
    validate_export_directory(directory, overwrite)
    if not isinstance(model, ModelDescription):
        model = read_description(model, checkpoint, encoder)
    for one in (model, *model.experts):
        if one.retrieval:
            raise DataError(
                f"{one.directory}: a model that retrieves passages cannot be exported; --retrieve=none exports it "
                "without them"
            )
    name = validate_tokenizer(tokenizer, model)
    vocabulary = model.vocabulary
    options = DecodingOptions(
        relation_threshold,
        entity_threshold,
        signatures=find_signatures(str(constrain_types), model.directory, vocabulary),
        symmetric=check_symmetric(symmetric_relations, vocabulary.relations),
    )
    loaded = load_described(model).model
    prepare_model(loaded)
    with new_directory(directory, overwrite) as folder, no_rewriting():
        tables = find_tables(name) if has_tables(name) else None
        made = Signatures(loaded, vocabulary, options, tables)
        module, functions = make_module(made)
        first = next(iter(functions))
        tf.saved_model.save(module, str(folder), {"serving_default": functions[first], **functions})
        card: dict[str, Any] = make_card(model, name, options, describe_signatures(functions), cman_tf.__version__)
        (folder / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (folder / "README.md").write_text(describe_card(card), encoding="utf-8")
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Export(pathlib.Path(directory), tuple(functions), card["tokenizer"], size)
