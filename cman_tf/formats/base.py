"""What a file format has to offer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence


@dataclasses.dataclass(frozen=True)
class Source:
    """A file's content, and how it is to be read.

    Attributes:
      path: the file's name, for messages.
      text: its content.
      predictions: the file holds what a system predicted: what is said twice counts once, and relations may
        stand on tokens that are in no entity (`Sentence.unattached_relations`).
      problems: where the reader reports what it mends or leaves out.
    """

    path: str
    text: str
    predictions: bool
    problems: Problems


@dataclasses.dataclass(frozen=True)
class Format:
    """One file format.

    To add one, write a module in this folder with a `Format` in it and list it in `registry.py`.

    Attributes:
      name: what `--format` calls it.
      sniff: whether a file's text looks like this format; called with the text, leading blanks removed.
      read: the sentences of a file. Raises `DataError` for what cannot be read.
      write: a file's text. Reports what the format cannot hold to the collector, and leaves it out.
    """

    name: str
    sniff: Callable[[str], bool]
    read: Callable[[Source], list[Sentence]]
    write: Callable[[Sequence[Sentence], Problems], str]
