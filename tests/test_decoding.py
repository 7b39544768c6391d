"""Of the network's tags and scores, sentences."""

import numpy as np

from cman_tf.data.types import Entity, Relation
from cman_tf.inference.constraints import DecodingOptions
from cman_tf.inference.decoding import decode_sentence

TOKENS = tuple("abcdefgh")

A, B, C = Entity("Peop", 0, 2), Entity("Loc", 3, 4), Entity("Org", 5, 6)


def test_decode_sentence():
    tags = ["B-Peop", "I-Peop", "O", "B-Loc", "O", "I-Org", "O", "O"]
    marginals = np.array([0.9, 0.8, 1, 0.7, 1, 0.6, 1, 1])
    pairs = np.array([[1, 3], [3, 1], [1, 5]])
    scores = np.array([[0.9, 0.1], [0.5, 0.2], [0.3, 0.6]])
    prediction = decode_sentence(TOKENS, tags, marginals, pairs, scores, ["Live_In", "Work_For"])
    assert prediction.sentence.entities == (A, B, C)
    assert prediction.entity_scores == (0.8, 0.7, 0.6)
    # 0.5 is not above the threshold.
    assert prediction.sentence.relations == (Relation("Live_In", 0, 1), Relation("Work_For", 0, 2))
    assert prediction.relation_scores == (0.9, 0.6)


def test_options():
    tags = ["B-Peop", "I-Peop", "O", "B-Loc", "O", "I-Org", "O", "O"]
    marginals = np.array([0.9, 0.8, 1, 0.7, 1, 0.6, 1, 1])
    pairs = np.array([[1, 3], [3, 1], [1, 5], [1, 2]])
    scores = np.array([[0.9], [0.5], [0.3], [0.8]])

    def decode(**options):
        return decode_sentence(TOKENS, tags, marginals, pairs, scores, ["Live_In"], options=DecodingOptions(**options))

    found = decode(all_scores=True)
    assert found.relation_scores == (0.9,)
    assert found.candidates == ((Relation("Live_In", 1, 0), 0.5), (Relation("Live_In", 0, 2), 0.3))
    assert found.sentence.unattached_relations == (("Live_In", 1, 2),)
    assert decode(relation_threshold=0.4).relation_scores == (0.9, 0.5)
    high = decode(entity_threshold=0.7, relation_threshold=0.2)
    assert high.sentence.entities == (A, B) and high.entity_scores == (0.8, 0.7)
    assert high.sentence.relations == (Relation("Live_In", 0, 1), Relation("Live_In", 1, 0))
    assert decode(signatures={"Live_In": {("Loc", "Peop")}}, all_scores=True).candidates == (
        (Relation("Live_In", 1, 0), 0.5),
    )
