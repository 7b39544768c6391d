"""Texts with annotations at character offsets, as annotation tools keep them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from cman_tf.formats.showing import show_name

Span = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Mention:
    """An entity at character offsets.

    Attributes:
      key: the name by which relations refer to it, such as `T1`.
      type: the entity's type.
      start: the first character, counted as the file counts.
      end: the character after the last one.
      text: the mention's text as the file gives it; empty if it does not.
      where: its place in the file, for messages.
      score: its score, if a system predicted it.
    """

    key: str
    type: str
    start: int
    end: int
    text: str = ""
    where: str = ""
    score: float | None = None


@dataclasses.dataclass(frozen=True)
class Link:
    """A relation between two mentions.

    Attributes:
      type: the relation's type.
      head: the key of the first mention.
      tail: the key of the second mention.
      where: its place in the file, for messages.
      key: the relation's own name in the file, such as `R1`; empty if it has none.
      score: its score, if a system predicted it.
    """

    type: str
    head: str
    tail: str
    where: str = ""
    key: str = ""
    score: float | None = None

    @property
    def name(self) -> str:
        """The key and the type, for messages."""
        return f"{show_name(self.key)}: {show_name(self.type)}" if self.key else show_name(self.type)


@dataclasses.dataclass(frozen=True)
class AnnotatedText:
    """One document.

    Attributes:
      id: its name; empty if the file has none.
      text: its text.
      mentions: its entities.
      links: its relations.
      where: its place, for messages.
      tokens: the tokens' character offsets if the format has them; None cuts the text with a tokenizer.
      sentences: the sentences' character offsets if the format has them; None splits the text.
    """

    id: str
    text: str
    mentions: Sequence[Mention] = ()
    links: Sequence[Link] = ()
    where: str = ""
    tokens: Sequence[Span] | None = None
    sentences: Sequence[Span] | None = None
