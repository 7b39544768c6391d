"""The directory of an index: its files, its manifest, and what makes it valid.

manifest.json           what the index is of, and the size and sha256 of each other file
passages.jsonl          a passage on each line: {"text": ...}, or {"tokens": [...]} where the corpus gives tokens
offsets.npy             int64 [passages + 1], where each line begins
first_sentences.npy     int64 [passages + 1], the first sentence of each passage
data.csc.index.npy      float32 [postings], BM25 scores, by word and sentence; this file and the next ones are bm25s'
indices.csc.index.npy   int32 [postings], the sentences that the scores are of
indptr.csc.index.npy    int64 [words + 1], where each word's scores begin
vocab.index.json        the number of each word
params.index.json       the parameters of BM25
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
from typing import Any

from cman_tf.errors import DataError, quote
from cman_tf.retrieving.words import WORDS_VERSION
from cman_tf.runs.files import read_json, sha256_of
from cman_tf.runs.plain_files import file_size
from cman_tf.runs.schema import SHA256, object_of, one_of, record, text, whole

MANIFEST, PASSAGES, OFFSETS, FIRST = "manifest.json", "passages.jsonl", "offsets.npy", "first_sentences.npy"
DATA, INDICES, POINTERS = "data.csc.index.npy", "indices.csc.index.npy", "indptr.csc.index.npy"
VOCABULARY, PARAMETERS = "vocab.index.json", "params.index.json"
FILES = (PASSAGES, OFFSETS, FIRST, DATA, INDICES, POINTERS, VOCABULARY, PARAMETERS)
KIND, VERSION = "passages of cman_tf", 1
BM25 = {"k1": 1.5, "b": 0.75, "method": "lucene"}
_STORED = {"idf_method": "lucene", "dtype": "float32", "int_dtype": "int32", "backend": "numpy"}
_EXPECTED = "an index that cman-tf index made"
WHOLE = "a whole index; cman-tf index makes it again"
_SMALL = (VOCABULARY, PARAMETERS)
_LARGEST = 4 << 30  # bytes of the vocabulary
_COUNT = whole(1, 2**31 - 1)
_SCHEMA = record(
    {
        "kind": one_of(KIND),
        "version": whole(1),
        "words_version": whole(1),
        "corpus": record({"name": text(), "format": text(), "sha256": SHA256}),
        "passages": _COUNT,
        "sentences": _COUNT,
        "words": _COUNT,
        "postings": _COUNT,
        "files": object_of(record({"bytes": whole(), "sha256": SHA256}), one_of(*FILES)),
    }
)


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What an index is of.

    Attributes:
      corpus: the corpus: its `name`, its `format` and its `sha256`.
      passages: the number of passages.
      sentences: the number of their sentences, over which BM25 is computed.
      words: the number of different words.
      postings: the number of pairs of a word and a sentence that it stands in.
      files: the size in `bytes` and the `sha256` of each of `FILES`.
      version: the version of the files.
      words_version: the version of how words are found.
    """

    corpus: dict[str, str]
    passages: int
    sentences: int
    words: int
    postings: int
    files: dict[str, dict[str, Any]]
    version: int = VERSION
    words_version: int = WORDS_VERSION

    @property
    def fingerprint(self) -> str:
        """A hash of what is found and how, in hexadecimal; the corpus' name does not matter."""
        content = [self.version, self.words_version, {name: file["sha256"] for name, file in self.files.items()}]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def is_current(self) -> bool:
        """Whether this version of the package made it."""
        return (self.version, self.words_version) == (VERSION, WORDS_VERSION)

    def write(self, folder: pathlib.Path) -> None:
        """Write the manifest into the folder of the index."""
        content = {"kind": KIND, **dataclasses.asdict(self)}
        (folder / MANIFEST).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def describe_files(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Return the size in `bytes` and the `sha256` of each file of an index."""
    return {name: {"bytes": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)} for name in FILES}


def read_manifest(folder: pathlib.Path) -> Manifest:
    """Read the manifest of an index.

    Raises:
      DataError: if the folder is no index.
    """
    if not folder.is_dir():
        what = "no directory" if folder.exists() else "no such directory"
        raise DataError(f"{folder}: {what}, expected {_EXPECTED}")
    if not (folder / MANIFEST).exists():
        raise DataError(f"{folder}: a directory without {MANIFEST}, expected {_EXPECTED}")
    content = read_json(folder / MANIFEST, _EXPECTED, schema=_SCHEMA)
    if content["files"].keys() != {*FILES}:
        raise DataError(f"{folder / MANIFEST}: does not name all files, expected {WHOLE}")
    return Manifest(**{name: value for name, value in content.items() if name != "kind"})


def validate_files(folder: pathlib.Path, manifest: Manifest, thorough: bool = False) -> None:
    """Check that an index is of this version and that its files are there and have the size that they had.

    Args:
      folder: the index.
      manifest: what it is of.
      thorough: whether the content of all files is compared, too, which takes about a second for 1 GB; otherwise that
        of the small ones.

    Raises:
      DataError: naming the first file that does not fit.
    """
    if not manifest.is_current:
        raise DataError(f"{folder}: made by another version of cman_tf; cman-tf index makes it again")
    for name, file in manifest.files.items():
        size = file_size(folder / name, f"expected {WHOLE}")
        if size != file["bytes"]:
            raise DataError(f"{folder / name}: {size} bytes, not {file['bytes']}, expected {WHOLE}")
        if (thorough or name in _SMALL) and sha256_of(folder / name) != file["sha256"]:
            raise DataError(f"{folder / name}: not as it was made, expected {WHOLE}")


def read_vocabulary(folder: pathlib.Path, manifest: Manifest) -> dict[str, int]:
    """Read the numbers of the words of an index, and check the parameters of BM25.

    Raises:
      DataError: if they are not those of such an index.
    """
    parameters = read_json(folder / PARAMETERS, WHOLE)
    for name, value in {**BM25, **_STORED, "num_docs": manifest.sentences}.items():
        if parameters.get(name) != value:
            raise DataError(
                f"{folder / PARAMETERS}: {name} is {quote(parameters.get(name))}, not {value}, expected {WHOLE}"
            )
    schema = object_of(whole(0, manifest.words - 1))
    vocabulary: dict[str, int] = read_json(folder / VOCABULARY, WHOLE, schema=schema, limit=_LARGEST)
    if len(vocabulary) != manifest.words:
        raise DataError(f"{folder / VOCABULARY}: {len(vocabulary)} words, not {manifest.words}, expected {WHOLE}")
    return vocabulary
