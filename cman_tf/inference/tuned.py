"""The thresholds and temperatures of a model that `cman-tf tune-thresholds` chose: thresholds.json in its directory."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from cman_tf.errors import DataError, quote
from cman_tf.inference.description import ModelDescription
from cman_tf.runs.files import read_json, sha256_of, write_together
from cman_tf.runs.schema import anything, number, object_of, record, text

FILE = "thresholds.json"
DEFAULT, TUNED = "default", "tuned"
CHOICES = (DEFAULT, TUNED)  # of --thresholds
THRESHOLDS_HELP = (
    "tuned: use the thresholds that cman-tf tune-thresholds stored with the model, and show calibrated scores. A "
    "threshold that a flag gives comes before the tuned one."
)
_EXPECTED = "what cman-tf tune-thresholds wrote"
_AGAIN = "run cman-tf tune-thresholds --overwrite"
_THRESHOLD, _TEMPERATURE = number(0, 1), number(0.1, 10)
_SCHEMA = record(
    {
        "checkpoint": text(),
        "checkpoint_sha256": text(),
        "entities": record({"threshold": _THRESHOLD, "temperature": _TEMPERATURE}),
        "relations": record({"thresholds": object_of(_THRESHOLD), "temperature": _TEMPERATURE}),
    },
    {"data": anything()},
)


@dataclasses.dataclass(frozen=True)
class Tuned:
    """Thresholds and temperatures. The thresholds are those of the scores after the temperatures.

    Attributes:
      entity_threshold: an entity is found if its score is at least this number.
      relation_thresholds: for each relation type, a relation is found if its score is above this number.
      entity_temperature: the log odds of an entity's score are divided by this number.
      relation_temperature: the same for a relation's score.
    """

    entity_threshold: float
    relation_thresholds: Mapping[str, float]
    entity_temperature: float = 1.0
    relation_temperature: float = 1.0

    def decoding_options(self) -> dict[str, Any]:
        """Return the values under the names of `cman_tf.inference.constraints.DecodingOptions`."""
        return {
            "entity_threshold": self.entity_threshold,
            "relation_thresholds": dict(self.relation_thresholds),
            "entity_temperature": self.entity_temperature,
            "relation_temperature": self.relation_temperature,
        }


def save_tuned(
    description: ModelDescription, tuned: Tuned, data: Mapping[str, Any], others: Mapping[str, str] | None = None
) -> pathlib.Path:
    """Write thresholds.json into a model's directory, and other files: all of them, or none if one cannot be written.

    Args:
      description: the model.
      tuned: what was chosen for it.
      data: what it was chosen on, for people: file, hash, number of sentences.
      others: the text of other files, by path.

    Returns:
      The file's path.
    """
    path = description.directory / FILE
    content = {
        "checkpoint": name_checkpoint(description.checkpoint),
        "checkpoint_sha256": _hash_checkpoint(description),
        "data": dict(data),
        "entities": {"threshold": tuned.entity_threshold, "temperature": tuned.entity_temperature},
        "relations": {
            "thresholds": dict(tuned.relation_thresholds),
            "temperature": tuned.relation_temperature,
        },
    }
    write_together({**(others or {}), str(path): json.dumps(content, indent=1, ensure_ascii=False) + "\n"})
    return path


def read_tuned(description: ModelDescription) -> Tuned:
    """Read thresholds.json of a model.

    Raises:
      DataError: if there is none, if it was made for other weights or relation types, or if a value is not what it
        should be.
    """
    path = description.directory / FILE
    if not path.exists():
        raise DataError(
            f"{description.directory}: no tuned thresholds, expected {FILE}; cman-tf tune-thresholds writes it"
        )
    content = read_json(path, f"{_EXPECTED}; {_AGAIN}", schema=_SCHEMA)
    if content["checkpoint_sha256"] != _hash_checkpoint(description):
        was, now = quote(content["checkpoint"])[1:-1], name_checkpoint(description.checkpoint)
        state = f"the model is {now}" if was != now else f"{now} was changed since"
        raise DataError(f"{path}: tuned for {was}, and {state}; {_AGAIN}")
    entities, relations = content["entities"], content["relations"]
    _validate_types(path, relations["thresholds"], description.vocabulary.relations)
    return Tuned(
        float(entities["threshold"]),
        {kind: float(threshold) for kind, threshold in relations["thresholds"].items()},
        float(entities["temperature"]),
        float(relations["temperature"]),
    )


def find_tuned(thresholds: str, description: ModelDescription) -> Tuned | None:
    """Return what `--thresholds` names: None for `default`, the content of thresholds.json for `tuned`.

    Raises:
      DataError: for another name, or if the file cannot be used.
    """
    if thresholds not in CHOICES:
        raise DataError(f"thresholds is {str(thresholds)[:40]!a}, expected one of {', '.join(CHOICES)}")
    return read_tuned(description) if thresholds == TUNED else None


def name_checkpoint(checkpoint: str) -> str:
    """Return the name of a checkpoint within its run, such as best/ckpt-12."""
    path = pathlib.Path(checkpoint)
    return f"{path.parent.name}/{path.name}"


def _hash_checkpoint(description: ModelDescription) -> str:
    """Return the sha256 of a checkpoint's index, which holds a checksum of every tensor, or of packed weights."""
    weights = pathlib.Path(description.checkpoint)
    return sha256_of(weights if weights.is_file() else f"{weights}.index")


def _validate_types(path: pathlib.Path, thresholds: Mapping[str, Any], relation_types: Iterable[str]) -> None:
    known = {*relation_types}
    for kind in sorted(known ^ thresholds.keys()):
        state = "has no threshold" if kind in known else "is no relation type of the model"
        raise DataError(f"{path}: {quote(kind)} {state}, expected {_EXPECTED}; {_AGAIN}")
