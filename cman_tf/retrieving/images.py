"""Passages by images: texts whose image's features are next to a sentence's query vector.

No image is read. The user computes the features of the images and a query vector for each sentence, with CLIP for
example; `docs/retrieval.md` says in which form. The neighbours are exact: all features are compared.
"""

from __future__ import annotations

import functools
import hashlib
import json
import pathlib
from collections.abc import Sequence

from cman_tf.data.tokenizers.registry import find_tokenizer
from cman_tf.errors import DataError
from cman_tf.retrieving.caption_file import index_lines, read_caption
from cman_tf.retrieving.neighbours import COSINE, MEASURES, find_neighbours
from cman_tf.retrieving.passage_file import PassageFile
from cman_tf.retrieving.passages import Passage, Tokens
from cman_tf.retrieving.vectors import Vectors, open_vectors
from cman_tf.runs.files import sha256_of


class ImageIndex:
    """Features of images and a text for each. `open_images` makes it.

    Args:
      features: the vectors of N images.
      texts: the texts.
      texts_path: the file of the texts.
      measure: `cosine` or `dot`.
      tokenizer: the name of the tokenizer that cut the texts.
    """

    def __init__(
        self, features: Vectors, texts: PassageFile, texts_path: pathlib.Path, measure: str, tokenizer: str
    ) -> None:
        self._features, self._texts, self._texts_path = features, texts, texts_path
        self.measure, self.tokenizer = measure, tokenizer
        self.name = f"{features.path},{texts_path}"

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of the features, the texts and the measure."""
        content = [sha256_of(self._features.path), sha256_of(self._texts_path), self.measure]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def with_queries(self, path: str | pathlib.Path) -> ImageSource:
        """Return a source for one corpus.

        Args:
          path: .npy, float [S, D], the query vector of each of the S sentences of the corpus, in their order.

        Raises:
          DataError: if the file is something else, or if its vectors have another size than the features.
        """
        queries = open_vectors(path, self.measure == COSINE)
        if queries.size != self._features.size:
            raise DataError(
                f"{path}: vectors of {queries.size} numbers, expected {self._features.size} as in {self._features.path}"
            )
        return ImageSource(self, queries)

    def search(self, queries: Vectors, rows: Sequence[int], k: int) -> list[list[Passage]]:
        """Return the texts of the nearest images of some queries, the nearest first."""
        numbers, scores = find_neighbours(self._features, queries, rows, min(k, len(self._features)), self.measure)
        return [
            [Passage(place, *self._texts.read(place), score) for place, score in zip(found, values)]
            for found, values in zip(numbers.tolist(), scores.tolist())
        ]


class ImageSource:
    """An index of images with the query vectors of one corpus. `ImageIndex.with_queries` makes it.

    Args:
      index: the index.
      queries: the query vector of each sentence of the corpus.
    """

    def __init__(self, index: ImageIndex, queries: Vectors) -> None:
        self._index, self._queries = index, queries
        self.name = index.name

    @property
    def fingerprint(self) -> str:
        """A hash of the index; the query vectors are those of one corpus and do not matter."""
        return self._index.fingerprint

    @property
    def key(self) -> str:
        """A hash of all that an answer depends on beside the sentences and `k`."""
        content = [self.fingerprint, self._index.tokenizer, self.queries_hash]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @functools.cached_property
    def queries_hash(self) -> str:
        """The sha256 of the file of query vectors."""
        return sha256_of(self._queries.path)

    def validate_content(self) -> None:
        """All of the content has been read for the hash; nothing is left to check."""

    def validate_corpus(self, count: int) -> None:
        """Check that there is a query vector for each sentence of a corpus.

        Raises:
          DataError: if there are fewer or more.
        """
        if len(self._queries) != count:
            raise DataError(
                f"{self._queries.path}: {len(self._queries)} query vectors, expected {count}, one for each sentence"
            )

    def find(self, sentences: Sequence[Tokens], k: int, rows: Sequence[int] | None = None) -> list[list[Passage]]:
        """Find the texts of the images that are nearest to the query vectors of sentences.

        Args:
          sentences: the tokens of S sentences; only their number matters.
          k: the most passages for each sentence, at least 1.
          rows: for each sentence the row of its query vector; None: 0 to S - 1, and there must be S vectors.

        Returns:
          For each sentence its passages, the nearest first; of equally near ones, the lower number first.

        Raises:
          DataError: if there are not as many query vectors as sentences.
        """
        if rows is None:
            self.validate_corpus(len(sentences))
            rows = range(len(sentences))
        return self._index.search(self._queries, rows, k)


def open_images(
    features: str | pathlib.Path, texts: str | pathlib.Path, measure: str = COSINE, tokenizer: str = "default"
) -> ImageIndex:
    """Open features of images and their texts.

    Args:
      features: .npy, float16, float32 or float64 [N, D], the features of N images. They are mapped into memory.
      texts: JSON lines, one for each image, with its `text`, or with its `caption` and the text of its `article`.
      measure: `cosine`, or `dot` for the dot product.
      tokenizer: the name of the tokenizer that cuts the texts.

    Raises:
      DataError: if a file is something else, or if there are not as many texts as features.
    """
    if measure not in MEASURES:
        raise DataError(f"measure {measure[:40]!r}, expected one of {', '.join(MEASURES)}")
    vectors = open_vectors(features, measure == COSINE)
    path = pathlib.Path(texts)
    offsets = index_lines(path)
    if len(offsets) - 1 != len(vectors):
        raise DataError(f"{path}: {len(offsets) - 1} lines, expected {len(vectors)}, one for each row of {features}")
    file = PassageFile(path, offsets, find_tokenizer(tokenizer), "expected the texts as they were", read_caption)
    return ImageIndex(vectors, file, path, measure, tokenizer)
