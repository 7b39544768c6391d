"""The guard against leakage: a passage must not repeat the sentence that it is retrieved for.

A corpus that is searched may hold the sentence itself, as where training texts are searched. Three things count as a
repetition, all after `fold`:

- the same text, whatever the punctuation, the blanks and the hyphens are;
- the sentence within the passage, or the passage within the sentence;
- 13 words in a row that both share.

A sentence of at least 26 words of which one was changed still shares 13 words in a row with the first one.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator, Sequence

from cman_tf.retrieving.passages import Passage, PassageSource, Tokens
from cman_tf.retrieving.words import split_words

GUARD_VERSION = 1  # of the rules; what was retrieved under others is retrieved again
GRAM = 13  # words in a row
SAME, CONTAINED, SHARED = "same text", "one within the other", f"{GRAM} words shared"
TWICE = "same text as a better passage"  # no leak, but it would take the place of another passage
REASONS = (SAME, CONTAINED, SHARED, TWICE)
_LONG = 40  # letters; so long a text does not occur in another by chance, whatever the borders of words are
_APOSTROPHES = dict.fromkeys(map(ord, "’ʼ´`＇"), "'")
# What divides one word: the ends of short forms, which a tokenizer may have cut off; a hyphen at the end of a line.
_INNER = re.compile(r"(?i)(?<=\w)(?:\s*(?=n't\b)|\s*'(?=(?:s|re|ve|ll|d|m|t)\b)|'(?=\w)|[-\u2010\u00ad]\s+(?=\w))")
_CACHED = 1 << 12  # passages


@dataclasses.dataclass(frozen=True)
class Retrieved:
    """What was found for the sentences of a corpus.

    Attributes:
      passages: for each sentence its passages, the best first.
      left_out: for each of `REASONS` how many passages were left out that would have been among the first.
    """

    passages: list[list[Passage]]
    left_out: dict[str, int]


class Text:
    """A text as the guard compares it.

    Args:
      text: the text.

    Attributes:
      letters: its letters and digits, folded, without anything between them.
      words: its words with a blank between them, and before the first and behind the last.
    """

    def __init__(self, text: str) -> None:
        self._words = split_words(_INNER.sub("", text.translate(_APOSTROPHES)))
        self.letters = "".join(self._words)
        self.words = f" {' '.join(self._words)} "

    def list_grams(self) -> Iterator[str]:
        """Yield each 13 words in a row; none for a text that is shorter."""
        for start in range(len(self._words) - GRAM + 1):
            yield " ".join(self._words[start : start + GRAM])

    @functools.cached_property
    def grams(self) -> frozenset[str]:
        """What `list_grams` yields."""
        return frozenset(self.list_grams())


def find_leak(sentence: Text, passage: Text) -> str:
    """Return why a passage repeats a sentence: `SAME`, `CONTAINED` or `SHARED`; empty if it does not.

    >>> find_leak(Text("Ann left Rome ."), Text("He said that ANN left\\u00a0Rome, and wept."))
    'one within the other'
    >>> find_leak(Text("Ann left Rome ."), Text("Ann left Oslo."))
    ''
    """
    if not sentence.letters or not passage.letters:
        return ""
    if sentence.letters == passage.letters:
        return SAME
    short, long = sorted((sentence, passage), key=lambda text: len(text.letters))
    if short.words in long.words or len(short.letters) >= _LONG and short.letters in long.letters:
        return CONTAINED
    return SHARED if any(gram in sentence.grams for gram in passage.list_grams()) else ""


def find_unleaked(
    source: PassageSource, sentences: Sequence[Tokens], k: int, rows: Sequence[int] | None = None
) -> Retrieved:
    """Find passages that do not repeat their sentence. The source is asked for more where some are left out.

    Args:
      source: what is asked.
      sentences: the tokens of S sentences.
      k: the number of passages for each sentence; there are fewer only if the source has no more.
      rows: for each sentence its place in the corpus; None: 0 to S - 1.

    Returns:
      The passages, and how many were left out.

    Raises:
      DataError: if the source is one of another corpus.
    """
    if rows is None:
        source.validate_corpus(len(sentences))
    places = range(len(sentences)) if rows is None else rows
    passages: list[list[Passage]] = [[] for _ in sentences]
    left_out = dict.fromkeys(REASONS, 0)
    normalize = functools.lru_cache(_CACHED)(Text)
    asked, todo = 2 * k, list(range(len(sentences)))
    while todo:
        found = source.find([sentences[i] for i in todo], asked, [places[i] for i in todo])
        lacking: list[int] = []
        for i, candidates in zip(todo, found):
            kept, reasons = _sift(Text(" ".join(sentences[i])), candidates, k, normalize)
            if len(kept) < k and len(candidates) == asked:
                lacking.append(i)
                continue
            passages[i] = kept
            for reason in reasons:
                left_out[reason] += 1
        asked, todo = 2 * asked, lacking
    return Retrieved(passages, left_out)


def _sift(
    sentence: Text, candidates: Sequence[Passage], k: int, normalize: functools._lru_cache_wrapper[Text]
) -> tuple[list[Passage], list[str]]:
    """Return the first passages that repeat neither the sentence nor one another, and why others were left out."""
    kept: list[Passage] = []
    reasons: list[str] = []
    seen: set[str] = set()
    for passage in candidates:
        if len(kept) == k:
            break
        text = normalize(passage.text)
        reason = find_leak(sentence, text) or (TWICE if text.letters in seen else "")
        if reason:
            reasons.append(reason)
        else:
            kept.append(passage)
            seen.add(text.letters)
    return kept, reasons
