"""Which tokenizer cuts text as a corpus was cut: measured on the corpus' own sentences."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

from cman_tf.data.detokenizer import rebuild_text
from cman_tf.data.tokenizers import Tokenizer, find_tokenizer
from cman_tf.data.types import Sentence

MEASURED = 2000  # a choice is made by at most this many sentences, spread evenly over the corpus
_CANDIDATES = ("default", "ptb", "hyphens", "conll04", "characters")  # of equal ones, the first is chosen
_WHITESPACE = "whitespace"
_SHOWN = 5


class Disagreement(NamedTuple):
    """A sentence that a tokenizer cuts in another way.

    Attributes:
      number: the sentence's place among those that were measured, counted from 0.
      text: the text that was cut.
      expected: the sentence's tokens where they differ, with their neighbours.
      found: the tokenizer's tokens at the same place.
    """

    number: int
    text: str
    expected: tuple[str, ...]
    found: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How many of a corpus' sentences a tokenizer cuts as they were cut.

    Attributes:
      sentences: the number of sentences that were measured.
      agreeing: the number of those that come back exactly.
      agreeing_but_for_periods: the number of those that come back, if a period that ends a word counts alike on the
        word and as a token of its own. CoNLL04 has both, without a rule that tells when.
      with_own_text: the number of sentences whose text is the format's own; the others' text was rebuilt.
      examples: the first sentences that do not come back.
    """

    sentences: int
    agreeing: int
    agreeing_but_for_periods: int
    with_own_text: int
    examples: tuple[Disagreement, ...] = ()

    @property
    def share(self) -> float:
        """The share of sentences that come back exactly, from 0 to 1; 1 if there are no sentences."""
        return self.agreeing / self.sentences if self.sentences else 1.0

    @property
    def share_but_for_periods(self) -> float:
        """The share of sentences that come back but for periods that end words."""
        return self.agreeing_but_for_periods / self.sentences if self.sentences else 1.0

    def describe(self, name: str, is_sample: bool = False) -> str:
        """Describe the agreement in one line for people.

        Args:
          name: the tokenizer's name.
          is_sample: whether the sentences are only some of the training data.

        >>> Agreement(1000, 981, 981, 0).describe("hyphens")
        'tokenizer: hyphens, 98.1 % of the training sentences come back as they were cut'
        """
        which = f"{self.sentences} training sentences" if is_sample else "the training sentences"
        line = f"tokenizer: {name}, {_percent(self.share)} of {which} come back as they were cut"
        if self.agreeing_but_for_periods > self.agreeing:
            line += f", {_percent(self.share_but_for_periods)} but for periods that end words"
        return line


def _percent(share: float) -> str:
    return f"{int(share * 1000) / 10} %"  # never rounded up to 100 %


def measure_agreement(
    tokenizer: Tokenizer, sentences: Sequence[Sentence], join_hyphens: bool | None = None
) -> Agreement:
    """Measure how many sentences a tokenizer cuts as they were cut.

    A sentence with offsets is cut from its own text. The text of others is rebuilt from the tokens, never by joining
    them with blanks.

    Args:
      tokenizer: the tokenizer.
      sentences: the sentences.
      join_hyphens: as for `rebuild_text`. None: as `joins_hyphens` finds.

    Returns:
      The counts and some examples.

    >>> measure_agreement(find_tokenizer("default"), [Sentence(("Ann", "left", "."))]).share
    1.0
    """
    join = joins_hyphens(sentences) if join_hyphens is None else join_hyphens
    exact = loose = own = 0
    examples: list[Disagreement] = []
    for number, sentence in enumerate(sentences):
        own += bool(sentence.offsets)
        text = find_text(sentence, join)
        found = tuple(token for token, _, _ in tokenizer.tokenize(text))
        if found == sentence.tokens:
            exact += 1
            loose += 1
            continue
        loose += _cut_periods(found) == _cut_periods(sentence.tokens)
        if len(examples) < _SHOWN:
            examples.append(Disagreement(number, text, *trim_difference(sentence.tokens, found)))
    return Agreement(len(sentences), exact, loose, own, tuple(examples))


def choose_tokenizer(sentences: Sequence[Sentence]) -> tuple[str, dict[str, Agreement]]:
    """Choose the built-in tokenizer that cuts most sentences as they were cut.

    `whitespace` is only a candidate if all sentences have a text of their own, or if no other tokenizer cuts one
    sentence right. `v1` is never chosen.

    Args:
      sentences: the sentences of the training data. Of more than `MEASURED`, as many are measured, spread evenly.

    Returns:
      The tokenizer's name, and the agreement of each candidate by name.
    """
    measured = _sample(sentences)
    join = joins_hyphens(measured)
    names = [*_CANDIDATES, _WHITESPACE]
    agreements = {name: measure_agreement(find_tokenizer(name), measured, join) for name in names}
    are_own = all(sentence.offsets for sentence in measured)
    if not are_own and any(agreements[name].agreeing for name in _CANDIDATES):
        del agreements[_WHITESPACE]
    best = max(agreements, key=lambda name: (agreements[name].agreeing, agreements[name].agreeing_but_for_periods))
    return best, agreements


def settle_tokenizer(name: str, sentences: Sequence[Sentence], say: Callable[[str], None]) -> str:
    """Find the tokenizer of a training, and say how well it agrees with the training data.

    Args:
      name: the tokenizer's name, or `auto` for the one that `choose_tokenizer` chooses.
      sentences: the sentences of the training data.
      say: is called with one line for people.

    Returns:
      The tokenizer's name.

    Raises:
      DataError: if there is no tokenizer of this name.
    """
    measured = _sample(sentences)
    if name == "auto":
        name, agreements = choose_tokenizer(measured)
        agreement = agreements[name]
    else:
        agreement = measure_agreement(find_tokenizer(name), measured)
    say(agreement.describe(name, is_sample=len(measured) < len(sentences)))
    return name


def _sample(sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    """Return all sentences, or at most `MEASURED` of them, spread evenly."""
    return sentences[:: max(1, -(-len(sentences) // MEASURED))]


def joins_hyphens(sentences: Sequence[Sentence]) -> bool:
    """Return whether a corpus cuts words at hyphens, so that a lone hyphen between two words joins them in the text.

    >>> joins_hyphens([Sentence(("drug", "-", "induced", "rash"))])
    True
    """
    cut = whole = 0
    for sentence in sentences:
        tokens = sentence.tokens
        for number, token in enumerate(tokens):
            if token == "-":
                cut += 0 < number < len(tokens) - 1 and tokens[number - 1][-1].isalpha()
            elif "-" in token:
                before, _, after = token.partition("-")
                whole += before[-1:].isalpha() and after[:1].isalpha()
    return cut > whole


def find_text(sentence: Sentence, join_hyphens: bool) -> str:
    """Return a sentence's part of its own text, or else the text that is rebuilt from its tokens."""
    if sentence.offsets:
        return sentence.text[sentence.offsets[0][0] : sentence.offsets[-1][1]]
    return rebuild_text(sentence.tokens, join_hyphens)[0]


def _cut_periods(tokens: Sequence[str]) -> list[str]:
    cut: list[str] = []
    for token in tokens:
        cut += [token[:-1], "."] if len(token) > 1 and token.endswith(".") else [token]
    return cut


def trim_difference(expected: tuple[str, ...], found: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return both without the tokens that they share at the beginning and at the end, but for one neighbour each."""
    shortest = min(len(expected), len(found))
    first = next((i for i in range(shortest) if expected[i] != found[i]), shortest)
    last = next((i for i in range(shortest - first) if expected[-1 - i] != found[-1 - i]), shortest - first)
    start, end = max(first - 1, 0), max(last - 1, 0)
    return expected[start : len(expected) - end], found[start : len(found) - end]
