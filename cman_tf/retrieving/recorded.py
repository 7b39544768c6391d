"""Where a model's passages come from: retrieval.json in a run's directory."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cman_tf.errors import DataError
from cman_tf.retrieving.building import import_bm25s
from cman_tf.retrieving.images import ImageIndex, open_images
from cman_tf.retrieving.names import IMAGES, NOTHING, QUERIES, TEXT
from cman_tf.retrieving.passages import PassageSource, Tokens
from cman_tf.retrieving.retriever import open_index
from cman_tf.runs.containment import validate_recorded_path
from cman_tf.runs.files import read_json, write_atomically
from cman_tf.runs.schema import SHA256, list_of, object_of, record, text

FILE = "retrieval.json"
_LONGEST = 4096  # letters of a path


def _is_place(value: str) -> bool:
    return os.path.isabs(value) and "\0" not in value and len(value) < 2 * _LONGEST


_SCHEMA = record(
    {
        "place": text(_is_place, "an absolute path"),
        "fingerprint": text(re.compile("[0-9a-f]{8,128}").fullmatch, "a hash"),
        "tokenizer": text(re.compile(r"[\w:]{1,60}").fullmatch, "the name of a tokenizer"),
    },
    {"images": text(), "queries": object_of(list_of(SHA256))},
)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where passages come from.

    Attributes:
      flag: `retrieve` or `image_index`.
      value: the flag's value: an index, or FEATURES.npy,TEXTS.jsonl.
      tokenizer: the name of the tokenizer that cuts passages.
      fingerprint: a hash of what is searched; empty if it is not known yet.
      queries: with `image_index`, the files of query vectors, one for each corpus.
      answered: by the sha256 of each file of query vectors that was used in training, the hashes of the sentences that
        it was used for.
    """

    flag: str
    value: str
    tokenizer: str
    fingerprint: str = ""
    queries: tuple[str, ...] = ()
    answered: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)

    @property
    def files(self) -> list[str]:
        """The paths that the value names: an index, or the features and the texts of images."""
        return self.value.split(",") if self.flag == IMAGES else [self.value]

    def open(self) -> PassageSource | ImageIndex:
        """Open the index, or the features of images.

        Raises:
          DataError: if a file is missing, damaged or of another kind.
        """
        if self.flag == TEXT:
            return open_index(self.value, self.tokenizer)
        files = self.files
        if len(files) != 2:
            raise DataError(f"--image_index={self.value[:200]}: expected FEATURES.npy,TEXTS.jsonl")
        return open_images(*files, tokenizer=self.tokenizer)


def read_place(given: Mapping[str, str], tokenizer: str) -> Place | None:
    """Return the place that the flags of retrieval name, or None.

    Args:
      given: the flags of `RETRIEVAL_FLAGS` that are given, by name.
      tokenizer: the name of the tokenizer that cuts passages.

    Raises:
      DataError: if they do not fit together.
    """
    if given.get(TEXT) == NOTHING:
        given = {name: value for name, value in given.items() if name != TEXT}
    if TEXT in given and IMAGES in given:
        raise DataError("--retrieve and --image_index, expected one of them")
    if QUERIES in given and IMAGES not in given:
        raise DataError("--image_queries without --image_index, expected both")
    flag = TEXT if TEXT in given else IMAGES
    if flag not in given:
        return None
    queries = tuple(filter(None, given.get(QUERIES, "").split(",")))
    files = given[flag].split(",") if flag == IMAGES else [given[flag]]
    if flag == IMAGES and any("," in os.path.abspath(file) for file in files):
        raise DataError(f"--{flag}={given[flag][:200]}: in a folder whose path has a comma, expected one without")
    return Place(flag, ",".join(map(os.path.abspath, files)), tokenizer, queries=queries)


def describe_corpora(place: Place, corpora: Sequence[tuple[str, Sequence[Tokens]]]) -> list[tuple[str, str | None]]:
    """Return the name of each corpus and its file of query vectors, None for text.

    Args:
      place: where passages come from.
      corpora: the names of corpora and the tokens of their sentences.

    Raises:
      DataError: if there is not a file for each corpus, for passages by images.
    """
    if place.flag == TEXT:
        return [(name, None) for name, _ in corpora]
    if len(place.queries) != len(corpora):
        names = " and ".join(name for name, _ in corpora)
        raise DataError(f"--image_queries: {len(place.queries)} files, expected {len(corpora)}: of {names}")
    return [(name, file) for (name, _), file in zip(corpora, place.queries)]


def save_retrieval(directory: str | pathlib.Path, place: Place) -> None:
    """Write retrieval.json."""
    content: dict[str, Any] = {"place": place.value, "fingerprint": place.fingerprint, "tokenizer": place.tokenizer}
    if place.flag == IMAGES:
        content |= {"images": "cosine", "queries": {key: [*hashes] for key, hashes in place.answered.items()}}
    write_atomically(pathlib.Path(directory) / FILE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def recorded_flag(directory: str | pathlib.Path) -> str:
    """Return the flag that names what a model's passages come from: `retrieve` or `image_index`."""
    return IMAGES if "images" in _read(directory) else TEXT


def read_fingerprint(directory: str | pathlib.Path) -> str:
    """Return the hash of what a model's passages came from in training."""
    return _read(directory)["fingerprint"]


def _read(directory: str | pathlib.Path) -> dict[str, Any]:
    return read_json(pathlib.Path(directory) / FILE, "what cman-tf train wrote", schema=_SCHEMA)


def find_retrieval(directory: str | pathlib.Path, elsewhere: Mapping[str, str]) -> Place | None:
    """Find what a model's passages come from, and compare it with what it was in training.

    Args:
      directory: the model's directory.
      elsewhere: the flags of `RETRIEVAL_FLAGS` that say where it is now. If empty, it is looked for where it was.
        `retrieve` may be `none`: the sentences are read alone.

    Returns:
      The place; None for a model without retrieval, or for sentences alone.

    Raises:
      DataError: if it is not found, if it has changed, or if flags are given for a model without retrieval.
    """
    path = pathlib.Path(directory) / FILE
    if not path.exists():
        if elsewhere and elsewhere != {TEXT: NOTHING}:
            raise DataError(f"{directory}: the model retrieves no passages, expected no --{next(iter(elsewhere))}")
        return None
    content = _read(directory)
    flag = IMAGES if "images" in content else TEXT
    if elsewhere.get(TEXT) == NOTHING:
        if len(elsewhere) > 1:
            raise DataError(f"--retrieve={NOTHING} and --{[*elsewhere][-1]}, expected one of them")
        return None
    need = f"{directory}: the model retrieves passages from {content['place'][:200]}"
    other = TEXT if flag == IMAGES else IMAGES
    if other in elsewhere:
        raise DataError(f"{directory}: the model retrieves passages by --{flag}, expected no --{other}")
    place = read_place({flag: content["place"], **elsewhere}, content["tokenizer"])
    assert place is not None
    if flag == TEXT:
        import_bm25s()  # its absence has nothing to do with the place
    try:
        if flag not in elsewhere:
            for file in place.files:
                validate_recorded_path(file, f"what --{flag} names")
        found = place.open()
    except (DataError, OSError) as error:
        reason = str(error) if isinstance(error, DataError) else f"{error.filename}: {error.strerror}"
        raise DataError(f"{need}; {reason}; --{flag} says where it is now, --retrieve=none does without") from None
    if found.fingerprint != content["fingerprint"]:
        raise DataError(
            f"{need} (fingerprint {content['fingerprint'][:12]}); {found.name} has other content (fingerprint "
            f"{found.fingerprint[:12]}), expected the same content as in training; --retrieve=none does without"
        )
    return dataclasses.replace(place, fingerprint=content["fingerprint"], answered=content.get("queries", {}))
