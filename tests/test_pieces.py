"""Long texts in overlapping windows, and one result of the predictions for them."""

from hypothesis import given
from hypothesis import strategies as st

from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.inference.constraints import DecodingOptions
from cman_tf.inference.decoding import Prediction
from cman_tf.inference.inputs import read_tokens
from cman_tf.inference.pieces import MAX_TOKENS, OVERLAP, cut_pieces, entities_inside, merge_predictions, relate_pieces

PEOP, LOC = Entity("Peop", 390, 392), Entity("Loc", 405, 406)


def text_of(length):
    return read_tokens([f"t{number}" for number in range(length)])


def predict(window, entities, relations=(), candidates=()):
    """A prediction for a window, whose entities and relations are given by their places in the text."""
    inside = [e for e in entities if window[0] <= e.start and e.end <= window[1]]
    place = {e: number for number, e in enumerate(inside)}
    moved = tuple(Entity(e.type, e.start - window[0], e.end - window[0]) for e in inside)

    def move(listed):
        return [(Relation(k, place[h], place[t]), s) for k, h, t, s in listed if h in place and t in place]

    found = move(relations)
    tokens = tuple("x" for _ in range(*window))
    return Prediction(
        Sentence(tokens, moved, tuple(relation for relation, _ in found)),
        tuple(0.9 for _ in inside),
        tuple(score for _, score in found),
        tuple(move(candidates)),
    )


@given(st.integers(0, 3000))
def test_windows_cover_the_text_and_overlap(length):
    item = text_of(length)
    windows = [window for of_sentence in cut_pieces(item) for window in of_sentence]
    assert {token for start, end in windows for token in range(start, end)} == {*range(length)}
    assert all(end - start <= MAX_TOKENS for start, end in windows)
    assert all(one[1] - other[0] >= OVERLAP for one, other in zip(windows, windows[1:]))


def test_a_relation_across_the_end_of_a_window():
    item = text_of(1000)
    pieces = cut_pieces(item)
    relations = [("Live_In", PEOP, LOC, 0.8)]
    predictions = [predict(window, [PEOP, LOC], relations) for window in pieces[0]]
    found = merge_predictions(item, pieces, predictions, DecodingOptions())
    assert [(e.type, e.start, e.end) for e in found.entities] == [("Peop", 390, 392), ("Loc", 405, 406)]
    assert [(r.head.start, r.tail.start, r.score) for r in found.relations] == [(390, 405, 0.8)]
    assert found.entities[0].text == "t390 t391"


def test_a_window_that_is_sure_counts():
    """A candidate of one window is a relation of another; a symmetric relation is found in two directions."""
    item = text_of(700)
    entities = [Entity("Peop", 310, 311), Entity("Peop", 320, 321)]
    (one, two) = windows = cut_pieces(item)[0]
    forward, back = ("Knows", *entities), ("Knows", *entities[::-1])
    predictions = [predict(one, entities, (), [(*forward, 0.4)]), predict(two, entities, [(*back, 0.7)])]
    options = DecodingOptions(all_scores=True, symmetric=frozenset({"Knows"}))
    found = merge_predictions(item, [windows], predictions, options)
    assert [(r.head.start, r.score) for r in found.relations] == [(320, 0.7)] and found.candidates == ()
    predictions = [predict(one, entities, (), [(*forward, 0.4)]), predict(two, entities, [(*forward, 0.7)])]
    found = merge_predictions(item, [windows], predictions, DecodingOptions(all_scores=True))
    assert [r.score for r in found.relations] == [0.7] and found.candidates == ()


def test_given_entities_keep_their_places():
    item = text_of(1000)
    entities = (LOC, Entity("Org", 990, 991), PEOP, LOC)
    item = type(item)(item.text, item.tokens, item.offsets, item.sentences, entities)
    windows = [window for of_sentence in cut_pieces(item) for window in of_sentence]
    inside = [entities_inside(item, window)[0] for window in windows]
    predictions = [
        Prediction(
            Sentence(("x",), tuple(entities[n] for n in positions), (Relation("Live_In", 1, 0),)),
            tuple(0.5 for _ in positions),
            (0.8,),
        )
        if len(positions) > 1
        else Prediction(Sentence(("x",)), tuple(0.5 for _ in positions), ())
        for positions in inside
    ]
    found = relate_pieces(item, inside, predictions, DecodingOptions())
    assert [(e.start, e.score) for e in found.entities] == [(405, 0.5), (990, 0.5), (390, 0.5), (405, 0.5)]
    assert [(r.head.start, r.tail.start) for r in found.relations] == [(390, 405)]
