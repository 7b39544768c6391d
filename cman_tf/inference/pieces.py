"""Cutting texts into the pieces that the model reads, and putting the predictions for the pieces together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cman_tf.data.tokenizer import SENTENCE_ENDS
from cman_tf.data.types import Entity, Relation
from cman_tf.inference.constraints import DecodingOptions, constrain
from cman_tf.inference.decoding import Prediction
from cman_tf.inference.extraction import ExtractedEntity, ExtractedRelation, Extraction
from cman_tf.inference.inputs import ModelInput

MAX_TOKENS = 400  # a longer sentence is read in overlapping windows
OVERLAP = 100  # tokens: relations between tokens that are no farther apart are always within a window


class Piece(NamedTuple):
    """A piece of a text: a sentence, or a window of a long one. All places are tokens of the text.

    Attributes:
      start: its first token.
      end: the token after its last.
      own_start: the first token whose entities are taken from this piece.
      own_end: the token after the last of these.
    """

    start: int
    end: int
    own_start: int
    own_end: int


def cut_pieces(item: ModelInput, limit: int = MAX_TOKENS, overlap: int = OVERLAP) -> list[Piece]:
    """Cut a text into pieces: its sentences, and windows where a sentence has too many tokens.

    A window ends after the last sentence end in its second half, if there is one. The next window repeats the last
    tokens of the window before. Each window owns its side of the middle of an overlap.

    Args:
      item: the text.
      limit: the most tokens in a piece.
      overlap: the number of tokens that are repeated, less than half of the limit.
    """
    pieces: list[Piece] = []
    for first, last in item.sentences:
        start = own_start = first
        while last - start > limit:
            end = start + limit
            for place in range(end, start + limit // 2, -1):
                if item.tokens[place - 1] in SENTENCE_ENDS:
                    end = place
                    break
            own_end = end - overlap // 2
            pieces.append(Piece(start, end, own_start, own_end))
            start, own_start = end - overlap, own_end
        pieces.append(Piece(start, last, own_start, last))
    return pieces


def entities_inside(item: ModelInput, piece: Piece) -> tuple[list[int], tuple[Entity, ...]]:
    """Return the given entities that lie in a piece: their positions, and themselves with places in the piece."""
    inside = [n for n, e in enumerate(item.entities or ()) if piece.start <= e.start and e.end <= piece.end]
    entities = ((item.entities or ())[n] for n in inside)
    return inside, tuple(Entity(e.type, e.start - piece.start, e.end - piece.start) for e in entities)


def merge_predictions(
    item: ModelInput, pieces: Sequence[Piece], predictions: Sequence[Prediction], options: DecodingOptions
) -> Extraction:
    """Put the predictions for the pieces of a text together.

    An entity is taken from the piece that owns its first token. A relation is taken from any piece that found both of
    its entities, and its score is the highest.

    Args:
      item: the text.
      pieces: its pieces.
      predictions: the prediction for each piece.
      options: the thresholds, signatures and symmetric types.
    """
    entities, positions = _merge_entities(pieces, predictions)
    found: dict[Relation, float] = {}
    unattached: list[tuple[str, int, int]] = []
    for piece, prediction, position in zip(pieces, predictions, positions):
        for relation, score in (*zip(prediction.sentence.relations, prediction.relation_scores), *prediction.candidates):
            head, tail = position.get(relation.head), position.get(relation.tail)
            if head is not None and tail is not None and head != tail:
                moved = Relation(relation.type, head, tail)
                found[moved] = max(score, found.get(moved, 0.0))
        for kind, head, tail in prediction.sentence.unattached_relations:
            if piece.own_start <= head + piece.start < piece.own_end:
                unattached.append((kind, head + piece.start, tail + piece.start))
    if len(pieces) > 1:
        found = constrain(found, [entity for entity, _ in entities], options)
    shown = [_place(item, entity, score) for entity, score in entities]
    return _assemble(item, shown, found, unattached, len(pieces), options)


def relate_pieces(
    item: ModelInput,
    inside: Sequence[Sequence[int]],
    pieces: Sequence[Piece],
    predictions: Sequence[Prediction],
    options: DecodingOptions,
) -> Extraction:
    """Put the relations of given entities together. See `merge_predictions`.

    Args:
      item: the text with its entities.
      inside: for each piece the positions of the entities that lie in it.
      pieces: the pieces.
      predictions: the prediction for each piece.
      options: the thresholds, signatures and symmetric types. All given entities are kept.
    """
    entities = item.entities or ()
    scores = [0.0] * len(entities)  # of an entity that lies in no piece
    found: dict[Relation, float] = {}
    for positions, prediction in zip(inside, predictions):
        for number, score in zip(positions, prediction.entity_scores):
            scores[number] = max(scores[number], score)
        for relation, score in (*zip(prediction.sentence.relations, prediction.relation_scores), *prediction.candidates):
            moved = Relation(relation.type, positions[relation.head], positions[relation.tail])
            found[moved] = max(score, found.get(moved, 0.0))
    if len(pieces) > 1:
        found = constrain(found, entities, options)
    shown = [_place(item, entity, score) for entity, score in zip(entities, scores)]
    return _assemble(item, shown, found, [], len(pieces), options)


def _merge_entities(
    pieces: Sequence[Piece], predictions: Sequence[Prediction]
) -> tuple[list[tuple[Entity, float]], list[dict[int, int]]]:
    """Return the entities with their scores, and for each piece the place of its entities among them."""
    kept: list[tuple[Entity, float]] = []
    place_of: dict[Entity, int] = {}
    moved: list[list[Entity]] = []
    for piece, prediction in zip(pieces, predictions):
        moved.append([Entity(e.type, e.start + piece.start, e.end + piece.start) for e in prediction.sentence.entities])
        for entity, score in zip(moved[-1], prediction.entity_scores):
            is_free = not kept or kept[-1][0].end <= entity.start
            if piece.own_start <= entity.start < piece.own_end and is_free:
                place_of[entity] = len(kept)
                kept.append((entity, score))
    positions = [{n: place_of[e] for n, e in enumerate(of_piece) if e in place_of} for of_piece in moved]
    return kept, positions


def _place(item: ModelInput, entity: Entity, score: float) -> ExtractedEntity:
    """Add its text and its place in the text to an entity."""
    first, end = item.offsets[entity.start][0], item.offsets[entity.end - 1][1]
    return ExtractedEntity(item.text[first:end], entity.type, entity.start, entity.end, first, end, score)


def _assemble(
    item: ModelInput,
    entities: Sequence[ExtractedEntity],
    found: dict[Relation, float],
    unattached: Iterable[tuple[str, int, int]],
    pieces: int,
    options: DecodingOptions,
) -> Extraction:
    listed = [
        ExtractedRelation(entities[relation.head], relation.type, entities[relation.tail], score)
        for relation, score in found.items()
    ]
    threshold = options.relation_threshold
    return Extraction(
        item.text,
        item.tokens,
        item.offsets,
        tuple(entities),
        tuple(relation for relation in listed if relation.score > threshold),
        tuple(relation for relation in listed if not relation.score > threshold) if options.all_scores else (),
        tuple(dict.fromkeys(unattached)),
        item.sentences,
        max(1, pieces),
    )
