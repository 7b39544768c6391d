"""Strict scores by sentence length and by entity distance (IJCAI figures 4 and 5, TNNLS 5 and 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cman_tf.data.types import ROOT, Entity, Sentence
from cman_tf.scoring.conventions import Facts, scored_relations, strict
from cman_tf.scoring.counts import count, micro
from cman_tf.scoring.score import TASKS

# The papers' groups of sentences, in tokens, and of pairs of entities, in characters:
# first and last of each. Of the distances the papers say no more than "three parts" and
# "more than 20"; where the first two part is ours.
LENGTHS = {"0-19": (0, 19), "20-34": (20, 34), "35-49": (35, 49), "50 and more": (50, 10**9)}
DISTANCES = {"0-10": (0, 10), "11-20": (11, 20), "more than 20": (21, 10**9)}


def by_length(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> dict[str, Any]:
    """Group of lengths to task to strict micro rates, and the number of sentences."""
    table = {}
    for name, (first, last) in LENGTHS.items():
        rows = [(g, p) for g, p in zip(gold, predicted) if first <= len(g.tokens) <= last]
        table[name] = {**_rates([strict(*row) for row in rows]), "sentences": len(rows)}
    return table


def by_distance(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> dict[str, Any]:
    """Group of distances to task to strict micro rates.

    A relation is in the group of its two entities' distance; an entity in that of every
    gold relation it has, and, where it is no gold entity, of every predicted one.
    """
    rows = list(zip(gold, predicted))
    return {name: _rates([_in_group(*row, group) for row in rows]) for name, group in DISTANCES.items()}


def distance(tokens: Sequence[str], one: Entity, other: Entity) -> int:
    """Characters from the last character of one entity to the last of the other, tokens
    joined by blanks."""
    first, second = sorted((one.end, other.end))
    return len(" ".join(tokens[:second])) - len(" ".join(tokens[:first]))


def _in_group(gold: Sentence, predicted: Sentence, group: tuple[int, int]) -> tuple[Facts, Facts]:
    right, found = (_near(sentence, group) for sentence in (gold, predicted))
    all_right, all_found = (strict(s, s)[0][0] for s in (gold, predicted))
    found_entities = (found[0] - all_right) | (right[0] & all_found)
    return right, (found_entities, found[1])


def _near(sentence: Sentence, group: tuple[int, int]) -> Facts:
    """The strict facts of the relations in the group and of their entities."""
    entities, relations = set(), set()
    for kind, *ends in scored_relations(sentence):
        if group[0] <= distance(sentence.tokens, *ends) <= group[1]:
            facts = [(e.type, e.start, e.end) for e in ends]
            entities.update(fact for fact in facts if fact[0] != ROOT)
            relations.add((kind, *facts))
    return entities, relations


def _rates(pairs: Sequence[tuple[Facts, Facts]]) -> dict[str, dict[str, float]]:
    return {
        task: micro(count([right[number] for right, _ in pairs], [found[number] for _, found in pairs]))
        for number, task in enumerate(TASKS)
    }
