"""Building an index: the passages of a corpus, their sentences, and BM25's scores of each word in each sentence."""

from __future__ import annotations

import array
import json
import logging
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cman_tf.errors import DataError
from cman_tf.retrieving.corpus_reading import list_sentences
from cman_tf.retrieving.index_files import BM25, FIRST, OFFSETS, PASSAGES, Manifest, describe_files
from cman_tf.retrieving.passage_file import Content
from cman_tf.retrieving.words import find_words

_INSTALL = "bm25s is not installed; pip install 'cman-tf[retrieval]'"
_ROWS = 1 << 14  # sentences whose words are lists of Python at a time


def import_bm25s() -> Any:
    """Return the package bm25s, quiet.

    Raises:
      DataError: if it is not installed.
    """
    try:
        import bm25s
    except ModuleNotFoundError as error:
        if error.name != "bm25s":
            raise
        raise DataError(_INSTALL) from None
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    return bm25s


class _Words:
    """The words of all sentences as numbers, in the form in which bm25s takes them.

    Attributes:
      ids: this object, over which bm25s iterates: a list of numbers for each sentence.
      vocab: the number of each word, in the order in which they were met.
    """

    def __init__(self) -> None:
        self.vocab: dict[str, int] = {}
        self.ids = self
        self._flat, self._ends = array.array("i"), array.array("q", [0])

    def add(self, sentence: str) -> None:
        """Add the words of a sentence."""
        vocab = self.vocab
        self._flat.extend([vocab.setdefault(word, len(vocab)) for word in find_words(sentence)])
        self._ends.append(len(self._flat))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[list[int]]:
        for first in range(0, len(self), _ROWS):
            ends = self._ends[first : first + _ROWS + 1]
            block = self._flat[ends[0] : ends[-1]].tolist()
            for start, end in zip(ends, ends[1:]):
                yield block[start - ends[0] : end - ends[0]]


def build_index(contents: Iterable[Content], folder: pathlib.Path, corpus: dict[str, str]) -> Manifest:
    """Write the files of an index.

    Args:
      contents: the passages, as `read_passages` yields them.
      folder: an empty folder.
      corpus: what the manifest says of the corpus.

    Returns:
      The manifest, which is written, too.

    Raises:
      DataError: if there is no passage, or no word in all of them.
    """
    bm25s = import_bm25s()
    words = _Words()
    offsets, first = array.array("q", [0]), array.array("q", [0])
    with open(folder / PASSAGES, "wb") as file:
        for content in contents:
            sentences = list_sentences(content)
            if not sentences:
                continue
            for sentence in sentences:
                words.add(sentence)
            first.append(len(words))
            key = "text" if isinstance(content, str) else "tokens"
            file.write(json.dumps({key: content}, ensure_ascii=False).encode("utf-8") + b"\n")
            offsets.append(file.tell())
    if not words.vocab:
        raise DataError(f"{corpus['name']}: no passage with a word in it, expected text")
    np.save(folder / OFFSETS, _as_array(offsets))
    np.save(folder / FIRST, _as_array(first))
    engine = bm25s.BM25(**BM25)
    engine.index(words, create_empty_token=False, show_progress=False)
    engine.save(folder, show_progress=False)
    manifest = Manifest(
        corpus, len(offsets) - 1, len(words), len(words.vocab), len(engine.scores["data"]), describe_files(folder)
    )
    manifest.write(folder)
    return manifest


def _as_array(values: array.array[int]) -> NDArray[np.int64]:
    return np.frombuffer(values, np.int64)
