"""The HDF5 file in which features are cached. A sentence is found by its content.

features  float32 or float16 [tokens of all sentences, layers, size]
keys      32 bytes (V32) [sentences], the sha256 of each sentence's tokens
starts    int64 [sentences], the first row of each sentence in `features`
lengths   int32 [sentences], the number of tokens of each sentence
attributes: fingerprint and name of the encoder
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
from collections.abc import Iterator, Sequence

import h5py
import numpy as np

from cman_tf.encoders.hdf5_files import ERRORS, describe, open_checked
from cman_tf.encoders.patient_file import PatientFile
from cman_tf.encoders.source import Source
from cman_tf.errors import DataError, quote
from cman_tf.runs.durable import move_into_place, name_errors

_EXPECTED = "features of cman-tf embed"
_AGAIN = "expected finite numbers; remove the file, and it is made again"
_BLOCK = 8192  # rows that are copied at a time

Tokens = Sequence[str]


def sentence_key(tokens: Tokens) -> bytes:
    """Return the key by which a sentence's features are found: the sha256 of its tokens."""
    return hashlib.sha256(json.dumps(list(tokens)).encode("utf-8")).digest()


class Cache:
    """A cache file that is open for reading. Features are read sentence by sentence.

    Args:
      path: the file.
      source: the encoder whose features the file must hold.

    Raises:
      DataError: if the file is not a cache, or if it is of another encoder.
    """

    def __init__(self, path: str | pathlib.Path, source: Source) -> None:
        self.path = str(path)
        self._file = open_checked(path, _EXPECTED)
        try:
            fingerprint, self.name = (_read_text(self._file, name) for name in ("fingerprint", "name"))
            if fingerprint != source.fingerprint:
                raise DataError(
                    f"{path}: features of another encoder ({quote(self.name)[1:-1]}), expected those of {source}"
                )
            self._features = self._file["features"]
            self._places = _read_index(self._file)
            _, self.layers, self.size = self._features.shape
        except ERRORS as error:
            self.close()
            if isinstance(error, DataError):
                raise
            raise DataError(f"{path}: {describe(error)}, expected {_EXPECTED}") from None

    def keys(self) -> set[bytes]:
        """Return the keys of all sentences in the file."""
        return set(self._places)

    def missing(self, sentences: Sequence[Tokens]) -> list[Tokens]:
        """List the sentences whose features are not in the file."""
        return [tokens for tokens in sentences if sentence_key(tokens) not in self._places]

    def encode(self, sentences: Sequence[Tokens]) -> list[np.ndarray]:
        """Read float32 [L, layers, size] for each sentence of L tokens.

        Raises:
          DataError: if a sentence is not in the file.
        """
        found = []
        for tokens in sentences:
            place = self._places.get(sentence_key(tokens))
            if place is None:
                raise DataError(
                    f"{self.path}: no features of {quote(' '.join(tokens))}, expected those of all sentences"
                )
            if place[1] != len(tokens):
                raise DataError(
                    f"{self.path}: features of {place[1]} tokens for {quote(' '.join(tokens))}, expected {len(tokens)}"
                )
            try:
                vectors = self._features[place[0] : sum(place)].astype(np.float32)
            except ERRORS as error:
                raise DataError(f"{self.path}: {describe(error)}, expected {_EXPECTED}") from None
            if not np.isfinite(vectors).all():
                raise DataError(f"{self.path}: a feature of {quote(' '.join(tokens))} is not finite, {_AGAIN}")
            found.append(vectors)
        return found

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _read_text(file: h5py.File, name: str) -> str:
    """Read an attribute that is text."""
    text = file.attrs[name]
    if not isinstance(text, str):
        raise ValueError(f"the attribute {name} is no text")
    return text


def _read_index(file: h5py.File) -> dict[bytes, tuple[int, int]]:
    """Return for the key of each sentence its first row and its number of rows.

    Raises:
      ValueError: if the index does not lead to each row of the features once, in the order of the sentences.
    """
    features = file["features"]
    if features.ndim != 3 or features.dtype.name not in ("float32", "float16") or 0 in features.shape[1:]:
        raise ValueError(f"features of {features.dtype} {features.shape}")
    columns: list[np.ndarray] = []
    for name, kind, most in (("keys", "V", 32), ("starts", "i", 8), ("lengths", "i", 8)):
        column = file[name]
        is_wide = column.dtype.itemsize != most if kind == "V" else column.dtype.itemsize > most
        if column.ndim != 1 or column.dtype.kind != kind or is_wide:
            raise ValueError(f"{name} of {column.dtype} {column.shape}")
        columns.append(column[...])
    keys, starts, lengths = columns
    if not len(keys) == len(starts) == len(lengths):
        raise ValueError(f"{len(keys)} keys, {len(starts)} starts and {len(lengths)} lengths")
    if len(lengths) and (lengths.min() < 1 or lengths.max() > len(features)):
        raise ValueError("a sentence with no row, or with more than there are")
    ends = np.cumsum(lengths, dtype=np.int64)
    if not np.array_equal(starts, ends - lengths) or (ends[-1] if len(ends) else 0) != len(features):
        raise ValueError(f"starts and lengths that do not cover the {len(features)} rows of the features")
    places = {bytes(k): (int(s), int(n)) for k, s, n in zip(keys, starts, lengths)}
    if len(places) < len(keys):
        raise ValueError("a sentence twice")
    return places


@contextlib.contextmanager
def create_file(path: pathlib.Path, source: Source) -> Iterator[h5py.File]:
    """Write an HDF5 file that gets its name only when it is complete.

    Args:
      path: the file.
      source: the encoder, which the file names.

    Yields:
      The open file.

    Raises:
      OSError: naming `path`, if it cannot be written, as on a full disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with name_errors(path), PatientFile(unfinished) as patient:
            try:
                with h5py.File(patient, "w") as file:
                    file.attrs["fingerprint"], file.attrs["name"] = source.fingerprint, str(source)
                    yield file
            finally:
                patient.raise_failure()
        move_into_place(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_index(file: h5py.File, keys: list[bytes], lengths: list[int]) -> None:
    """Write the index of a file: which rows hold the features of each sentence.

    Args:
      file: the open file.
      keys: the key of each sentence, in the order of their features.
      lengths: the number of tokens of each sentence.
    """
    file["keys"] = np.array([np.void(key) for key in keys])
    file["starts"] = np.cumsum([0, *lengths[:-1]]).astype(np.int64)
    file["lengths"] = np.array(lengths, np.int32)


def merge_files(path: pathlib.Path, source: Source, files: list[pathlib.Path]) -> None:
    """Merge files into one, holding only a block of rows in memory.

    Args:
      path: the file to write. It may be one of those that are merged.
      source: the encoder.
      files: the files to merge, which have no sentence in common.
    """
    keys, lengths, rows = [], [], 0
    shape: tuple[int, ...] = ()
    for name in files:
        with h5py.File(name, "r") as file:
            keys += [bytes(key) for key in file["keys"][...]]
            lengths += file["lengths"][...].tolist()
            shape = file["features"].shape
            rows += shape[0]
    with create_file(path, source) as merged:
        write_index(merged, keys, lengths)
        features = merged.create_dataset("features", (rows, *shape[1:]), source.precision)
        start = 0
        for name in files:
            with h5py.File(name, "r") as file:
                for first in range(0, file["features"].shape[0], _BLOCK):
                    block = file["features"][first : first + _BLOCK]
                    features[start : start + len(block)] = block
                    start += len(block)
