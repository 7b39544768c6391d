"""Entities that overlap others: one BIO tag for each token cannot express them, and so no model can find them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from cman_tf.data.bio import flat_entities
from cman_tf.data.types import Sentence


@dataclasses.dataclass
class Overlaps:
    """Counts of entities and relations, and of those that cannot be found.

    Attributes:
      entities: the number of entities.
      untagged: the number of them that BIO tags cannot express.
      relations: the number of relations.
      unreachable: the number of them on an entity that BIO tags cannot express.

    >>> from cman_tf.data.types import Entity, Relation
    >>> bank, rome = Entity("Org", 0, 3), Entity("Loc", 2, 3)
    >>> overlaps = Overlaps()
    >>> overlaps.add(Sentence(("Bank", "of", "Rome"), (bank, rome), (Relation("In", 0, 1),)))
    >>> overlaps.describe()
    'of 2 entities 1 can be tagged; 1 relation cannot be learned'
    >>> overlaps.describe_recall()
    'one tag for each token: recall is at most 50.00 for entities and 0.00 for relations'
    """

    entities: int = 0
    untagged: int = 0
    relations: int = 0
    unreachable: int = 0

    def add(self, sentence: Sentence) -> None:
        """Count the entities and relations of a sentence."""
        tagged = set(flat_entities(sentence.entities))
        self.entities += len(sentence.entities)
        self.untagged += len(sentence.entities) - len(tagged)
        self.relations += len(sentence.relations)
        for relation in sentence.relations:
            self.unreachable += not {sentence.entities[relation.head], sentence.entities[relation.tail]} <= tagged

    def describe(self) -> str:
        """Say what training cannot learn."""
        lost = f"{self.unreachable} relation{'' if self.unreachable == 1 else 's'} cannot be learned"
        return f"of {self.entities} entities {self.entities - self.untagged} can be tagged; {lost}"

    def describe_recall(self) -> str:
        """Say which recall is the highest possible."""
        tagged = f"{_share(self.untagged, self.entities)} for entities"
        related = f" and {_share(self.unreachable, self.relations)} for relations" if self.relations else ""
        return f"one tag for each token: recall is at most {tagged}{related}"


def count_overlaps(sentences: Iterable[Sentence]) -> Overlaps:
    """Count the entities that overlap others, and the relations on them.

    >>> from cman_tf.data.types import Entity
    >>> count_overlaps([Sentence(("Ann",), (Entity("Peop", 0, 1), Entity("Loc", 0, 1)))]).untagged
    1
    """
    overlaps = Overlaps()
    for sentence in sentences:
        overlaps.add(sentence)
    return overlaps


def _share(lost: int, total: int) -> str:
    return f"{100 * (total - lost) / total:.2f}"
