"""How well a tokenizer that will cut raw text fits the tokens and mentions of a corpus."""

from __future__ import annotations

import dataclasses
from typing import Any

from cman_tf.data.detokenizer import rebuild_text
from cman_tf.data.tokenizer_choice import trim_difference
from cman_tf.data.tokenizers import Tokenizer
from cman_tf.data.types import Sentence

_SHOWN = 3


@dataclasses.dataclass
class TokenizerFit:
    """Counts sentences that a tokenizer cuts into the corpus' own tokens, and mentions whose edges it does not find.

    The text is the format's own or, if it has none, one that is rebuilt from the tokens.

    Attributes:
      tokenizer: the tokenizer.
      join_hyphens: whether a lone hyphen between words joins them in rebuilt text; see `joins_hyphens`.
      sentences: the number of sentences that were looked at.
      agreeing: the number of those that come back with the same tokens.
      mentions: the number of mentions.
      inside: the number of mentions that begin or end inside a token. A model that reads raw text cannot find them.
      examples: where some sentences do not agree: the tokenizer's tokens and the corpus'.
      places: some mentions that are inside a token.
    """

    tokenizer: Tokenizer
    join_hyphens: bool = True
    sentences: int = 0
    agreeing: int = 0
    mentions: int = 0
    inside: int = 0
    examples: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    places: list[str] = dataclasses.field(default_factory=list)

    def add(self, sentence: Sentence) -> None:
        """Look at one sentence."""
        text, offsets = sentence.text, sentence.offsets
        if not offsets:
            text, offsets = rebuild_text(sentence.tokens, self.join_hyphens)
        found = self.tokenizer.tokenize(text)
        self.sentences += 1
        if [(start, end) for _, start, end in found] == [tuple(place) for place in offsets]:
            self.agreeing += 1
        elif len(self.examples) < _SHOWN:
            given, mine = trim_difference(sentence.tokens, tuple(token for token, _, _ in found))
            self.examples.append((" ".join(mine), " ".join(given)))
        starts, ends = {start for _, start, _ in found}, {end for _, _, end in found}
        for entity in sentence.entities:
            self.mentions += 1
            start, end = offsets[entity.start][0], offsets[entity.end - 1][1]
            if start not in starts or end not in ends:
                self.inside += 1
                if len(self.places) < _SHOWN:
                    self.places.append(text[start:end])

    def summary(self) -> dict[str, Any]:
        """Return the counts in the types of JSON."""
        return {
            "name": self.tokenizer.name,
            "sentences": self.sentences,
            "agreeing_percent": round(100 * self.agreeing / self.sentences, 2) if self.sentences else None,
            "mentions": self.mentions,
            "mentions_inside_tokens": self.inside,
            "mentions_inside_tokens_percent": round(100 * self.inside / self.mentions, 2) if self.mentions else None,
            "examples": [{"tokenizer": mine, "corpus": given} for mine, given in self.examples],
            "examples_inside_tokens": self.places,
        }
