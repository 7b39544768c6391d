"""Making a small copy of a trained model: what prediction needs, as a rule in half precision."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np

from cman_tf.errors import DataError
from cman_tf.inference.description import ModelDescription
from cman_tf.inference.loading import load_epoch
from cman_tf.models.variable_paths import name_variables
from cman_tf.retrieving.recorded import FILE as RETRIEVAL
from cman_tf.runs.files import validate_new_directory, write_atomically
from cman_tf.runs.flagfile import format_flagfile
from cman_tf.runs.packed_weights import WEIGHTS, save_weights
from cman_tf.runs.record import record_weights, start_record
from cman_tf.runs.whole_folder import whole_folder


def pack_model(description: ModelDescription, directory: str | pathlib.Path, half: bool = True) -> int:
    """Write a small copy of a trained model, which every command reads like the model itself.

    It has no optimizer, no metrics, no results and no paths of this machine.

    Args:
      description: the trained model.
      directory: the new directory.
      half: whether weights and word vectors are float16; otherwise they stay as they are, float32.

    Returns:
      The size of its files in bytes.

    Raises:
      DataError: if the directory exists, if the model has a contextual encoder whose weights were tuned, or if a
        weight is too large for half precision.
    """
    target = pathlib.Path(directory)
    validate_new_directory(target)
    if description.experts:
        raise DataError(f"{description.directory}: a mixture, whose experts are packed already; copy its directory")
    if description.config.tune_encoder:
        raise DataError(f"{description.directory}: its encoder was tuned, expected a model whose encoder is frozen")
    (model, vocabulary), epoch = load_epoch(description)
    with whole_folder(target) as new:
        write_atomically(new / "flags.txt", format_flagfile(dataclasses.asdict(description.config)))
        vectors = vocabulary.vectors
        if vectors is not None:
            with np.errstate(over="ignore"):
                halves = vectors.astype(np.float16 if half else np.float32)
            if not np.isfinite(halves).all():
                raise DataError(f"{description.directory}: a word vector that is not finite in half precision")
            write_atomically(new / "word_vectors.npy", lambda file: np.save(file, halves, allow_pickle=False))
        vocabulary.save_lists(new)
        retrieval = [RETRIEVAL] if description.retrieval else []
        for name in ("signatures.json", "contextual.json", *retrieval):
            if (description.directory / name).exists():
                write_atomically(new / name, (description.directory / name).read_bytes())
        named = name_variables(model)
        save_weights(new, [*named], [variable.numpy() for variable in named.values()], epoch, half)
        start_record(new, description.tokenizer)
        record_weights(new, [str(new / WEIGHTS)])
    return sum(path.stat().st_size for path in target.iterdir())
