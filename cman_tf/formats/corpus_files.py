"""Reading and writing corpus files of any format."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterable, Iterator

from cman_tf.data.corpus import Corpus
from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.formats.registry import AUTO, detect_format, find_format
from cman_tf.formats.source import Head, ReadOptions, Source, hash_source, read_head, read_stream
from cman_tf.formats.writing import write_file, write_folder


def stream_sentences(
    path: str | pathlib.Path,
    format: str = AUTO,
    predictions: bool = False,
    problems: Problems | None = None,
    options: ReadOptions | None = None,
) -> Iterator[Sentence]:
    """Yield the sentences of a corpus file or folder, in memory that does not grow if the format has lines of records.

    See `read_corpus`.
    """
    path, problems = str(path), Problems() if problems is None else problems
    content = read_stream(path)
    head = read_head(path) if content is None else Head(path, content)
    if not head.names and not head.text.strip():
        raise DataError(f"{path}: the file is empty, expected sentences")
    reader = detect_format(head) if format == AUTO else find_format(format)
    assert reader.read is not None
    number = -1
    for number, sentence in enumerate(
        reader.read(Source(path, predictions, problems, options or ReadOptions(), content))
    ):
        if not sentence.document_id and not sentence.id and reader.is_folder:
            sentence = dataclasses.replace(sentence, id=str(number))
        yield sentence
    if number < 0:
        raise DataError(f"{path}: no sentence, expected at least one")


def read_corpus(
    path: str | pathlib.Path,
    format: str = AUTO,
    predictions: bool = False,
    problems: Problems | None = None,
    options: ReadOptions | None = None,
) -> Corpus:
    """Read one corpus: a file, or a folder of a format that has folders.

    Args:
      path: the file or folder.
      format: the name of a format, such as `spert`, or `auto`, which recognises the format from the content.
      predictions: whether the file holds a system's predictions. In predictions, duplicates count once, and relations
        may stand on tokens outside of entities (`Sentence.unattached_relations`).
      problems: the collector of what is repaired or left out. With `Problems(strict=True)` the first problem is an
        error.
      options: how annotations are read where the format leaves it open.

    Returns:
      The sentences, the file's sha256 and the number of repairs and omissions of each kind.

    Raises:
      DataError: if the file cannot be read. The message is one line that names the file, the place, what was found and
        what was expected.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "corpus.json")
    >>> _ = file.write_text('[{"tokens": ["Ann", "left"], "entities": [], "relations": []}]')
    >>> read_corpus(file).sentences[0].tokens
    ('Ann', 'left')
    """
    path, problems = str(path), Problems() if problems is None else problems
    before = dict(problems.counts)
    sentences = list(stream_sentences(path, format, predictions, problems, options))
    mended = {kind: count - before.get(kind, 0) for kind, count in problems.counts.items()}
    return Corpus(path, hash_source(path), sentences, mended)


def write_corpus(
    sentences: Iterable[Sentence], path: str | pathlib.Path, format: str = "spert", problems: Problems | None = None
) -> None:
    """Write sentences to one corpus file, or to a folder if the format has folders.

    A file is written as a whole or not at all.

    Args:
      sentences: the sentences, in the order in which they are written.
      path: the file or folder. Missing folders are made.
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
    target, problems = find_format(format, written=True), problems or Problems(strict=True)
    if target.write_folder:
        write_folder(path, target.write_folder(sentences, problems))
    elif target.write:
        write_file(path, target.write(sentences, problems))
