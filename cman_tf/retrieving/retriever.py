"""Asking an index for the passages whose sentences fit a sentence best, by BM25."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cman_tf.data.tokenizers.registry import find_tokenizer
from cman_tf.errors import DataError
from cman_tf.retrieving.building import import_bm25s
from cman_tf.retrieving.index_files import (
    DATA,
    FIRST,
    INDICES,
    OFFSETS,
    PASSAGES,
    POINTERS,
    WHOLE,
    Manifest,
    read_manifest,
    read_vocabulary,
    validate_files,
)
from cman_tf.retrieving.passage_file import PassageFile
from cman_tf.retrieving.passages import Passage, Tokens
from cman_tf.retrieving.ranking import rank_best
from cman_tf.retrieving.words import find_words
from cman_tf.runs.arrays import read_array


class Retriever:
    """An open index. `open_index` makes it.

    Args:
      folder: the index.
      manifest: what it is of.
      tokenizer: the name of the tokenizer that cuts passages without tokens.

    Raises:
      DataError: if the index is damaged.

    Attributes:
      manifest: what the index is of.
      name: the path of the index.
      tokenizer: the name of the tokenizer.
    """

    def __init__(self, folder: pathlib.Path, manifest: Manifest, tokenizer: str) -> None:
        self.manifest, self.name, self.tokenizer = manifest, str(folder), tokenizer
        count, postings = manifest.passages, manifest.postings
        offsets = _read_borders(folder / OFFSETS, count, manifest.files[PASSAGES]["bytes"])
        self._first = _read_borders(folder / FIRST, count, manifest.sentences)
        _read_borders(folder / POINTERS, manifest.words, postings, may_be_empty=True)
        read_array(folder / DATA, ("float32",), (postings,), WHOLE)
        _validate_range(folder / INDICES, postings, manifest.sentences)
        self._vocabulary = read_vocabulary(folder, manifest)
        engine = import_bm25s().BM25
        self._engine: Any = engine.load(folder, mmap=True, load_vocab=False, show_progress=False)
        self._passages = PassageFile(folder / PASSAGES, offsets, find_tokenizer(tokenizer), f"expected {WHOLE}")

    @property
    def fingerprint(self) -> str:
        """A hash of what is searched and how; the corpus' name and the tokenizer do not matter."""
        return self.manifest.fingerprint

    @property
    def key(self) -> str:
        """A hash of all that an answer depends on beside the sentences and `k`."""
        return f"{self.fingerprint}:{self.tokenizer}"

    def validate_content(self) -> None:
        """Compare the content of all files with the manifest.

        Raises:
          DataError: naming the first file that was changed.
        """
        validate_files(pathlib.Path(self.name), self.manifest, thorough=True)

    def validate_corpus(self, count: int) -> None:
        """Do nothing: any sentence can be asked for."""

    def find(self, sentences: Sequence[Tokens], k: int, rows: Sequence[int] | None = None) -> list[list[Passage]]:
        """Find the passages that fit sentences best.

        Args:
          sentences: the tokens of S sentences.
          k: the most passages for each sentence, at least 1.
          rows: not used.

        Returns:
          For each sentence its passages, the best first. A passage counts as its best sentence does. Of passages with
          the same score, the one with the lower number comes first. Passages that share no word are not returned.
        """
        del rows
        return [self._find(tokens, k) for tokens in sentences]

    def _find(self, tokens: Tokens, k: int) -> list[Passage]:
        """Find the passages for one sentence."""
        words = find_words(" ".join(tokens))
        numbers = sorted(self._vocabulary[word] for word in words if word in self._vocabulary)
        if not numbers:
            return []
        places, scores = self._rank_passages(self._engine.get_scores_from_ids(numbers), k)
        return [Passage(place, *self._passages.read(place), score) for place, score in zip(places, scores)]

    def _rank_passages(self, scores: NDArray[np.float32], k: int) -> tuple[list[int], list[float]]:
        """Return the passages of the best sentences, each once, and their scores.

        Args:
          scores: float32 [sentences].
          k: the most passages.
        """
        asked = k
        while True:
            sentences = rank_best(scores, asked)
            sentences = sentences[scores[sentences] > 0]
            owners = np.searchsorted(self._first, sentences, "right") - 1
            best = np.sort(np.unique(owners, return_index=True)[1])[:k]
            if len(best) == k or len(sentences) < asked:
                return owners[best].tolist(), scores[sentences[best]].tolist()
            asked *= 4


def open_index(path: str | pathlib.Path, tokenizer: str = "default") -> Retriever:
    """Open an index. Its files are mapped into memory.

    Args:
      path: the directory that `cman-tf index` made.
      tokenizer: the name of the tokenizer that cuts the passages; passages whose corpus gave tokens keep them.

    Raises:
      DataError: if the directory is no index, if it is damaged or of another version, or if bm25s is not installed.
    """
    import_bm25s()
    folder = pathlib.Path(path)
    manifest = read_manifest(folder)
    validate_files(folder, manifest)
    return Retriever(folder, manifest, tokenizer)


def _read_borders(path: pathlib.Path, count: int, last: int, may_be_empty: bool = False) -> NDArray[Any]:
    """Read where each of `count` parts begins, and the last one ends.

    Raises:
      DataError: if the parts do not follow one another from 0 to `last`.
    """
    borders = read_array(path, ("int64",), (count + 1,), WHOLE)
    steps = np.diff(borders)
    if borders[0] != 0 or borders[-1] != last or (steps < (0 if may_be_empty else 1)).any():
        raise DataError(f"{path}: numbers that do not rise from 0 to {last}, expected {WHOLE}")
    return borders


def _validate_range(path: pathlib.Path, count: int, limit: int) -> None:
    """Raise DataError if a file does not hold `count` numbers from 0 to below `limit`."""
    numbers = read_array(path, ("int32",), (count,), WHOLE)
    if numbers.min() < 0 or numbers.max() >= limit:
        raise DataError(f"{path}: the number of a sentence outside of 0 to {limit - 1}, expected {WHOLE}")
