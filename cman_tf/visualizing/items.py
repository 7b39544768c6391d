"""The entities and relations of one sentence, with what is right and wrong about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cman_tf.data.types import ROOT, Sentence
from cman_tf.pages.sentence_list import Item, Kind
from cman_tf.scoring.conventions import ANY, Fact, Facts, strict
from cman_tf.scoring.score import TASKS

UNTYPED = "no type"  # of the end of a relation that has none, in the relaxed convention
# The end of a relation that is no entity of its own, such as the root.
END = Kind("entities", "", ("",), counted=False)


class Fate(NamedTuple):
    """What became of a fact.

    Attributes:
      kind: what it is.
      counterpart: the fact that stands in its place, if any.
    """

    kind: Kind
    counterpart: Fact | None = None


def make_items(
    fates: Sequence[Mapping[Fact, Fate]],
    types: Mapping[Fact, str],
    scores: Sequence[Mapping[Fact, float]],
    end: Kind = END,
) -> tuple[list[Item], list[Item]]:
    """Make the items of a sentence from its facts.

    Args:
      fates: the facts of entities, and of relations, with what became of them.
      types: the type to show for an entity whose fact has none, from `shown_types`.
      scores: for each drawing, the scores of its predicted facts, from `scores_of`.
      end: the kind of an end of a relation that is no entity of its own.

    Returns:
      Entities and relations, in the order of the sentence.
    """
    entities, relations = ({fact: fates[n][fact] for fact in sorted(fates[n], key=_place)} for n in (0, 1))
    places = {fact: number for number, fact in enumerate(entities)}
    found = [
        Item(_show(fact, types), fact[1], fact[2], fate.kind, _look_up(scores, fact), _find(places, fate.counterpart))
        for fact, fate in entities.items()
    ]
    # A relation names its ends by their facts, which lack the type in the convention that ignores it.
    ends = {(fact if fact[0] != ANY else fact[1:]): number for fact, number in places.items()}
    order = {fact: number for number, fact in enumerate(relations)}
    joined: list[Item] = []
    for fact, fate in relations.items():
        for place in fact[1:]:
            if place not in ends:
                ends[place] = len(found)
                name = (place[0] or UNTYPED) if len(place) == 3 else ROOT
                found.append(Item(name, place[-2], place[-1], end))
        counterpart = _find(order, fate.counterpart)
        joined.append(Item(fact[0], ends[fact[1]], ends[fact[2]], fate.kind, _look_up(scores, fact), counterpart))
    return found, joined


def _look_up(scores: Sequence[Mapping[Fact, float]], fact: Fact) -> tuple[float | None, ...]:
    found = tuple(of_view.get(fact) for of_view in scores)
    return () if all(score is None for score in found) else found


def _find(places: Mapping[Fact, int], fact: Fact | None) -> int:
    return -1 if fact is None else places[fact]


def _show(fact: Fact, types: Mapping[Fact, str]) -> str:
    return types[fact[1:]] if fact[0] == ANY else fact[0]


def _place(fact: Fact) -> tuple[Any, ...]:
    """Return by what facts are sorted: an entity's span and type, a relation's spans and type."""
    ends = fact[1:] if not isinstance(fact[1], tuple) else (*fact[1][-2:], *fact[2][-2:])
    return (*ends, repr(fact))


def shown_types(*sentences: Sentence) -> dict[Fact, str]:
    """Return the type that is shown at each span. Of several, the first in the alphabet, of the first sentence.

    Args:
      *sentences: annotations of the same sentence.
    """
    types: dict[Fact, str] = {}
    for sentence in sentences:
        for kind, start, end in sorted(strict(sentence, sentence)[0][0]):
            types.setdefault((start, end), kind)
    return types


def scores_of(predicted: Sentence, untyped: bool = False) -> dict[Fact, float]:
    """Return the scores of a sentence's predictions by their facts. Of equal facts, the highest.

    Args:
      predicted: the sentence with predictions.
      untyped: whether the facts are those of the convention that ignores the types of entities.
    """
    scores: dict[Fact, float] = {}
    names = [(e.start, e.end) if untyped else (e.type, e.start, e.end) for e in predicted.entities]
    entities = [(ANY, *name) if untyped else name for name in names]
    relations = [(r.type, names[r.head], names[r.tail]) for r in predicted.relations]
    for facts, values in ((entities, predicted.entity_scores), (relations, predicted.relation_scores)):
        for fact, value in zip(facts, values):
            scores[fact] = max(value, scores.get(fact, value))
    return scores


def facts_of(sentence: Sentence) -> Facts:
    """Return the facts of a sentence on its own, with the types of entities."""
    return strict(sentence, sentence)[0]


ALONE = {task: Kind(task, "", ("",), marked=True) for task in TASKS}


def describe_alone(sentence: Sentence) -> tuple[list[Item], list[Item]]:
    """Make the items of a sentence that is compared with nothing."""
    fates = [{fact: Fate(ALONE[task]) for fact in facts} for task, facts in zip(TASKS, facts_of(sentence))]
    return make_items(fates, {}, [scores_of(sentence)])
