"""Confusion matrices: their sums are the counts of the score."""

import itertools

from hypothesis import given, settings
from strategies import annotated_twice

from cman_tf.scoring.confusion import count_confusions, make_matrix
from cman_tf.scoring.conventions import CONVENTIONS
from cman_tf.scoring.score import TASKS, score_sentences


def test_by_hand():
    gold = [{("Loc", 0, 1), ("Org", 2, 3)}, {("Peop", 0, 1)}]
    predicted = [{("Loc", 0, 1), ("Loc", 2, 3), ("Org", 5, 6)}, set()]
    matrix = make_matrix(count_confusions(gold, predicted))
    assert matrix.labels == ["Loc", "Org", "Peop"]
    assert matrix.rows == [[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0]]


def test_equal_types_are_paired_first():
    """A span with two types: what was found is no confusion with the other type."""
    counts = count_confusions([{("Org", 0, 1), ("Agent", 0, 1)}], [{("Org", 0, 1), ("Peop", 0, 1)}])
    assert counts == {("Org", "Org"): 1, ("Agent", "Peop"): 1}


@settings(max_examples=50)
@given(annotated_twice())
def test_sums_are_those_of_the_score(pair):
    gold, predicted = pair
    scores = score_sentences(gold, predicted)
    for name, convention in CONVENTIONS.items():
        facts = [convention(*row) for row in zip(gold, predicted)]
        for number, task in enumerate(TASKS):
            counts = count_confusions([right[number] for right, _ in facts], [found[number] for _, found in facts])
            for kind, row in scores[name]["per_type"][task].items():
                assert row["tp"] == counts[kind, kind]
                assert row["tp"] + row["fn"] == sum(n for (right, _), n in counts.items() if right == kind)
                assert row["tp"] + row["fp"] == sum(n for (_, found), n in counts.items() if found == kind)
            matrix = make_matrix(counts)
            assert sum(map(sum, matrix.rows)) == sum(counts.values())
            micro = scores[name]["micro"][task]
            assert sum(matrix.rows[n][n] for n in range(len(matrix.labels))) == micro["tp"]
            assert sum(matrix.rows[-1]) <= micro["fp"]


def test_too_many_types_are_added_up():
    types = [f"t{number}" for number in range(40)]
    counts = dict.fromkeys(itertools.product(types, repeat=2), 1)
    matrix = make_matrix(counts, most=10)
    assert matrix.labels[-1] == "30 other types" and matrix.summed == 30
    assert len(matrix.rows) == 12 and sum(map(sum, matrix.rows)) == 1600
