"""Vocabularies of words, characters, tags and relations, saved with the model."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cman_tf.data.bio import OUTSIDE, tags_from_entities
from cman_tf.data.types import ROOT, Sentence
from cman_tf.data.word_vectors import UNKNOWN, lookup_form
from cman_tf.errors import DataError, quote
from cman_tf.runs.arrays import read_array
from cman_tf.runs.files import read_json, write_atomically
from cman_tf.runs.schema import list_of, record, text, truth

UNKNOWN_ID = 0  # the id of unknown words and of unknown characters; padded positions hold it too and are masked
# The lists in vocabulary.json and the first item of each.
_LISTS = {"words": UNKNOWN, "characters": UNKNOWN, "tags": OUTSIDE, "relations": None}
_SCHEMA = record({**dict.fromkeys(_LISTS, list_of(text())), "vectors": truth()})
_MAX_BYTES = 64 << 20  # of vocabulary.json; that of 2.2 million words has 30 MB
_UNKNOWN_SEED = 123456  # draws the vector of unknown words; the baseline's value


@dataclasses.dataclass
class Vocabulary:
    """The words, characters, tags and relation types that the model's ids stand for. An id is a position in its list.

    Attributes:
      words: `<unk>` first, then the words of the word-vector file or, without a file, of the training data.
      characters: `<unk>` first, then the characters of the training data.
      tags: the BIO tags of the training data, `O` first.
      relations: the relation types of the training data.
      vectors: float32 [words, size] from a word-vector file, or None.
    """

    words: list[str]
    characters: list[str]
    tags: list[str]
    relations: list[str]
    vectors: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        self._word_id = {word: number for number, word in enumerate(self.words)}
        self._character_id = {character: number for number, character in enumerate(self.characters)}
        self.tag_id = {tag: number for number, tag in enumerate(self.tags)}
        self.relation_id = {relation: number for number, relation in enumerate(self.relations)}

    @classmethod
    def build(cls, train: Sequence[Sentence], vectors: tuple[list[str], NDArray[Any]] | None = None) -> Vocabulary:
        """Build the vocabulary from training sentences.

        The vector of `<unk>` is drawn uniformly within sqrt(1 / words), as in the baseline, unless the file of word
        vectors has an `<unk>` of its own.

        Args:
          train: the training sentences.
          vectors: the words and their vectors, float32 [words, size], as `read_word_vectors` returns them. None takes
            the words of the training sentences.
        """
        characters = sorted({c for s in train for token in s.tokens for c in token})
        tags = {tag for s in train for tag in tags_from_entities(s.entities, len(s.tokens))} - {OUTSIDE}
        relations = sorted({r.type for s in train for r in s.relations})
        table = None
        if vectors is None:
            words = [UNKNOWN, *sorted({token for s in train for token in s.tokens} - {UNKNOWN})]
        else:
            words, table = vectors
            if UNKNOWN in words:
                first = words.index(UNKNOWN)
                order = [first, *(i for i in range(len(words)) if i != first)]
                words, table = [words[i] for i in order], table[order]
            else:
                bound = (1.0 / len(words)) ** 0.5
                unknown = np.random.default_rng(_UNKNOWN_SEED).uniform(-bound, bound, (1, table.shape[1]))
                words, table = [UNKNOWN, *words], np.concatenate([unknown, table]).astype(np.float32)
        return cls(words, [UNKNOWN, *characters], [OUTSIDE, *sorted(tags)], relations, table)

    def extend(self, other: Vocabulary) -> Vocabulary:
        """Return a vocabulary that knows the types and characters of another one, too, and its words.

        Args:
          other: the other vocabulary. Its words are left out if this one has those of a word-vector file; if only the
            other one has, its words and vectors are taken.
        """

        def unite(name: str, kept: int) -> list[str]:
            one: list[str] = getattr(self, name)
            others: list[str] = getattr(other, name)
            return [*one[:kept], *sorted({*one[kept:], *others[kept:]})]

        words, vectors = self.words, self.vectors
        if vectors is None:
            words, vectors = (unite("words", 1), None) if other.vectors is None else (other.words, other.vectors)
        return Vocabulary(words, unite("characters", 1), unite("tags", 1), unite("relations", 0), vectors)

    def labels(self) -> dict[str, list[str]]:
        """Return the label set: the types of entities and of relations."""
        return {"entities": sorted({tag[2:] for tag in self.tags} - {"", ROOT}), "relations": self.relations}

    def word_ids(self, tokens: Sequence[str]) -> NDArray[Any]:
        """Look up the tokens' word ids, int32 [tokens], by `lookup_form`."""
        return np.array([self._word_id[lookup_form(token, self._word_id)] for token in tokens], np.int32)

    def character_ids(self, token: str, limit: int) -> NDArray[Any]:
        """Look up a token's character ids, int32 [characters].

        Args:
          token: the token.
          limit: the most characters; of a longer token the beginning and the end are read.
        """
        if len(token) > limit:
            token = token[: limit - limit // 2] + token[-(limit // 2) :]
        return np.array([self._character_id.get(character, UNKNOWN_ID) for character in token], np.int32)

    def coverage(self, sentences: Sequence[Sentence]) -> float:
        """Return the percentage of the tokens that have an entry in the vocabulary."""
        ids = np.concatenate([self.word_ids(s.tokens) for s in sentences])
        return 100.0 * float((ids != UNKNOWN_ID).mean())

    def unknown_types(self, sentences: Sequence[Sentence]) -> dict[str, Counter[str]]:
        """Count entities and relations of types that the training data does not contain; scoring counts them as missed.

        Args:
          sentences: the sentences.

        Returns:
          For "entity" and "relation" how often each unknown type occurs.
        """
        known = {tag[2:] for tag in self.tags} | {ROOT}
        return {
            "entity": Counter(e.type for s in sentences for e in s.entities if e.type not in known),
            "relation": Counter(r.type for s in sentences for r in s.relations if r.type not in self.relation_id),
        }

    def describe_unknown(self, sentences: Sequence[Sentence], path: str, strict: bool = False) -> list[str]:
        """Describe the entities and relations of unknown types, one line for each of the two.

        Args:
          sentences: the sentences.
          path: their file, for the lines.
          strict: whether unknown types are an error.

        Raises:
          DataError: if there are any and `strict` is true.
        """
        lines: list[str] = []
        for kind, types in self.unknown_types(sentences).items():
            count, names = sum(types.values()), ", ".join(sorted(types)[:5]) + (", ..." if len(types) > 5 else "")
            if count and strict:
                raise DataError(f"{path}: {kind} type {names}, expected types that the training data contains")
            if count:
                plural = {"entity": "entities", "relation": "relations"}[kind] if count > 1 else kind
                named = f"a type that the model does not know ({names})"
                lines.append(f"{path}: {count} {plural} of {named}; scoring counts each as missed")
        return lines

    def save(self, directory: str | pathlib.Path) -> None:
        """Write vocabulary.json and, with word vectors, word_vectors.npy.

        Raises:
          DataError: if the directory holds another vocabulary, because the ids of its model would change their
            meaning.
        """
        folder = pathlib.Path(directory)
        self.validate_same(folder)
        if (folder / "vocabulary.json").exists():
            return
        vectors = self.vectors
        if vectors is not None:
            write_atomically(folder / "word_vectors.npy", lambda file: np.save(file, vectors, allow_pickle=False))
        self.save_lists(folder)

    def save_lists(self, directory: str | pathlib.Path) -> None:
        """Write vocabulary.json without the word vectors."""
        lists = {name: getattr(self, name) for name in _LISTS}
        text = json.dumps({**lists, "vectors": self.vectors is not None}, ensure_ascii=False, indent=0)
        write_atomically(pathlib.Path(directory) / "vocabulary.json", text)

    def validate_same(self, directory: str | pathlib.Path) -> None:
        """Raise DataError if the directory holds another vocabulary."""
        folder = pathlib.Path(directory)
        if (folder / "vocabulary.json").exists():
            old = Vocabulary.load(folder)
            if (old.words, old.characters, old.tags, old.relations) != (
                self.words,
                self.characters,
                self.tags,
                self.relations,
            ):
                raise DataError(
                    f"{folder}: holds a run with another vocabulary ({len(old.words)} words there, {len(self.words)} "
                    "here), expected the same; choose another --model_dir, or the --kept_word_vectors of that run"
                )
            if not _same(old.vectors, self.vectors):
                raise DataError(
                    f"{folder / 'word_vectors.npy'}: other vectors than those of --word_vectors, expected the same; "
                    "choose another --model_dir"
                )

    @classmethod
    def load(cls, directory: str | pathlib.Path) -> Vocabulary:
        """Read the files that `save` wrote.

        Raises:
          DataError: if the files are missing or differ from what training writes: lists without duplicates, sorted
            except for the words of a word-vector file. The check finds lists that were edited, whose ids would have
            another meaning.
        """
        path = pathlib.Path(directory) / "vocabulary.json"
        if not path.exists():
            raise DataError(f"{path.parent}: no trained model here, expected a directory that cman-tf train wrote")
        expected = "what cman-tf train wrote"
        content = read_json(path, expected, schema=_SCHEMA, limit=_MAX_BYTES)
        for name, first in _LISTS.items():
            texts: list[str] = content[name]
            if texts[:1] != [first] and first is not None:
                raise DataError(f"{path}: {name} begins with {quote(texts[:1])}, expected {first!r}")
            if len({*texts}) < len(texts):
                raise DataError(f"{path}: {name} contains the same text twice, expected {expected}")
            ordered = texts[first is not None :]
            if (name != "words" or not content["vectors"]) and ordered != sorted(ordered):
                raise DataError(f"{path}: {name} are not in order, expected {expected}")
        return cls(**{name: content[name] for name in _LISTS}, vectors=_load_vectors(path, content))


def _same(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


def _load_vectors(path: pathlib.Path, content: dict[str, Any]) -> NDArray[Any] | None:
    """Read the word vectors that belong to a vocabulary.json; None if it has none."""
    if not content["vectors"]:
        return None
    file, shape = path.parent / "word_vectors.npy", (len(content["words"]), None)
    table = read_array(file, ("float32", "float16"), shape, "the word vectors that cman-tf train wrote")
    if not table.shape[1]:
        raise DataError(f"{file}: word vectors without values, expected those that cman-tf train wrote")
    return table.astype(np.float32)  # a packed model has them in half precision
