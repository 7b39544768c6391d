"""Counts over a corpus that is read one sentence at a time."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from cman_tf.data.overlaps import Overlaps
from cman_tf.data.types import Entity, Sentence

_SHOWN = 5  # entities and relations that are shown as text


class Statistics:
    """Counts of one corpus. Its memory grows by about 100 bytes a sentence, for the hashes that find duplicates.

    Attributes:
      sentences: the number of sentences.
      documents: the number of changes of the document's name; a sentence without one is a document of its own.
      tokens: the number of tokens.
      lengths: how many sentences have each number of tokens.
      entity_types, relation_types: how often each type occurs.
      distances: how many relations have each number of tokens between their arguments; 0 for neighbours.
      signatures: how often each (relation type, head's type, tail's type) occurs.
      overlaps: the entities that BIO tags cannot express, and the relations on them.
      hashes: a hash of each different sentence.
      duplicates: the number of sentences whose tokens occurred before.
      examples: the first entities and relations as text.
    """

    def __init__(self) -> None:
        self.sentences = self.documents = self.tokens = self.duplicates = 0
        self.overlaps = Overlaps()
        self.lengths: Counter[int] = Counter()
        self.entity_types: Counter[str] = Counter()
        self.relation_types: Counter[str] = Counter()
        self.distances: Counter[int] = Counter()
        self.signatures: Counter[tuple[str, str, str]] = Counter()
        self.hashes: set[int] = set()
        self.examples: dict[str, list[str]] = {"entities": [], "relations": []}
        self._document = ""

    def add(self, sentence: Sentence) -> None:
        """Count one sentence."""
        self.sentences += 1
        self.documents += not sentence.document_id or sentence.document_id != self._document
        self._document = sentence.document_id
        self.tokens += len(sentence.tokens)
        self.lengths[len(sentence.tokens)] += 1
        key = hash_tokens(sentence.tokens)
        self.duplicates += key in self.hashes
        self.hashes.add(key)
        self.entity_types.update(e.type for e in sentence.entities)
        self.overlaps.add(sentence)
        for entity in sentence.entities:
            self._show("entities", f"{entity.type}: {text_of(sentence, entity)}")
        for relation in sentence.relations:
            head, tail = sentence.entities[relation.head], sentence.entities[relation.tail]
            self.relation_types[relation.type] += 1
            self.signatures[(relation.type, head.type, tail.type)] += 1
            self.distances[max(0, max(head.start, tail.start) - min(head.end, tail.end))] += 1
            self._show("relations", f"{text_of(sentence, head)} -- {relation.type} -> {text_of(sentence, tail)}")

    def _show(self, task: str, text: str) -> None:
        if len(self.examples[task]) < _SHOWN:
            self.examples[task].append(text)

    def summary(self) -> dict[str, Any]:
        """Return the counts in the types of JSON."""
        overlaps = self.overlaps
        return {
            "sentences": self.sentences,
            "documents": self.documents,
            "tokens": self.tokens,
            "lengths": _describe(self.lengths),
            "entities": dict(self.entity_types.most_common()),
            "relations": dict(self.relation_types.most_common()),
            "distances": _describe(self.distances),
            "signatures": [
                {"type": kind, "head": head, "tail": tail, "count": count}
                for (kind, head, tail), count in self.signatures.most_common()
            ],
            "overlapping_entities": overlaps.untagged,
            "relations_on_overlapping_entities": overlaps.unreachable,
            "reachable_recall": {
                "entities": _share(overlaps.entities - overlaps.untagged, overlaps.entities),
                "relations": _share(overlaps.relations - overlaps.unreachable, overlaps.relations),
            },
            "duplicate_sentences": self.duplicates,
            "examples": self.examples,
        }


def text_of(sentence: Sentence, entity: Entity) -> str:
    """Return the text of an entity: that of the file, or its tokens with blanks between them."""
    if sentence.offsets:
        return sentence.text[sentence.offsets[entity.start][0] : sentence.offsets[entity.end - 1][1]]
    return " ".join(sentence.tokens[entity.start : entity.end])


def hash_tokens(tokens: Sequence[str]) -> int:
    """Return a hash of 64 bits of a sentence's tokens."""
    digest = hashlib.blake2b("\0".join(tokens).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def _describe(counts: Counter[int]) -> dict[str, float]:
    """Return the smallest, middle and largest of some numbers, their mean, and the one that 95 % do not exceed."""
    total = sum(counts.values())
    if not total:
        return {}
    places = {"median": 0.5, "95_percent": 0.95}
    found: dict[str, float] = {
        "smallest": min(counts),
        "mean": round(sum(number * count for number, count in counts.items()) / total, 2),
        "largest": max(counts),
    }
    for name, share in places.items():
        seen = 0
        for number in sorted(counts):
            seen += counts[number]
            if seen >= share * total:
                found[name] = number
                break
    return found


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None
