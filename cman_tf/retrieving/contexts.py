"""The contexts of sentences: passages of an index, up to a number of tokens, as the model reads them."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import json
import threading
from collections.abc import Sequence
from typing import Any

from cman_tf.errors import DataError
from cman_tf.retrieving.caching import find_cached
from cman_tf.retrieving.images import ImageIndex
from cman_tf.retrieving.leakage import GUARD_VERSION, REASONS, find_unleaked
from cman_tf.retrieving.passages import Tokens, context_for
from cman_tf.retrieving.recorded import Place
from cman_tf.runs import provenance

_REMEMBERED = 1 << 12  # sentences that were asked for last


class Contexts:
    """Finds the context of sentences. Several threads may use it.

    Args:
      place: where passages come from.
      passages: the number of passages of a sentence, at most.
      tokens: the number of tokens of its context, at most.

    Raises:
      DataError: if the place cannot be opened.

    Attributes:
      place: the place, with its fingerprint.
      left_out: for each reason of the guard how many passages of the corpora were left out.
    """

    def __init__(self, place: Place, passages: int, tokens: int) -> None:
        self._source = place.open()
        self.place = dataclasses.replace(place, fingerprint=self._source.fingerprint)
        self._trained = bool(place.answered)  # otherwise this is for a training that begins
        self.left_out = dict.fromkeys(REASONS, 0)
        self._passages, self._tokens = passages, tokens
        self._keys: list[str] = []
        self._of_corpora: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._asked: collections.OrderedDict[tuple[str, ...], tuple[str, ...]] = collections.OrderedDict()
        self._lock = threading.Lock()

    @property
    def key(self) -> str:
        """A hash of all that the contexts of the corpora depend on beside the sentences."""
        content = [self.place.fingerprint, self.place.tokenizer, self._passages, self._tokens, GUARD_VERSION]
        return hashlib.sha256(json.dumps([*content, *self._keys]).encode()).hexdigest()

    def describe(self) -> dict[str, Any]:
        """Return what a result file says about retrieval."""
        files = [provenance.make_portable(file) for file in self.place.files]
        return {"place": ",".join(files), "fingerprint": self.place.fingerprint, "left_out": self.left_out}

    def read_corpus(
        self, sentences: Sequence[Tokens], name: str, queries: str | None = None, keeps: bool = True
    ) -> None:
        """Retrieve the passages of a corpus, or read them where they were kept.

        Args:
          sentences: the tokens of the sentences of the corpus. Of equal ones, the first one's passages count.
          name: the name of the corpus, for the file in `retrieved/`.
          queries: with images, the file of the query vectors of these sentences.
          keeps: whether what is retrieved is kept in a file.

        Raises:
          DataError: if there are no query vectors, or if they are not those of this corpus.
        """
        source = self._source
        if isinstance(source, ImageIndex):
            if queries is None:
                raise DataError(f"{name}: no query vectors, expected a file of them in --image_queries")
            source = source.with_queries(queries)
            self._keys.append(source.key)
            self._note_queries(source.queries_hash, sentences, name, queries)
        if keeps:
            retrieved, _ = find_cached(source, sentences, self._passages, name)
        else:
            retrieved = find_unleaked(source, sentences, self._passages)
        for tokens, found in zip(sentences, retrieved.passages):
            self._of_corpora.setdefault(tuple(tokens), context_for(found, self._tokens))
        for reason, count in retrieved.left_out.items():
            self.left_out[reason] += count

    def _note_queries(self, key: str, sentences: Sequence[Tokens], name: str, file: str) -> None:
        """Note which sentences some query vectors belong to; refuse those that belonged to others in training."""
        content = json.dumps([list(tokens) for tokens in sentences])
        asked = hashlib.sha256(content.encode()).hexdigest()
        known = self.place.answered.get(key, ())
        if self._trained and known and asked not in known:
            raise DataError(f"{file}: the query vectors of other sentences in training, expected those of {name}")
        if not self._trained:
            self.place = dataclasses.replace(self.place, answered={**self.place.answered, key: [*known, asked]})

    def find(self, sentences: Sequence[Tokens]) -> list[tuple[str, ...]]:
        """Return the tokens of each sentence's context; those of sentences that are not known are asked for.

        Raises:
          DataError: for a sentence that is not known, if passages are found by images.
        """
        keys = [tuple(tokens) for tokens in sentences]
        with self._lock:
            missing = [k for k in dict.fromkeys(keys) if k not in self._of_corpora and k not in self._asked]
            if missing and isinstance(self._source, ImageIndex):
                text = " ".join(missing[0])[:60]
                raise DataError(
                    f"{text!r}: no query vector, expected sentences of a corpus with --image_queries; cman-tf evaluate "
                    "takes them"
                )
            if missing:
                rows = [0] * len(missing)  # which a source of text does not use
                retrieved = find_unleaked(self._source, missing, self._passages, rows)  # type: ignore[arg-type]
                for key, found in zip(missing, retrieved.passages):
                    self._asked[key] = context_for(found, self._tokens)
            contexts = [self._of_corpora[key] if key in self._of_corpora else self._asked[key] for key in keys]
            while len(self._asked) > _REMEMBERED:
                self._asked.popitem(last=False)
        return contexts
