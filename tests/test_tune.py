"""Tuning: what the events count is what scoring counts, and types keep the default for want of data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.inference.constraints import DecodingOptions
from cman_tf.inference.decoding import Output, decode_sentence
from cman_tf.inference.tuned import Tuned
from cman_tf.scoring.score import score_sentences
from cman_tf.tuning.events import collect_events
from cman_tf.tuning.tables import format_tuning
from cman_tf.tuning.tune import choose, tune

KINDS = ["Live_In", "Work_For"]
LABELS = {"entities": ["Loc", "Peop"], "relations": KINDS}
TAGS = ["O", "B-Peop", "I-Peop", "B-Loc", "I-Loc"]
# Coarse numbers, so that scores agree; not between those that a temperature cannot tell apart.
SCORE = st.integers(1, 99).map(lambda n: n / 100)


@st.composite
def predicted(draw):
    """A gold sentence, and what a network that scores all pairs of tokens might give for it."""
    length = draw(st.integers(1, 5))
    tags = draw(st.lists(st.sampled_from(TAGS), min_size=length, max_size=length))
    marginals = np.array(draw(st.lists(SCORE, min_size=length, max_size=length)), np.float32)
    pairs = np.array([(i, j) for i in range(length) for j in range(length)])
    numbers = draw(st.lists(SCORE, min_size=2 * len(pairs), max_size=2 * len(pairs)))
    scores = np.array(numbers, np.float32).reshape(-1, 2)
    spans = [Entity(draw(st.sampled_from(["Peop", "Loc"])), place, place + 1) for place in range(length)]
    relations = tuple(Relation(draw(st.sampled_from(KINDS)), 0, place) for place in range(1, length))
    return Sentence(tuple("abcde"[:length]), tuple(spans), relations), Output(tags, marginals, pairs, scores)


@given(st.lists(predicted(), min_size=1, max_size=4))
def test_the_choices_have_the_scores_of_the_predictions(rows):
    gold, outputs = zip(*rows)
    tuned, report = tune(gold, outputs, KINDS, LABELS, fewest=0)
    options = DecodingOptions(**tuned.decoding_options())
    found = [decode_sentence(g.tokens, *o, KINDS, options=options) for g, o in rows]
    scores = score_sentences(gold, [p.sentence for p in found], LABELS)["strict"]
    assert report["micro"]["tuned"]["relations"] == scores["micro"]["relations"]
    assert report["entities"]["at_threshold"] == scores["micro"]["entities"]
    for kind in KINDS:
        assert report["relations"][kind]["at_threshold"] == scores["per_type"]["relations"][kind]
        assert all(
            p.relation_scores[n] > tuned.relation_thresholds[r.type]
            for p in found
            for n, r in enumerate(p.sentence.relations)
        )
    assert report["micro"]["tuned"]["entities"]["f1"] >= report["micro"]["default"]["entities"]["f1"]
    assert ("cross_validated" in report["micro"]) == (len(rows) > 1)
    assert format_tuning({**report, "source": {"data": {"file": "x", "sentences": 1}, "checkpoint": "best/ckpt-1"}})


def test_events():
    gold = Sentence(
        ("Ann", "Lee", "left", "Rome"), (Entity("Peop", 0, 2), Entity("Loc", 3, 4)), (Relation("Live_In", 0, 1),)
    )
    tags, marginals = ["B-Peop", "I-Peop", "O", "B-Loc"], np.array([0.9, 0.7, 1.0, 0.8])
    pairs = np.array([[1, 3], [0, 3], [3, 1], [0, 1], [2, 3]])
    scores = np.array([[0.6, 0.2], [0.7, 0.0], [0.1, 0.3], [0.4, 0.0], [0.9, 0.0]])
    events = collect_events([gold], [Output(tags, marginals, pairs, scores)], KINDS, {})
    assert events.entity_scores.tolist() == [0.7, 0.8] and events.entity_right.all() and events.gold_entities == 2
    listed = sorted(zip(events.relation_scores.tolist(), events.relation_types, events.relation_right.tolist()))
    # The pair of two tokens of Ann Lee is a relation of the person to itself; "left" is no entity.
    assert listed == [
        *((0.1, "Live_In", False), (0.2, "Work_For", False), (0.3, "Work_For", False)),
        *((0.4, "Live_In", False), (0.7, "Live_In", True)),
    ]
    assert events.is_pair.sum() == 4 and set(events.weakest) == {0.7} and events.gold_relations == {"Live_In": 1}
    tuned, choices = choose(events, KINDS, fewest=2)
    assert tuned.relation_thresholds == {"Live_In": 0.5, "Work_For": 0.5}
    assert choices["Live_In"].reason == "fewer than 2 in the data"


def test_options_of_what_was_tuned():
    options = DecodingOptions(**Tuned(0.2, {"Live_In": 0.3}, 2.0, 2.0).decoding_options())
    assert (options.threshold_of("Live_In"), options.threshold_of("Work_For")) == (0.3, 0.5)
    assert options.lowest_threshold == pytest.approx(0.155, abs=0.001)  # 0.3 of the scores after the temperature
    tokens, tags = ("Ann", "left", "Rome"), ["B-Peop", "O", "B-Loc"]
    found = decode_sentence(
        tokens,
        tags,
        np.array([0.5, 1.0, 0.9]),
        np.array([[0, 2], [2, 0]]),
        np.array([[0.2, 0.4], [0.1, 0.6]]),
        KINDS,
        options=options,
    )
    assert found.sentence.relations == (Relation("Live_In", 0, 1), Relation("Work_For", 1, 0))
    assert found.relation_scores == pytest.approx((1 / 3, 0.5505), abs=1e-4)  # odds of 1/4 and 3/2, their roots
    assert found.entity_scores == pytest.approx((0.5, 0.75))
