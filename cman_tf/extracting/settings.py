"""What all workers of a run need to know, and what a run that is resumed has to have in common with its beginning."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import cman_tf
from cman_tf.inference.description import ModelDescription
from cman_tf.inference.tuned import FILE as THRESHOLDS_FILE
from cman_tf.inference.tuned import TUNED
from cman_tf.runs.files import sha256_of
from cman_tf.runs.record import checkpoint_files

JSONL, PARQUET = "jsonl", "parquet"
OUTPUT_FORMATS = (JSONL, PARQUET)
_MODEL_FILES = ("flags.txt", "vocabulary.json", "word_vectors.npy", "contextual.json", "signatures.json")
_MODEL_FILES += ("retrieval.json", "mixture.json")


@dataclasses.dataclass(frozen=True)
class Settings:
    """How texts are read and answered.

    Attributes:
      model_dir: the absolute path of the model, which is the same on all machines.
      checkpoint: `best` or `last`.
      encoder: the place of the contextual encoder, as for `read_description`.
      tokenizer: the name of the tokenizer.
      constrain_types: as for `Extractor`.
      symmetric_relations: as for `Extractor`.
      thresholds: `default` or `tuned`.
      options: the options of `Extractor.extract`.
      format: the format of the parts.
      places: whether each JSON object begins with the file and line of its text.
      model: the fingerprint of the model's files.
      threads: threads of a worker; 0: as many as TensorFlow starts.
    """

    model_dir: str
    checkpoint: str
    encoder: Mapping[str, str]
    tokenizer: str
    constrain_types: str
    symmetric_relations: Sequence[str]
    thresholds: str
    options: Mapping[str, Any]
    format: str
    places: bool
    model: str
    threads: int

    def describe(self) -> dict[str, Any]:
        """Return what decides the answers, in values of JSON, for the manifest."""
        return {
            "version": cman_tf.__version__,
            "model": self.model,
            "checkpoint": self.checkpoint,
            "tokenizer": self.tokenizer,
            "constrain_types": self._describe_types(),
            "symmetric_relations": sorted(self.symmetric_relations),
            "thresholds": self.thresholds,
            **self.options,
            "format": self.format,
            "places": self.places,
        }

    def _describe_types(self) -> str:
        if self.constrain_types in ("off", "train"):
            return self.constrain_types
        return f"sha256 {sha256_of(self.constrain_types)}"


def make_absolute(value: str) -> str:
    """Return the absolute path of a file or folder that is there; any other value, such as a name, as it is."""
    return os.path.abspath(value) if os.path.exists(value) else value


def fingerprint_model(description: ModelDescription, thresholds: str) -> str:
    """Return a sha256 of the files that make up a model.

    Args:
      description: the model.
      thresholds: `tuned` if the model's own thresholds are used.
    """
    names = [*_MODEL_FILES, *([THRESHOLDS_FILE] if thresholds == TUNED else [])]
    files = [description.directory / name for name in names]
    files = [path for path in [*files, *checkpoint_files(description.checkpoint)] if path.exists()]
    hashes: dict[str, Any] = {path.name: sha256_of(path) for path in map(pathlib.Path, files)}
    if description.experts:
        hashes["experts"] = [fingerprint_model(expert, "default") for expert in description.experts]
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
