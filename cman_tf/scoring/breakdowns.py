"""Strict scores by sentence length and by entity distance (IJCAI figures 4 and 5, TNNLS 5 and 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cman_tf.data.types import ROOT, Entity, Sentence
from cman_tf.scoring.conventions import Fact, Facts, scored_relations, strict
from cman_tf.scoring.counts import Rates, count, micro
from cman_tf.scoring.score import TASKS

# The papers' groups of sentences by length in tokens, and of pairs of entities by distance in characters: the first and
# the last value of each group. On distances the papers say only "three parts" and "more than 20"; that the first two
# parts meet at 10 is our choice.
LENGTHS = {"0-19": (0, 19), "20-34": (20, 34), "35-49": (35, 49), "50 and more": (50, 10**9)}
DISTANCES = {"0-10": (0, 10), "11-20": (11, 20), "more than 20": (21, 10**9)}


def by_length(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> dict[str, Any]:
    """Score sentences in groups of similar length.

    Args:
      gold: the gold sentences.
      predicted: the same sentences with predictions.

    Returns:
      For each group of `LENGTHS` the strict micro rates of each task, and the number of sentences.
    """
    table: dict[str, Any] = {}
    for name, (first, last) in LENGTHS.items():
        rows = [(g, p) for g, p in zip(gold, predicted) if first <= len(g.tokens) <= last]
        table[name] = {**_rates([strict(*row) for row in rows]), "sentences": len(rows)}
    return table


def by_distance(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> dict[str, dict[str, Rates]]:
    """Score entities and relations in groups of similar distance between a relation's entities.

    A relation belongs to the group of its two entities' distance. An entity belongs to the groups of its gold
    relations or, if it is not a gold entity, to the groups of its predicted relations.

    Args:
      gold: the gold sentences.
      predicted: the same sentences with predictions.

    Returns:
      For each group of `DISTANCES` the strict micro rates of each task.
    """
    rows = list(zip(gold, predicted))
    return {name: _rates([_in_group(*row, group) for row in rows]) for name, group in DISTANCES.items()}


def distance(tokens: Sequence[str], one: Entity, other: Entity) -> int:
    """Count the characters from the last character of one entity to the last character of another.

    Args:
      tokens: the tokens of the sentence. They are joined with blanks.
      one: an entity.
      other: another entity, before or after it.

    >>> distance(("Ann", "is", "at", "home"), Entity("Peop", 0, 1), Entity("Loc", 3, 4))
    11
    """
    first, second = sorted((one.end, other.end))
    return len(" ".join(tokens[:second])) - len(" ".join(tokens[:first]))


def _in_group(gold: Sentence, predicted: Sentence, group: tuple[int, int]) -> tuple[Facts, Facts]:
    """Return the gold facts and the predicted facts of one sentence in a group of distances, as first and last."""
    right, found = _near(gold, group), _near(predicted, group)
    all_right, all_found = strict(gold, gold)[0][0], strict(predicted, predicted)[0][0]
    found_entities = (found[0] - all_right) | (right[0] & all_found)
    return right, (found_entities, found[1])


def _near(sentence: Sentence, group: tuple[int, int]) -> Facts:
    """Return the strict facts of the relations in the group and of their entities."""
    entities: set[Fact] = set()
    relations: set[Fact] = set()
    for kind, head, tail in scored_relations(sentence):
        if group[0] <= distance(sentence.tokens, head, tail) <= group[1]:
            facts = [(e.type, e.start, e.end) for e in (head, tail)]
            entities.update(fact for fact in facts if fact[0] != ROOT)
            relations.add((kind, *facts))
    return entities, relations


def _rates(pairs: Sequence[tuple[Facts, Facts]]) -> dict[str, Rates]:
    return {
        task: micro(count([right[number] for right, _ in pairs], [found[number] for _, found in pairs]))
        for number, task in enumerate(TASKS)
    }
