"""Computing and caching the features of whole corpora.

While an encoder runs, finished parts are saved in a folder beside the cache's file (`feature_file.py`). Each part is
written as a whole or not at all. A run that was killed resumes after the last part.
"""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import numpy as np
from tqdm import tqdm

from cman_tf.data.bucketing import order_by_length
from cman_tf.data.contextual_encoder import ContextualEncoder
from cman_tf.data.corpus import Corpus, name_corpus
from cman_tf.encoders.feature_file import Cache, Tokens, create_file, merge_files, sentence_key, write_index
from cman_tf.encoders.opening import open_encoder
from cman_tf.encoders.source import Source, features_file
from cman_tf.errors import DataError
from cman_tf.runs.durable import name_errors
from cman_tf.runs.files import file_lock

Opener = Callable[[], ContextualEncoder]
_PART_TOKENS = 8192  # approximate number of tokens in a part
_BATCH_TOKENS = 2048  # approximate number of tokens in a call of the encoder


@contextlib.contextmanager
def _locked(path: pathlib.Path) -> Iterator[None]:
    """Let one process at a time make a cache. Other processes wait, and then find the cache made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    with name_errors(path):
        lock.touch()
    with file_lock(lock, lambda: print(f"{path}: another process makes it, waiting", flush=True)):
        yield


def load_features(
    corpora: Iterable[Corpus], source: Source, path: str | pathlib.Path | None = None
) -> tuple[Cache, pathlib.Path]:
    """Open the cache with the features of some corpora, and compute those that are missing.

    Args:
      corpora: the corpora. The folder of the first one names the cache's file.
      source: the encoder.
      path: the cache's file. None takes `features_file`.

    Returns:
      The cache and its file.

    Raises:
      DataError: if the file is of another encoder or of another corpus.
    """
    corpora = list(corpora)
    file = pathlib.Path(path or features_file(name_corpus(corpora[0].path), source))
    sentences = [sentence.tokens for corpus in corpora for sentence in corpus.sentences]
    return prepare_features(file, source, sentences, lambda: open_encoder(source)), file


def prepare_features(
    path: str | pathlib.Path, source: Source, sentences: Sequence[Tokens], opened: Callable[[], ContextualEncoder]
) -> Cache:
    """Open the cache with the features of some sentences, and compute those that are missing.

    Args:
      path: the HDF5 file. It is made if it does not exist.
      source: the encoder.
      sentences: the tokens of each sentence. A sentence that occurs twice is encoded once.
      opened: a function that opens the encoder. It is only called if features are missing.

    Raises:
      DataError: if the file is of another encoder, or if it lacks most of these sentences.
    """
    path = pathlib.Path(path)
    with _locked(path):
        return _prepare(path, source, sentences, opened)


def _prepare(
    path: pathlib.Path, source: Source, sentences: Sequence[Tokens], opened: Callable[[], ContextualEncoder]
) -> Cache:
    """Do the work of `prepare_features`, with the same arguments, while the cache is locked."""
    by_key = {sentence_key(tokens): tokens for tokens in sentences}
    unique = list(by_key.values())
    # Remove files that a killed process did not finish.
    for left in (*path.parent.glob(f".{path.name}.[0-9]*"), *_parts_folder(path).glob(".[0-9]*.h5.[0-9]*")):
        if left.suffix[1:].isdecimal():
            left.unlink()
    parts = _parts(path)
    kept: set[bytes] = set()
    if path.exists():
        cache = Cache(path, source)
        missing = cache.missing(unique)
        if not missing:
            _remove(path, [part for part in parts if _keys(part, source) <= cache.keys()])
            return cache
        kept = cache.keys()
        cache.close()
        if _of_another_corpus(by_key, kept):
            raise DataError(
                f"{path}: features of another corpus (it lacks {len(missing)} of these {len(unique)} sentences), "
                "expected those of this one; choose another --features file"
            )
    keys = {part: _keys(part, source) for part in parts}
    merged = [part for part in parts if keys[part] <= kept]  # left by a process that was killed before it removed them
    parts = [part for part in parts if part not in merged]
    begun = set().union(*(keys[part] for part in parts))
    if _of_another_corpus(by_key, begun):
        raise DataError(
            f"{_parts_folder(path)}: unfinished features of another corpus, expected those of this one; remove the "
            "folder, or choose another --features file"
        )
    done = begun | kept
    missing = [tokens for tokens in unique if sentence_key(tokens) not in done]
    if missing:
        parts += _encode(path, source, missing, opened())
    merge_files(path, source, [path, *parts] if kept else parts)
    _remove(path, [*merged, *parts])
    return Cache(path, source)


def _keys(file: pathlib.Path, source: Source) -> set[bytes]:
    """Return the keys of the sentences in a cache's file."""
    cache = Cache(file, source)
    keys = cache.keys()
    cache.close()
    return keys


def _of_another_corpus(asked: Collection[bytes], there: Collection[bytes]) -> bool:
    """Return whether two sets of sentences are of different corpora.

    If both are of one corpus or a share of it, one of the sets contains most of the other.
    """
    return 4 * sum(key in there for key in asked) < min(len(asked), len(there))


def _parts_folder(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(path.name + ".parts")


def _parts(path: pathlib.Path) -> list[pathlib.Path]:
    return sorted(_parts_folder(path).glob("[0-9]*.h5"))


def _remove(path: pathlib.Path, parts: Sequence[pathlib.Path]) -> None:
    """Remove parts that the cache now contains, and their folder if it is empty."""
    for part in parts:
        part.unlink()
    with contextlib.suppress(OSError):
        _parts_folder(path).rmdir()


def _encode(
    path: pathlib.Path, source: Source, sentences: list[Tokens], encoder: ContextualEncoder
) -> list[pathlib.Path]:
    """Encode sentences in order of length, and write part after part.

    Args:
      path: the cache's file.
      source: the encoder, as the parts name it.
      sentences: the tokens of each sentence.
      encoder: the encoder.

    Returns:
      The files of the parts.
    """
    folder = _parts_folder(path)
    folder.mkdir(parents=True, exist_ok=True)
    number = 1 + max((int(part.stem) for part in _parts(path)), default=-1)
    files = []
    with tqdm(total=sum(map(len, sentences)), desc=f"features into {path.name}", unit="token", disable=None) as bar:
        for part in _groups(sentences, _PART_TOKENS):
            features: list[np.ndarray] = []
            for batch in _groups(part, _BATCH_TOKENS):
                features += encoder.encode(batch)
                bar.update(sum(map(len, batch)))
            files.append(folder / f"{number + len(files):06d}.h5")
            with create_file(files[-1], source) as file:
                write_index(file, [sentence_key(tokens) for tokens in part], list(map(len, part)))
                file["features"] = np.concatenate(features).astype(source.precision)
    return files


def _groups(sentences: Sequence[Tokens], tokens: int) -> Iterator[list[Tokens]]:
    """Yield the sentences in order of length, in groups of at most `tokens` tokens with padding."""
    for rows in order_by_length([len(sentence) for sentence in sentences], tokens):
        yield [sentences[row] for row in rows]
