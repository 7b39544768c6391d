"""A corpus file's sentences and counts, and how a corpus' files are found."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from cman_tf.data.bio import flat_entities
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError, count_things

SPLITS = ("train", "dev", "test")


@dataclasses.dataclass(frozen=True)
class Corpus:
    """The sentences of one file and what is known about the file.

    Attributes:
      path: the file's path.
      sha256: the hash of the file's bytes, in hexadecimal.
      sentences: the sentences in the file's order.
      mended: the number of repairs and omissions that the reader made, by kind.
    """

    path: str
    sha256: str
    sentences: list[Sentence]
    mended: dict[str, int]

    def summary(self) -> dict[str, Any]:
        """Count the sentences, tokens, entities and relations, for display and for result files."""
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

    def describe(self) -> str:
        """Describe the corpus in one line for people: the file and how much it holds."""
        counts = self.summary()
        entities, relations = counts["entities"], counts["relations"]
        return (
            f"{counts['file']}, {count_things(counts['sentences'], 'sentence')}, "
            f"{count_things(counts['tokens'], 'token')}, "
            f"{sum(entities.values())} entities of {count_things(len(entities), 'type')}, "
            f"{sum(relations.values())} relations of {count_things(len(relations), 'type')}"
        )


def name_corpus(file: str) -> str:
    """Name a corpus by the folder of its training file: `conll04_spert` for `conll04_spert/conll04_train.json`."""
    return pathlib.Path(file).resolve().parent.name


def describe_corpora(corpora: Mapping[str, Corpus]) -> dict[str, Any]:
    """Describe the three splits for a result file: the corpus' name and the `summary` of each split."""
    return {"name": name_corpus(corpora["train"].path), **{split: corpora[split].summary() for split in SPLITS}}


def split_files(directory: str | pathlib.Path, split: str) -> list[pathlib.Path]:
    """List the files and folders that may hold a split.

    They are called `train`, or end in `_train` or `-train`, before any ending. Other names of dev are `valid` and
    `validation`. Hidden files and brat's .ann files do not count.

    Args:
      directory: the folder of the corpus.
      split: `train`, `dev` or `test`.
    """
    names = {"dev": ("dev", "valid", "validation")}.get(split, (split,))
    found: list[pathlib.Path] = []
    for path in sorted(pathlib.Path(directory).iterdir()):
        stem = path.name.partition(".")[0] if path.is_file() else path.name
        word = re.split("[_-]", stem)[-1]
        if word in names and not stem.endswith("train_dev") and path.suffix != ".ann":  # train_dev holds both
            found.append(path)
    return found


def find_split(directory: str | pathlib.Path, split: str) -> str:
    """Find the file or folder of a split: the only one that `split_files` lists.

    Args:
      directory: the folder of the corpus.
      split: `train`, `dev` or `test`.

    Raises:
      DataError: if none or more than one may hold the split.
    """
    folder = pathlib.Path(directory)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such directory, expected one with train, dev and test files")
    found = split_files(folder, split)
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        also = "; --hold_out=0.15 takes a part of train" if split == "dev" and not found else ""
        raise DataError(
            f"{folder}: {names} for the {split} split, expected one file such as {split}.json, {split}.txt or "
            f"NAME_{split}.jsonl, or a folder {split}{also}"
        )
    return str(found[0])
