"""Reading and writing corpus files of any format."""

from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Sequence

from cman_tf.data.corpus import Corpus
from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.formats.base import Source
from cman_tf.formats.registry import AUTO, REGISTRY, detect_format
from cman_tf.runs.files import write_atomically


def read_corpus(
    path: str | pathlib.Path,
    format: str = AUTO,
    predictions: bool = False,
    problems: Problems | None = None,
) -> Corpus:
    """Read one corpus file.

    Args:
      path: the file.
      format: `multihead`, `multihead_root` (DREC: relations may point to token 0; a JSON file
        holds that root as an entity), `spert`, or `auto`, which looks at the content.
      predictions: the file holds what a system predicted: what is said twice counts once, and
        relations may stand on tokens that are in no entity (`Sentence.unattached_relations`).
      problems: collects what is mended or left out; None: the first problem is an error.

    Returns:
      The sentences, the file's sha256 and counts of what was mended.

    Raises:
      DataError: one line naming the file, the place, what was found and what was expected.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "corpus.json")
    >>> _ = file.write_text('[{"tokens": ["Ann", "left"], "entities": [], "relations": []}]')
    >>> read_corpus(file).sentences[0].tokens
    ('Ann', 'left')
    """
    path, problems = str(path), problems or Problems(strict=True)
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
    reader = detect_format(text, path) if format == AUTO else REGISTRY[format]
    before = dict(problems.counts)
    sentences = reader.read(Source(path, text, predictions, problems))
    if not sentences:
        raise DataError(f"{path}: no sentence, expected one at least")
    mended = {kind: count - before.get(kind, 0) for kind, count in problems.counts.items()}
    return Corpus(path, hashlib.sha256(raw).hexdigest(), sentences, mended)


def write_corpus(
    sentences: Sequence[Sentence], path: str | pathlib.Path, format: str = "spert", problems: Problems | None = None
) -> None:
    """Write sentences as one corpus file, whole or not at all.

    Args:
      sentences: in the order in which they are written.
      path: the file; missing folders are made.
      format: a name of the registry, such as `spert` or `multihead`.
      problems: collects what the format cannot hold and is left out; None: the first problem is an error.

    Raises:
      DataError: for an unknown format, and for what the format cannot hold if no collector is given.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "corpus.txt")
    >>> write_corpus([Sentence(("Ann", "left"), id="s1")], file, format="multihead")
    >>> print(file.read_text().splitlines()[0])
    #doc s1
    """
    if format not in REGISTRY:
        raise DataError(f"format {format!r}, expected one of {', '.join(REGISTRY)}")
    write_atomically(path, REGISTRY[format].write(sentences, problems or Problems(strict=True)))
