"""Cutting texts into the pieces that the model reads, and putting the predictions for the pieces together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cman_tf.data.types import Entity, Relation
from cman_tf.data.windows import Found, FoundEntity, FoundRelation, Window, merge_windows, overlapping_windows
from cman_tf.inference.constraints import DecodingOptions, constrain
from cman_tf.inference.decoding import Prediction
from cman_tf.inference.extraction import ExtractedEntity, ExtractedRelation, Extraction
from cman_tf.inference.inputs import ModelInput

MAX_TOKENS = 400  # a longer sentence is read in overlapping windows
OVERLAP = 100  # tokens: the arguments of a relation that are no farther apart are together in a window


def cut_pieces(item: ModelInput, limit: int = MAX_TOKENS, overlap: int = OVERLAP) -> list[list[Window]]:
    """Cut a text into pieces: its sentences, and overlapping windows where a sentence has too many tokens.

    Args:
      item: the text.
      limit: the most tokens in a piece.
      overlap: the least number of tokens that two windows share.

    Returns:
      For each sentence its pieces, each with its first token in the text and the token after its last.
    """
    return [
        [(first + start, first + end) for start, end in overlapping_windows(last - first, limit, overlap)]
        for first, last in item.sentences
    ]


def entities_inside(item: ModelInput, piece: Window) -> tuple[list[int], tuple[Entity, ...]]:
    """Return the given entities that lie in a piece: their positions, and themselves with places in the piece."""
    inside = [n for n, e in enumerate(item.entities or ()) if piece[0] <= e.start and e.end <= piece[1]]
    entities = ((item.entities or ())[n] for n in inside)
    return inside, tuple(Entity(e.type, e.start - piece[0], e.end - piece[0]) for e in entities)


def merge_predictions(
    item: ModelInput, pieces: Sequence[Sequence[Window]], predictions: Iterable[Prediction], options: DecodingOptions
) -> Extraction:
    """Put the predictions for the pieces of a text together.

    Args:
      item: the text.
      pieces: the pieces of each sentence.
      predictions: the prediction for each piece, in their order. No more are taken.
      options: the thresholds, signatures and symmetric types.
    """
    predictions = iter(predictions)
    entities: list[ExtractedEntity] = []
    found: dict[Relation, float] = {}
    unattached: list[tuple[str, int, int]] = []
    for (begin, _), windows in zip(item.sentences, pieces):
        of_windows = [next(predictions) for _ in windows]
        merged = _find(of_windows[0])
        if len(windows) > 1:
            places = [(start - begin, end - begin) for start, end in windows]
            merged = merge_windows(places, [_find(prediction) for prediction in of_windows])
        first = len(entities)
        entities += [_place(item, Entity(e.type, e.start + begin, e.end + begin), e.score) for e in merged.entities]
        of_sentence = {Relation(r.type, r.head + first, r.tail + first): r.score for r in merged.relations}
        # Two windows may have found a symmetric relation in its two directions.
        found |= constrain(of_sentence, entities, options) if len(windows) > 1 else of_sentence
        for (start, _), prediction in zip(windows, of_windows):
            ends = prediction.sentence.unattached_relations
            unattached += [(kind, head + start, tail + start) for kind, head, tail in ends]
    return _assemble(item, entities, found, unattached, sum(map(len, pieces)), options)


def relate_pieces(
    item: ModelInput,
    inside: Sequence[Sequence[int]],
    predictions: Iterable[Prediction],
    options: DecodingOptions,
) -> Extraction:
    """Put the relations of given entities together. A relation's score is its highest score in a piece.

    Args:
      item: the text with its entities.
      inside: for each piece of the text the positions of the entities that lie in it.
      predictions: the prediction for each piece, in their order. No more are taken.
      options: the thresholds, signatures and symmetric types. All given entities are kept.
    """
    predictions = iter(predictions)
    entities = item.entities or ()
    scores = [0.0] * len(entities)  # of an entity that lies in no piece
    found: dict[Relation, float] = {}
    for positions in inside:
        prediction = next(predictions)
        for number, score in zip(positions, prediction.entity_scores):
            scores[number] = max(scores[number], score)
        for relation, score in list_candidates(prediction).items():
            moved = Relation(relation.type, positions[relation.head], positions[relation.tail])
            found[moved] = max(score, found.get(moved, 0.0))
    if len(inside) > 1:
        found = constrain(found, entities, options)
    shown = [_place(item, entity, score) for entity, score in zip(entities, scores)]
    return _assemble(item, shown, found, (), len(inside), options)


def list_candidates(prediction: Prediction) -> dict[Relation, float]:
    """Return a prediction's relations and candidates with their scores."""
    return dict([*zip(prediction.sentence.relations, prediction.relation_scores), *prediction.candidates])


def _find(prediction: Prediction) -> Found:
    """Return a prediction, with its candidates among the relations, as `merge_windows` takes it."""
    entities = zip(prediction.sentence.entities, prediction.entity_scores)
    return Found(
        [FoundEntity(e.type, e.start, e.end, score) for e, score in entities],
        [FoundRelation(r.type, r.head, r.tail, score) for r, score in list_candidates(prediction).items()],
    )


def _place(item: ModelInput, entity: Entity, score: float) -> ExtractedEntity:
    """Add its text and its place in the text to an entity."""
    first, end = item.offsets[entity.start][0], item.offsets[entity.end - 1][1]
    return ExtractedEntity(item.text[first:end], entity.type, entity.start, entity.end, first, end, score)


def _assemble(
    item: ModelInput,
    entities: Sequence[ExtractedEntity],
    found: Mapping[Relation, float],
    unattached: Iterable[tuple[str, int, int]],
    pieces: int,
    options: DecodingOptions,
) -> Extraction:
    """Make the extraction, with the relations on both sides of the threshold."""
    listed = [
        ExtractedRelation(entities[relation.head], relation.type, entities[relation.tail], score)
        for relation, score in found.items()
    ]
    above = [relation.score > options.threshold_of(relation.type) for relation in listed]
    return Extraction(
        item.text,
        item.tokens,
        item.offsets,
        tuple(entities),
        tuple(relation for relation, is_above in zip(listed, above) if is_above),
        tuple(relation for relation, is_above in zip(listed, above) if not is_above),
        tuple(dict.fromkeys(unattached)),
        item.sentences,
        max(1, pieces),
    )
