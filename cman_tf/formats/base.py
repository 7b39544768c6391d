"""The parts that every file format provides."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence
from cman_tf.formats.source import Head, Source

Piece = tuple[str, bytes]  # the name of a file within a folder, and its content


@dataclasses.dataclass(frozen=True)
class Format:
    """One file format.

    To add a format, write a module in this folder that defines a `Format`, and list it in `registry.py`.

    Attributes:
      name: the format's name for `--format` and `--to`.
      description: what the format is, in a few words.
      sniff: a function that says whether the beginning of a file looks like this format.
      read: a function that yields the sentences of a file or, if `is_folder`, of a folder. It raises `DataError` for
        what it cannot read. None if the format is only written.
      write: a function that yields the file's content for some sentences, piece by piece. It leaves out what the
        format cannot hold and reports it to the collector. None if the format is only read.
      write_folder: instead of `write`, a function that yields the files of a folder.
      start: how a file of this format begins, for messages; empty if it is not recognised from its content.
      ending: the usual end of a file's name.
      extra: the extra of the package that the format needs; empty for none.
    """

    name: str
    sniff: Callable[[Head], bool] = lambda head: False
    read: Callable[[Source], Iterable[Sentence]] | None = None
    write: Callable[[Iterable[Sentence], Problems], Iterator[str | bytes]] | None = None
    write_folder: Callable[[Iterable[Sentence], Problems], Iterator[Piece]] | None = None
    description: str = ""
    start: str = ""
    ending: str = ".json"
    extra: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether the format is a folder of files."""
        return self.write_folder is not None

    @property
    def is_written(self) -> bool:
        """Whether sentences can be written in the format."""
        return self.write is not None or self.write_folder is not None
