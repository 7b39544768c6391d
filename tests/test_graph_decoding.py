"""Entities and relations within a graph are those of `inference.decoding`."""

import dataclasses

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cman_tf.exporting.entities import TagTable, keep_entities
from cman_tf.exporting.relations import RelationRules
from cman_tf.inference.constraints import DecodingOptions
from cman_tf.inference.decoding import decode_sentence

TAGS = ["O", "B-Loc", "B-Peop", "B-B-x", "I-Loc", "I-Peop", "I-B-x"]
RELATIONS = ["Kill", "Live_In", "Sibling"]
SIGNATURES = {"Live_In": frozenset([("Peop", "Loc")]), "Sibling": frozenset([("Peop", "B-x")])}
# Few, so that there are equal ones and those at a threshold.
SCORES = st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.875])
OPTIONS = st.builds(
    DecodingOptions,
    relation_threshold=st.sampled_from([0.0, 0.25, 0.5, 0.8]),
    entity_threshold=st.sampled_from([0.0, 0.5, 0.6]),
    signatures=st.sampled_from([None, SIGNATURES]),
    symmetric=st.sampled_from([frozenset(), frozenset(["Sibling"]), frozenset(RELATIONS)]),
)


@st.composite
def outputs(draw):
    """What a model returns for some sentences: tags, marginals, and for pairs of tokens the scores of relations."""
    lengths = draw(st.lists(st.integers(0, 7), min_size=1, max_size=3))
    tags = [[draw(st.integers(0, len(TAGS) - 1)) for _ in range(length)] for length in lengths]
    marginals = [[draw(SCORES) for _ in range(length)] for length in lengths]
    pairs = []
    for number, length in enumerate(lengths):
        every = [(number, a, b) for a in range(length) for b in range(length)]
        pairs += sorted(draw(st.sets(st.sampled_from(every), max_size=12))) if every else []
    scores = [[draw(SCORES) for _ in RELATIONS] for _ in pairs]
    return lengths, tags, marginals, pairs, scores


def pad(rows, length, value, dtype):
    return tf.constant([[*row, *[value] * (length - len(row))] for row in rows], dtype)


@settings(max_examples=150)
@given(output=outputs(), options=OPTIONS)
def test_any_output(output, options):
    lengths, tags, marginals, pairs, scores = output
    longest = max([1, *lengths])
    table = TagTable(TAGS)
    # Padded positions hold what must not count.
    found = table.find_entities(
        pad(tags, longest, 1, tf.int32), tf.constant(lengths), pad(marginals, longest, 0.0, tf.float32)
    )
    found = keep_entities(found, options.entity_threshold)
    pairs_array, scores_array = np.array(pairs, np.int32).reshape(-1, 3), np.array(scores, np.float32).reshape(-1, 3)
    rules = RelationRules(RELATIONS, table.types, options)
    related = rules.find_relations(found, tf.constant(pairs_array), tf.constant(scores_array))
    rows = [values.numpy().tolist() for values in found[:5]]
    of_relations = [values.numpy().tolist() for values in related]
    for number, length in enumerate(lengths):
        mine = pairs_array[:, 0] == number
        expected = decode_sentence(
            ["a"] * length,
            [TAGS[tag] for tag in tags[number]],
            np.array(marginals[number], np.float32),
            pairs_array[mine, 1:],
            scores_array[mine],
            RELATIONS,
            options=options,
        )
        entities = [place for place, row in enumerate(rows[0]) if row == number]
        assert [(table.types[rows[1][e]], rows[2][e], rows[3][e]) for e in entities] == [
            dataclasses.astuple(entity) for entity in expected.sentence.entities
        ]
        assert tuple(rows[4][e] for e in entities) == expected.entity_scores
        first = entities[0] if entities else 0
        assert [
            ((RELATIONS[kind], head - first, tail - first), score)
            for row, kind, head, tail, score in zip(*of_relations)
            if row == number
        ] == [
            (dataclasses.astuple(relation), score)
            for relation, score in zip(expected.sentence.relations, expected.relation_scores)
        ]
