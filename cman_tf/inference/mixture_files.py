"""The directory of a mixture of experts: mixture.json, the gates, and a copy of each expert. No TensorFlow.

mixture.json   how it decodes, and the sha256 of the gates
gates.npy      the gates' weights, one float32 vector
experts/1, 2   the experts, each as `cman-tf pack` writes a model, but in full precision
report.json    the scores of the experts, of their average and of the mixture
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable

import numpy as np
from numpy.typing import NDArray

from cman_tf.config import MIXTURE_DECODINGS
from cman_tf.errors import DataError, quote
from cman_tf.retrieving.index_files import read_manifest
from cman_tf.retrieving.names import IMAGES, NOTHING, QUERIES, TEXT
from cman_tf.retrieving.recorded import FILE as RETRIEVAL
from cman_tf.retrieving.recorded import read_fingerprint, recorded_flag
from cman_tf.runs.arrays import read_array
from cman_tf.runs.containment import validate_contained
from cman_tf.runs.files import read_json, sha256_of, write_atomically
from cman_tf.runs.schema import SHA256, list_of, one_of, record

if TYPE_CHECKING:
    from cman_tf.inference.description import ModelDescription

FILE, GATES, EXPERTS, REPORT = "mixture.json", "gates.npy", "experts", "report.json"
MOST = 8  # experts
_EXPECTED = "what cman-tf mixture wrote"
_SCHEMA = record({"experts": list_of(SHA256), "decoding": one_of(*MIXTURE_DECODINGS), "gates": SHA256})
_KINDS = {TEXT: TEXT, IMAGES: IMAGES, QUERIES: IMAGES}  # what a flag is about; all others are about the encoder
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
    experts = [read(folder, "best", own) for folder, own in zip(folders, share_flags(folders, encoder_flags or {}))]
    validate_experts(experts)
    return experts


def share_flags(experts: Sequence[pathlib.Path], given: Mapping[str, str]) -> list[dict[str, str]]:
    """Return for each expert those flags that it needs: of a contextual encoder, and of passages.

    `retrieve` may name several indexes, between commas. Each goes to the experts that were trained with its content;
    the others look for theirs where it was. If no expert was trained with the only one, it goes to all that retrieve,
    which then say what they expect. `none` goes to all.

    Args:
      experts: the experts' directories.
      given: the flags, by name.

    Raises:
      DataError: if no expert needs a flag or an index, or if an index cannot be read.
    """
    kinds = [_find_kinds(expert) for expert in experts]
    if given.get(TEXT) == NOTHING:
        kinds = [{TEXT if kind == IMAGES else kind for kind in own} for own in kinds]
    shared = [{name: text for name, text in given.items() if _KINDS.get(name, "encoder") in own} for own in kinds]
    for name in given:
        if not any(name in own for own in shared) and (name, given[name]) != (TEXT, NOTHING):
            raise DataError(f"--{name}={given[name]}: no expert needs it, expected no --{name}")
    if given.get(TEXT, NOTHING) != NOTHING:
        _share_indexes(experts, shared, given[TEXT])
    return shared


def _share_indexes(experts: Sequence[pathlib.Path], shared: Sequence[dict[str, str]], given: str) -> None:
    places = [given] if pathlib.Path(given).exists() else given.split(",")
    if len(places) > 1 and ({"", NOTHING} & {*places}):
        raise DataError(f"--retrieve={given[:200]}: an empty name or {NOTHING} between commas, expected indexes")
    indexes = {read_manifest(pathlib.Path(place)).fingerprint: place for place in places}
    recorded = [read_fingerprint(expert) if TEXT in own else "" for expert, own in zip(experts, shared)]
    unneeded = [place for fingerprint, place in indexes.items() if fingerprint not in recorded]
    if unneeded and len(places) == 1:
        return
    if unneeded:
        raise DataError(f"--retrieve: no expert was trained with {unneeded[0]}, expected indexes of the same content")
    for own, fingerprint in zip(shared, recorded):
        own.pop(TEXT, None)
        if fingerprint in indexes:
            own[TEXT] = indexes[fingerprint]


def _find_kinds(expert: pathlib.Path) -> set[str]:
    """Return what an expert reads beside the sentence: an encoder, passages of text or of images."""
    kinds = {"encoder"} if (expert / "contextual.json").is_file() else set()
    if (expert / RETRIEVAL).is_file():
        kinds.add(recorded_flag(expert))
    return kinds


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
