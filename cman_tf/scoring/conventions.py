"""What counts as correct: strict, boundaries, relaxed (the scorers of Bekoulis et al., 2018).

Each convention turns a gold and a predicted sentence into sets of facts, the type
first; what is in both sets is correct. As sets, duplicates count once. A root that
relations point to (DREC) is no entity among the facts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from cman_tf.data.types import ROOT, Entity, Sentence

Facts = tuple[set[tuple], set[tuple]]  # of entities, of relations
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
    """Gold and predicted facts: (type, start, end); (relation, head entity, tail entity).

    A relation predicted of two tokens of one entity is a false one of that entity to itself;
    one with a token in no entity is left out.
    """
    return _typed(gold), _typed(predicted)


def boundaries(gold: Sentence, predicted: Sentence) -> tuple[Facts, Facts]:
    """As strict, the entities' types left out."""
    return _untyped(gold), _untyped(predicted)


def relaxed(gold: Sentence, predicted: Sentence) -> tuple[Facts, Facts]:
    """As strict, of the gold spans with the types that the prediction gives them.

    A span has its gold type if any token was predicted to be of it, else that of most of
    its tokens (the earliest of equals). One of no type is no entity, yet relations on it
    are false. A relation with an end outside all gold spans is left out.
    """
    given = {span: _assigned(span, predicted) for span in gold.entities}
    entities = {(kind, span.start, span.end) for span, kind in given.items() if kind not in (None, ROOT)}
    relations = set()
    for kind, *ends in _places(predicted):
        spans = [_span_at(gold, end) for end in ends]
        if all(spans):
            relations.add((kind, *((given[span], span.start, span.end) for span in spans)))
    return _typed(gold), (entities, relations)


CONVENTIONS: dict[str, Callable[[Sentence, Sentence], tuple[Facts, Facts]]] = {
    "strict": strict,
    "boundaries": boundaries,
    "relaxed": relaxed,
}


def relation_ends(sentence: Sentence) -> list[tuple[str, Entity, Entity]]:
    """The relations with their entities."""
    return [(r.type, sentence.entities[r.head], sentence.entities[r.tail]) for r in sentence.relations]


def scored_relations(sentence: Sentence) -> list[tuple[str, Entity, Entity]]:
    """The relations with their entities; one predicted of two tokens of one entity is of that entity to itself."""
    ends = [(kind, _entity_of(sentence, tokens)) for kind, *tokens in sentence.unattached_relations]
    return [*relation_ends(sentence), *((kind, entity, entity) for kind, entity in ends if entity is not None)]


def unattached_relations(gold: Sentence, predicted: Sentence) -> dict[str, int]:
    """Predicted relations that are left out, as an end is in no entity: of the prediction
    (strict, boundaries), or of gold (relaxed)."""
    alone = set(predicted.unattached_relations)
    return {
        "predicted": sum(_entity_of(predicted, tokens) is None for _, *tokens in alone),
        "gold": sum(not all(_span_at(gold, e) for e in ends) for _, *ends in set(_places(predicted))),
    }


def _typed(sentence: Sentence) -> Facts:
    entities = {(e.type, e.start, e.end) for e in sentence.entities if e.type != ROOT}
    return entities, {(k, (a.type, a.start, a.end), (b.type, b.start, b.end)) for k, a, b in scored_relations(sentence)}


def _untyped(sentence: Sentence) -> Facts:
    entities = {(ANY, e.start, e.end) for e in sentence.entities if e.type != ROOT}
    return entities, {(k, (a.start, a.end), (b.start, b.end)) for k, a, b in scored_relations(sentence)}


def _entity_of(sentence: Sentence, tokens: Sequence[int]) -> Entity | None:
    """The entity, the shortest of several, that all of some tokens are in."""
    found = [e for e in sentence.entities if all(e.start <= token < e.end for token in tokens)]
    return min(found, key=lambda e: e.end - e.start, default=None)


def _places(predicted: Sentence) -> list[tuple[str, Entity, Entity]]:
    """Where relations were predicted, on entities or not: a token that is in none stands for itself."""
    alone = [
        (kind, *(Entity("", token, token + 1) for token in tokens)) for kind, *tokens in predicted.unattached_relations
    ]
    return [*relation_ends(predicted), *alone]


def _assigned(span: Entity, predicted: Sentence) -> str | None:
    """The type that the prediction gives a gold span, or None: no type."""
    types: list[list[str | None]] = [
        [e.type for e in predicted.entities if e.start <= token < e.end] or [None]
        for token in range(span.start, span.end)
    ]
    if any(span.type in kinds for kinds in types):
        return span.type
    return Counter(kinds[0] for kinds in types).most_common(1)[0][0]


def _span_at(gold: Sentence, end: Entity) -> Entity | None:
    """The gold span that an entity's last token is in: the very span, else the shortest."""
    found = [span for span in gold.entities if span.start < end.end <= span.end]
    return min(
        found,
        key=lambda s: ((s.start, s.end) != (end.start, end.end), s.type != end.type, s.end - s.start),
        default=None,
    )
