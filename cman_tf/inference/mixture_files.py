"""The directory of a mixture of experts: mixture.json, the gates, and a copy of each expert. No TensorFlow.

mixture.json   how it decodes, and the sha256 of the gates
gates.npy      the gates' weights, one float32 vector
experts/1, 2   the experts, each as `cman-tf pack` writes a model, but in full precision
report.json    the scores of the experts, of their average and of the mixture
"""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable

import numpy as np
from numpy.typing import NDArray

from cman_tf.config import MIXTURE_DECODINGS
from cman_tf.errors import DataError, quote
from cman_tf.retrieving.recorded import FILE as RETRIEVAL
from cman_tf.retrieving.recorded import IMAGES, QUERIES, RETRIEVAL_FLAGS, TEXT, recorded_flag
from cman_tf.runs.arrays import read_array
from cman_tf.runs.containment import validate_contained
from cman_tf.runs.files import read_json, sha256_of, write_atomically
from cman_tf.runs.schema import list_of, one_of, record, text

if TYPE_CHECKING:
    from cman_tf.inference.description import ModelDescription

FILE, GATES, EXPERTS, REPORT = "mixture.json", "gates.npy", "experts", "report.json"
MOST = 8  # experts
_EXPECTED = "what cman-tf mixture wrote"
_SHA256 = text(re.compile("[0-9a-f]{64}").fullmatch, "a sha256")
_SCHEMA = record({"experts": list_of(_SHA256), "decoding": one_of(*MIXTURE_DECODINGS), "gates": _SHA256})
_RECORD = "record.json"  # of an expert, which has the hashes of its files


def is_mixture(directory: str | pathlib.Path) -> bool:
    """Return whether a directory is that of a mixture."""
    return pathlib.Path(directory, FILE).is_file()


def read_mixture_file(directory: str | pathlib.Path) -> dict[str, Any]:
    """Read mixture.json, and compare the gates and the experts with it.

    Returns:
      `experts`, the sha256 of each one's record.json; `decoding`, `viterbi` or `argmax`; and `gates`, the sha256 of
      gates.npy.

    Raises:
      DataError: if a file is missing or damaged.
    """
    folder = pathlib.Path(directory)
    content = read_json(folder / FILE, _EXPECTED, schema=_SCHEMA)
    if not 2 <= len(content["experts"]) <= MOST:
        raise DataError(f"{folder / FILE}: {len(content['experts'])} experts, expected 2 to {MOST}")
    records = [expert / _RECORD for expert in list_experts(folder, len(content["experts"]))]
    for path, digest in zip([folder / GATES, *records], [content["gates"], *content["experts"]]):
        if sha256_of(path) != digest:
            raise DataError(f"{path}: differs from {FILE}, expected {_EXPECTED}; restore the directory")
    return content


def write_mixture_file(directory: pathlib.Path, gates: NDArray[Any], experts: int, decoding: str) -> None:
    """Write gates.npy and mixture.json."""
    write_atomically(directory / GATES, lambda file: np.save(file, gates.astype(np.float32), allow_pickle=False))
    records = [sha256_of(expert / _RECORD) for expert in list_experts(directory, experts)]
    content = {"experts": records, "decoding": decoding, "gates": sha256_of(directory / GATES)}
    write_atomically(directory / FILE, json.dumps(content) + "\n")


def read_gates(directory: str | pathlib.Path, count: int) -> NDArray[Any]:
    """Read the gates' weights, float32 [count].

    Raises:
      DataError: if the file is damaged, or of another mixture.
    """
    return read_array(pathlib.Path(directory, GATES), ("float32",), (count,), _EXPECTED)


def list_experts(directory: pathlib.Path, count: int) -> list[pathlib.Path]:
    """Return the directories of the experts."""
    return [directory / EXPERTS / str(number) for number in range(1, count + 1)]


def read_experts(
    directory: pathlib.Path,
    checkpoint: str,
    encoder_flags: Mapping[str, str] | None,
    read: Callable[..., ModelDescription],
) -> list[ModelDescription]:
    """Read the experts of a mixture.

    Args:
      directory: the directory of the mixture.
      checkpoint: which epoch is asked for.
      encoder_flags: the place of the contextual encoder, for the experts that have one.
      read: the function that reads an expert, `read_description`.

    Raises:
      DataError: if the mixture or an expert is damaged, or if another checkpoint than `best` is asked for.
    """
    if checkpoint != "best":
        raise DataError(f"{directory}: a mixture has no checkpoint {checkpoint!r}, expected --checkpoint=best")
    validate_contained(directory)
    count = len(read_mixture_file(directory)["experts"])
    folders = list_experts(directory, count)
    given = dict(encoder_flags or {})
    experts = [read(folder, "best", choose_flags(folder, given)) for folder in folders]
    used = {name for folder in folders for name in choose_flags(folder, given)}
    for name in given:
        if name not in used:
            raise DataError(f"{directory}: no expert needs it, expected no --{name}")
    validate_experts(experts)
    return experts


def choose_flags(expert: pathlib.Path, given: Mapping[str, str]) -> dict[str, str]:
    """Return those flags that an expert needs: of a contextual encoder, and of passages.

    Args:
      expert: the expert's directory.
      given: the flags, by name.
    """
    found = {"encoder": (expert / "contextual.json").is_file(), TEXT: False, IMAGES: False}
    if (expert / RETRIEVAL).is_file():
        found[recorded_flag(expert)] = True
    found[QUERIES] = found[IMAGES]
    return {name: value for name, value in given.items() if found[name if name in RETRIEVAL_FLAGS else "encoder"]}


def validate_experts(experts: Sequence[ModelDescription]) -> None:
    """Check that models can be mixed.

    Raises:
      DataError: if one is a mixture itself, or if their tags, relation types or tokenizers differ.
    """
    first = experts[0]
    for other in experts:
        if other.experts:
            raise DataError(f"{other.directory}: a mixture, expected the run of one model")
        for what, one, two in (
            ("tags", first.vocabulary.tags, other.vocabulary.tags),
            ("relation types", first.vocabulary.relations, other.vocabulary.relations),
            ("tokenizer", [first.tokenizer], [other.tokenizer]),
        ):
            if one != two:
                different = sorted({*one} ^ {*two}) or ["another order"]
                raise DataError(
                    f"{other.directory}: other {what} than {first.directory} ({quote(different[0])[1:-1]}), expected "
                    "experts with the same types and tokenizer, trained on the same data"
                )
