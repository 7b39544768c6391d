"""Some dev sentences with predictions as Markdown, for TensorBoard's text panel."""

from __future__ import annotations

import string
from collections.abc import Sequence

from cman_tf.data.types import Sentence
from cman_tf.scoring.conventions import Fact, strict

SENTENCES = 6
_LONGEST = 40  # tokens
_SPECIAL = frozenset(string.punctuation)
_TEXT = 40  # characters of a token or a type


def choose_rows(sentences: Sequence[Sentence], count: int = SENTENCES) -> list[int]:
    """Choose sentences to show: evenly spread among those of at most 40 tokens that have relations, else any.

    Args:
      sentences: the gold sentences.
      count: the number of sentences.

    Returns:
      Their positions.
    """
    short = [row for row, sentence in enumerate(sentences) if len(sentence.tokens) <= _LONGEST]
    rows = [row for row in short if sentences[row].relations] or short or list(range(len(sentences)))
    step = max(1, len(rows) // count)
    return rows[::step][:count]


def format_sentences(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> str:
    """Show sentences with what was found (✓), missed (○) and wrongly found (✗), by the strict convention.

    Args:
      gold: the gold sentences.
      predicted: the same sentences with predictions.

    Returns:
      Markdown in which all text of the data is escaped.
    """
    return "\n\n".join(_format(right, found) for right, found in zip(gold, predicted))


def _format(gold: Sentence, predicted: Sentence) -> str:
    (right_entities, right_relations), (found_entities, found_relations) = strict(gold, predicted)
    lines = [f"**{escape(' '.join(map(_shorten, gold.tokens)))}**", ""]
    for right, found, describe in (
        (right_entities, found_entities, _describe_entity),
        (right_relations, found_relations, _describe_relation),
    ):
        for fact in sorted(right | found, key=str):
            mark = "✓" if fact in right & found else "○ missed" if fact in right else "✗ false alarm"
            lines.append(f"- {mark} {describe(fact, gold.tokens)}")
    return "\n".join(lines)


def _describe_entity(fact: Fact, tokens: Sequence[str]) -> str:
    kind, start, end = fact
    return f"{escape(_shorten(kind))}: {escape(_shorten(' '.join(tokens[start:end])))}"


def _describe_relation(fact: Fact, tokens: Sequence[str]) -> str:
    kind, head, tail = fact
    ends = [escape(_shorten(" ".join(tokens[start:end]))) for _, start, end in (head, tail)]
    return f"{escape(_shorten(kind))}: {ends[0]} → {ends[1]}"


def _shorten(text: str) -> str:
    return text if len(text) <= _TEXT else f"{text[: _TEXT - 1]}…"


def escape(text: str) -> str:
    r"""Escape what Markdown or HTML would take as more than text, and leave out what cannot be printed.

    >>> escape("a_b <i>")
    'a&#95;b &#60;i&#62;'
    """
    return "".join(f"&#{ord(c)};" if c in _SPECIAL else c if c.isprintable() else " " for c in text)
