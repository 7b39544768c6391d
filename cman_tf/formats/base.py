"""The parts that every file format provides."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence


@dataclasses.dataclass(frozen=True)
class Source:
    """A file's content and how it is to be read.

    Attributes:
      path: the file's path, for messages.
      text: the file's content.
      predictions: whether the file holds a system's predictions. In predictions, duplicates count once, and relations
        may stand on tokens outside of entities (`Sentence.unattached_relations`).
      problems: the collector to which the reader reports what it repairs or leaves out.
    """

    path: str
    text: str
    predictions: bool
    problems: Problems


@dataclasses.dataclass(frozen=True)
class Format:
    """One file format.

    To add a format, write a module in this folder that defines a `Format`, and list it in `registry.py`.

    Attributes:
      name: the format's name for `--format`.
      sniff: a function that says whether a text looks like this format. Leading blanks are removed from the text.
      read: a function that returns the sentences of a file. It raises `DataError` for what it cannot read.
      write: a function that returns the file's text for some sentences. It leaves out what the format cannot hold and
        reports it to the collector.
      start: how a file of this format begins, for messages; empty if it is not recognised from its content.
    """

    name: str
    sniff: Callable[[str], bool]
    read: Callable[[Source], list[Sentence]]
    write: Callable[[Sequence[Sentence], Problems], str]
    start: str = ""
