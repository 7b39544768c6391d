"""What counts as correct: strict, boundaries, relaxed (the scorers of Bekoulis et al., 2018).

Each convention turns a gold and a predicted sentence into two sets of facts. A fact that is in both sets is correct.
Duplicates count once, because a set holds a fact once. The root that relations may point to in DREC is not counted as
an entity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from cman_tf.data.types import ROOT, Entity, Sentence

# An entity is the fact (type, start, end). A relation is the fact (type, head, tail) with its entities' facts as ends.
Fact = tuple[Any, ...]
Facts = tuple[set[Fact], set[Fact]]  # those of entities and those of relations
PlacedRelation = tuple[str, Entity, Entity]  # a relation's type, its head and its tail
_Cover = dict[int, list[Entity]]  # token to the entities that contain it
ANY = "any type"

DESCRIPTIONS = {
    "strict": (
        "an entity counts as correct if span and type are right; "
        "a relation if its type and direction and both entities' spans and types are right"
    ),
    "boundaries": (
        "an entity counts as correct if its span is right, whatever its type; "
        "a relation if its type and direction and both entities' spans are right"
    ),
    "relaxed": (
        "gold spans are given; an entity counts as correct if any of its tokens got its type; a relation if its type "
        "and direction are right and both entities, in whose gold spans its two last tokens lie, are correct"
    ),
}


def strict(gold: Sentence, predicted: Sentence) -> tuple[Facts, Facts]:
    """Return the gold and the predicted facts: (type, start, end) and (relation, head entity, tail entity).

    A relation predicted for two tokens of one entity is a false relation of that entity to itself. A relation
    with a token in no entity is left out.
    """
    return _typed(gold), _typed(predicted)


def boundaries(gold: Sentence, predicted: Sentence) -> tuple[Facts, Facts]:
    """Return the gold and the predicted facts as `strict` does, but without the entities' types."""
    return _untyped(gold), _untyped(predicted)


def relaxed(gold: Sentence, predicted: Sentence) -> tuple[Facts, Facts]:
    """Return the gold facts, and the facts of the gold spans with the types that the prediction gives to them.

    A span has its gold type if any of its tokens was predicted to have that type. Otherwise it has the type of most
    of its tokens; the earliest one decides a tie. A span without a type is not an entity, and relations on it are
    false. A relation with an end outside all gold spans is left out.
    """
    spans, found = _cover(gold), _cover(predicted)
    given = {span: _assigned(span, found) for span in gold.entities}
    entities: set[Fact] = {(kind, span.start, span.end) for span, kind in given.items() if kind not in (None, ROOT)}
    relations: set[Fact] = set()
    for kind, head, tail in _places(predicted):
        one, other = _span_at(spans, head), _span_at(spans, tail)
        if one is not None and other is not None:
            relations.add((kind, (given[one], one.start, one.end), (given[other], other.start, other.end)))
    return _typed(gold), (entities, relations)


CONVENTIONS: dict[str, Callable[[Sentence, Sentence], tuple[Facts, Facts]]] = {
    "strict": strict,
    "boundaries": boundaries,
    "relaxed": relaxed,
}


def relation_ends(sentence: Sentence) -> list[PlacedRelation]:
    """List the relations with their entities."""
    return [(r.type, sentence.entities[r.head], sentence.entities[r.tail]) for r in sentence.relations]


def scored_relations(sentence: Sentence) -> list[PlacedRelation]:
    """List the relations with their entities. A relation predicted for two tokens of one entity has it at both ends."""
    found = relation_ends(sentence)
    entities = _cover(sentence) if sentence.unattached_relations else {}
    for kind, head, tail in sentence.unattached_relations:
        entity = _entity_of(entities, head, tail)
        if entity is not None:
            found.append((kind, entity, entity))
    return found


def unattached_relations(gold: Sentence, predicted: Sentence) -> dict[str, int]:
    """Count the predicted relations that are left out because an end is in no entity.

    Args:
      gold: the gold sentence.
      predicted: the same sentence with predictions.

    Returns:
      `predicted`: the number of relations with an end in no predicted entity, which strict and boundaries leave out.
      `gold`: the number of relations with an end in no gold entity, which relaxed leaves out.
    """
    alone, placed = set(predicted.unattached_relations), set(_places(predicted))
    found, spans = _cover(predicted), _cover(gold)
    return {
        "predicted": sum(_entity_of(found, head, tail) is None for _, head, tail in alone),
        "gold": sum(_span_at(spans, head) is None or _span_at(spans, tail) is None for _, head, tail in placed),
    }


def _typed(sentence: Sentence) -> Facts:
    entities: set[Fact] = {(e.type, e.start, e.end) for e in sentence.entities if e.type != ROOT}
    return entities, {(k, (a.type, a.start, a.end), (b.type, b.start, b.end)) for k, a, b in scored_relations(sentence)}


def _untyped(sentence: Sentence) -> Facts:
    entities: set[Fact] = {(ANY, e.start, e.end) for e in sentence.entities if e.type != ROOT}
    return entities, {(k, (a.start, a.end), (b.start, b.end)) for k, a, b in scored_relations(sentence)}


def _cover(sentence: Sentence) -> _Cover:
    """List for each token the entities that contain it, in the order of the sentence's entities."""
    found: _Cover = {}
    for entity in sentence.entities:
        for token in range(entity.start, entity.end):
            found.setdefault(token, []).append(entity)
    return found


def _entity_of(entities: _Cover, head: int, tail: int) -> Entity | None:
    """Find the entity that contains both tokens; of several, the shortest."""
    found = [e for e in entities.get(head, []) if e.start <= tail < e.end]
    return min(found, key=lambda e: e.end - e.start, default=None)


def _places(predicted: Sentence) -> list[PlacedRelation]:
    """List all predicted relations with their ends; a token that is in no entity is an end of its own."""
    alone = [
        (kind, Entity("", head, head + 1), Entity("", tail, tail + 1))
        for kind, head, tail in predicted.unattached_relations
    ]
    return [*relation_ends(predicted), *alone]


def _assigned(span: Entity, predicted: _Cover) -> str | None:
    """Find the type that the prediction gives to a gold span; None if it gives none."""
    types: list[list[str | None]] = [
        [e.type for e in predicted.get(token, [])] or [None] for token in range(span.start, span.end)
    ]
    if any(span.type in kinds for kinds in types):
        return span.type
    return Counter(kinds[0] for kinds in types).most_common(1)[0][0]


def _span_at(gold: _Cover, end: Entity) -> Entity | None:
    """Find the gold span that contains an entity's last token: the same span if there is one, else the shortest."""
    return min(
        gold.get(end.end - 1, []),
        key=lambda s: ((s.start, s.end) != (end.start, end.end), s.type != end.type, s.end - s.start),
        default=None,
    )
