"""Which relations may be predicted: thresholds, the types of their arguments, symmetric relations."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from cman_tf.config import RELATION_THRESHOLD
from cman_tf.data.signatures import Signatures
from cman_tf.data.types import Relation
from cman_tf.errors import DataError
from cman_tf.scoring.calibration import scale_scores


@dataclasses.dataclass(frozen=True)
class DecodingOptions:
    """What is kept of a model's output.

    Attributes:
      relation_threshold: a relation is predicted if its probability is above this number.
      entity_threshold: an entity is predicted if its score is at least this number.
      all_scores: whether relations that are not above the threshold are returned as candidates.
      signatures: the allowed types of the arguments of each relation type, or None. Types that are not named are not
        constrained.
      symmetric: relation types without a direction. They are found in either direction and reported once, in the
        direction with the higher probability.
      relation_thresholds: thresholds of single relation types. The other types have `relation_threshold`.
      entity_temperature: the log odds of the entities' scores are divided by this number first.
      relation_temperature: the same for the relations' scores. Thresholds are those of the scores after that.
    """

    relation_threshold: float = RELATION_THRESHOLD
    entity_threshold: float = 0.0
    all_scores: bool = False
    signatures: Signatures | None = None
    symmetric: frozenset[str] = frozenset()
    relation_thresholds: Mapping[str, float] = dataclasses.field(default_factory=dict)
    entity_temperature: float = 1.0
    relation_temperature: float = 1.0

    def __post_init__(self) -> None:
        for name in ("relation_threshold", "entity_threshold"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise TypeError(f"{name} is {type(value).__name__}, expected a number from 0 to 1")
            if not 0 <= value <= 1:
                raise DataError(f"{name} is {value}, expected a number from 0 to 1")

    def threshold_of(self, relation_type: str) -> float:
        """Return the threshold of a relation type."""
        return self.relation_thresholds.get(relation_type, self.relation_threshold)

    @property
    def lowest_threshold(self) -> float:
        """The lowest threshold of any relation type, of the scores before the temperature."""
        lowest = min([self.relation_threshold, *self.relation_thresholds.values()])
        return float(scale_scores(lowest, 1.0 / self.relation_temperature))


def check_symmetric(symmetric: Iterable[str], relation_types: Sequence[str]) -> frozenset[str]:
    """Return the symmetric relation types as a set.

    Raises:
      TypeError: if they are a single text.
      DataError: for a type that the model does not know.
    """
    if isinstance(symmetric, (str, bytes)):
        raise TypeError("symmetric_relations is one text, expected a list of relation types")
    found = frozenset(symmetric)
    for name in sorted(map(str, found - {*relation_types})):
        raise DataError(f"symmetric relation {name[:40]!a}, expected one of {', '.join(relation_types)}")
    return found


class _Typed(Protocol):
    """An entity of any kind."""

    @property
    def type(self) -> str: ...


def constrain(
    scores: Mapping[Relation, float], entities: Sequence[_Typed], options: DecodingOptions
) -> dict[Relation, float]:
    """Leave out relations whose arguments have the wrong types, and report symmetric relations once.

    Args:
      scores: the probability of each candidate.
      entities: the entities that the candidates name.
      options: the signatures and the symmetric types.

    Returns:
      The candidates that are left, in their order.
    """
    signatures, symmetric = options.signatures, options.symmetric
    if signatures is None and not symmetric:
        return dict(scores)
    kept: dict[Relation, float] = {}
    for relation, score in scores.items():
        mirrored = Relation(relation.type, relation.tail, relation.head)
        is_symmetric = relation.type in symmetric
        if signatures is not None and relation.type in signatures:
            pair = entities[relation.head].type, entities[relation.tail].type
            allowed = signatures[relation.type]
            if pair not in allowed and not (is_symmetric and pair[::-1] in allowed):
                continue
        if is_symmetric and mirrored in kept:
            if kept[mirrored] >= score:
                continue
            del kept[mirrored]
        kept[relation] = score
    return kept
