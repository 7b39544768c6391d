"""Checking that data was not trained on. No TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

from cman_tf.data.corpus import Corpus
from cman_tf.errors import DataError
from cman_tf.inference.description import ModelDescription
from cman_tf.runs.run_directory import read_run


def validate_not_trained_on(experts: Sequence[ModelDescription], corpus: Corpus) -> None:
    """Check that no expert was trained on a file, as far as its run has recorded what it was trained on.

    Args:
      experts: the models. One without run.json, as `cman-tf pack` writes it, is not checked.
      corpus: the data.

    Raises:
      DataError: if one was.
    """
    for expert in experts:
        if not (expert.directory / "run.json").is_file():
            continue
        known = read_run(expert.directory)["corpora"]
        splits = ["train"] if expert.config.protocol == "best_dev" else ["train", "dev"]
        if corpus.sha256 in [known.get(split) for split in splits]:
            raise DataError(
                f"{corpus.path}: {expert.directory} was trained on it, expected data that no model was trained on"
            )
