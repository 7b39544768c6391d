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
from cman_tf.formats.registry import AUTO, FORMATS, REGISTRY, detect_format
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
      format: `multihead`, `multihead_root` (for DREC, where relations may point to token 0; a JSON file holds that
        root as an entity), `spert`, or `auto`, which recognises the format from the content.
      predictions: whether the file holds a system's predictions. In predictions, duplicates count once, and relations
        may stand on tokens outside of entities (`Sentence.unattached_relations`).
      problems: the collector of what is repaired or left out. Without one, the first problem is an error.

    Returns:
      The sentences, the file's sha256 and the number of repairs and omissions of each kind.

    Raises:
      DataError: if the file cannot be read or, without a collector, has a problem. The message is one line that names
        the file, the place, what was found and what was expected.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "corpus.json")
    >>> _ = file.write_text('[{"tokens": ["Ann", "left"], "entities": [], "relations": []}]')
    >>> read_corpus(file).sentences[0].tokens
    ('Ann', 'left')
    """
    path, problems = str(path), problems or Problems(strict=True)
    if format not in FORMATS:
        raise DataError(f"format {format!r}, expected one of {', '.join(FORMATS)}")
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
        raise DataError(f"{path}: the file is empty, expected sentences")
    reader = detect_format(text, path) if format == AUTO else REGISTRY[format]
    before = dict(problems.counts)
    sentences = reader.read(Source(path, text, predictions, problems))
    if not sentences:
        raise DataError(f"{path}: no sentence, expected at least one")
    mended = {kind: count - before.get(kind, 0) for kind, count in problems.counts.items()}
    return Corpus(path, hashlib.sha256(raw).hexdigest(), sentences, mended)


def write_corpus(
    sentences: Sequence[Sentence], path: str | pathlib.Path, format: str = "spert", problems: Problems | None = None
) -> None:
    """Write sentences to one corpus file. The file is written as a whole or not at all.

    Args:
      sentences: the sentences, in the order in which they are written.
      path: the file. Missing folders are made.
      format: the name of a format in the registry, such as `spert` or `multihead`.
      problems: the collector of what is left out because the format cannot hold it. Without one, the first problem is
        an error.

    Raises:
      DataError: if the format is unknown or, without a collector, if the format cannot hold something.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "corpus.txt")
    >>> write_corpus([Sentence(("Ann", "left"), id="s1")], file, format="multihead")
    >>> print(file.read_text().splitlines()[0])
    #doc s1
    """
    if format not in REGISTRY:
        raise DataError(f"format {format!r}, expected one of {', '.join(REGISTRY)}")
    write_atomically(path, REGISTRY[format].write(sentences, problems or Problems(strict=True)))
