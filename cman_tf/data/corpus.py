"""Finding and reading corpus files: format by content, splits by name."""

from __future__ import annotations

import dataclasses
import hashlib
import pathlib
from collections import Counter
from typing import Any

from cman_tf.data.bio import flat_entities
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.formats.multihead_columns import parse_columns
from cman_tf.formats.spert_json import parse_json

SPLITS = ("train", "dev", "test")
FORMATS = ("auto", "multihead", "multihead_root", "spert")


@dataclasses.dataclass(frozen=True)
class Corpus:
    """The sentences of one file and what is to be known of it."""

    path: str
    sha256: str
    sentences: list[Sentence]
    mended: dict[str, int]

    def summary(self) -> dict[str, Any]:
        """Counts for people and for result files."""
        return {
            "file": pathlib.Path(self.path).name,
            "sha256": self.sha256,
            "sentences": len(self.sentences),
            "tokens": sum(len(s.tokens) for s in self.sentences),
            "longest": max(len(s.tokens) for s in self.sentences),
            "entities": dict(sorted(Counter(e.type for s in self.sentences for e in s.entities).items())),
            "relations": dict(sorted(Counter(r.type for s in self.sentences for r in s.relations).items())),
            "entities_within_others": sum(len(s.entities) - len(flat_entities(s.entities)) for s in self.sentences),
            **self.mended,
        }


def read_corpus(path: str | pathlib.Path, format: str = "auto", predictions: bool = False) -> Corpus:
    """Read one file in either format.

    Args:
      path: the file.
      format: `multihead`, `multihead_root` (DREC: relations may point to token 0; JSON
        holds that root as an entity), `spert`, or `auto`: JSON if it opens with a bracket, else `multihead`.
      predictions: the file holds what a system predicted: said twice is said once, and
        relations may stand on tokens that are in no entity (`Sentence.unattached_relations`).

    Raises:
      DataError: one line naming the file, the place and what was expected.
    """
    path = str(path)
    try:
        raw = pathlib.Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}, expected a readable corpus file") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = raw[error.start]
        raise DataError(f"{path}, line {line}: byte 0x{byte:02x} is not UTF-8, expected UTF-8 text") from None
    if not text.strip():
        raise DataError(f"{path}: empty, expected sentences")
    if format == "auto":
        format = _format_of(text, path)
    if format == "multihead_root" and text.lstrip().startswith("["):
        format = "spert"  # what was predicted of such a corpus: the root is among its entities
    # Not splitlines: a token may hold U+0085 and its like, which are no line ends here.
    if format == "spert":
        sentences, mended = parse_json(text, path, predictions)
    else:
        sentences, mended = parse_columns(text.split("\n"), path, predictions, format == "multihead_root")
    if not sentences:
        raise DataError(f"{path}: no sentence, expected one at least")
    return Corpus(path, hashlib.sha256(raw).hexdigest(), sentences, mended)


def _format_of(text: str, path: str) -> str:
    start = text.lstrip()
    if start.startswith(("[", "{")):
        return "spert"
    if start.startswith("#doc"):
        return "multihead"
    raise DataError(f"{path}, line 1: {start[:30]!r}, expected '#doc ID' (multihead) or '[' (SpERT JSON)")


def split_files(directory: str | pathlib.Path, split: str) -> list[pathlib.Path]:
    """Files that could be a split: {split}.json, {split}.txt and *_{split}.json."""
    folder = pathlib.Path(directory)
    found = [folder / f"{split}.json", folder / f"{split}.txt", *sorted(folder.glob(f"*_{split}.json"))]
    found = [path for path in found if path.is_file()]
    if split == "dev":  # *_train_dev.json is train and dev together, another thing
        found = [path for path in found if not path.name.endswith("train_dev.json")]
    return found


def find_split(directory: str | pathlib.Path, split: str) -> str:
    """The file of a split, the only one of `split_files`.

    Raises:
      DataError: if there is none, or more than one.
    """
    folder = pathlib.Path(directory)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such directory, expected one with train, dev and test files")
    found = split_files(folder, split)
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise DataError(
            f"{folder}: {names} for the {split} split, expected one of {split}.json, {split}.txt, *_{split}.json"
        )
    return str(found[0])
