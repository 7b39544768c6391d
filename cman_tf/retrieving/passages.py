"""What is found for a sentence: passages of text, by any source that is asked for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Protocol

Tokens = Sequence[str]


@dataclasses.dataclass(frozen=True)
class Passage:
    """A text that was found for a sentence.

    Attributes:
      number: its place in what was searched, from 0.
      text: the text.
      tokens: the text's tokens, cut by the tokenizer of the source, or given with the text.
      score: how well it fits the sentence; larger is better. Scores of one source can be compared.

    >>> Passage(3, "Rome is old.", ("Rome", "is", "old", "."), 1.5).tokens[0]
    'Rome'
    """

    number: int
    text: str
    tokens: tuple[str, ...]
    score: float


class PassageSource(Protocol):
    """What finds passages: an index of text (`retriever.Retriever`) or of images (`images.ImageSource`)."""

    @property
    def fingerprint(self) -> str:
        """A hash, in hexadecimal, of what is searched and how. A run records it, and prediction compares it."""
        ...

    @property
    def key(self) -> str:
        """A hash, in hexadecimal, of all that an answer depends on beside the sentences and `k`."""
        ...

    @property
    def name(self) -> str:
        """What is searched, for messages and result files: the path of an index."""
        ...

    def validate_content(self) -> None:
        """Check that all of the content is as it was made, before what is found is kept.

        Raises:
          DataError: if it was changed.
        """
        ...

    def validate_corpus(self, count: int) -> None:
        """Check that a corpus with so many sentences can be asked for; a source of text takes any.

        Raises:
          DataError: if the source is of images and has another number of query vectors.
        """
        ...

    def find(self, sentences: Sequence[Tokens], k: int, rows: Sequence[int] | None = None) -> list[list[Passage]]:
        """Find passages for sentences.

        Args:
          sentences: the tokens of S sentences.
          k: the most passages for each sentence, at least 1.
          rows: for each sentence its place in the corpus, by which a source of images finds its query vector; None: 0
            to S - 1. A source of text does not use it.

        Returns:
          For each sentence its passages, the best first; of equal ones, the one with the lower number first.
        """
        ...


def context_for(passages: Iterable[Passage], budget: int) -> tuple[str, ...]:
    """Return the tokens that follow a sentence as its context.

    Args:
      passages: the passages of the sentence, the best first.
      budget: the most tokens. The passage that goes beyond it is cut off, and none follows it.

    Returns:
      The tokens of the passages, one passage after the other; none without passages.

    >>> context_for([Passage(0, "a b", ("a", "b"), 2.0), Passage(1, "c d", ("c", "d"), 1.0)], budget=3)
    ('a', 'b', 'c')
    """
    context: list[str] = []
    for passage in passages:
        if len(context) >= budget:
            break
        context += passage.tokens[: budget - len(context)]
    return tuple(context)
