"""Scores by sentence length and by the distance of a relation's entities."""

from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.scoring.breakdowns import by_distance, by_length, distance
from cman_tf.scoring.score import score_sentences


def test_by_length_and_distance():
    tokens = ("Ann", "Lee", "is", "at", "home", "in", "Rome")
    ann, rome, home = Entity("Peop", 0, 2), Entity("Loc", 6, 7), Entity("Loc", 4, 5)
    assert distance(tokens, rome, ann) == distance(tokens, ann, rome) == len(" is at home in Rome")
    gold = Sentence(tokens, (ann, home, rome), (Relation("Live_In", 0, 2),))
    predicted = Sentence(tokens, (ann, home, Entity("Org", 6, 7)), (Relation("Live_In", 0, 1), Relation("Kill", 1, 2)))
    table = by_distance([gold], [predicted])
    f = {group: [(r["tp"], r["fp"], r["fn"]) for r in row.values()] for group, row in table.items()}
    # Ann to home 11 characters, home to Org 8, Ann to Rome 19. Ann is right in gold's group;
    # home, right too, has no gold relation; Org is false in Kill's group.
    assert f == {
        "0-10": [(0, 1, 0), (0, 1, 0)],
        "11-20": [(1, 0, 1), (0, 1, 1)],
        "more than 20": [(0, 0, 0), (0, 0, 0)],
    }
    # Predicted of two tokens of Ann, a relation is false here, too, as in the scores; of no entity it is left out.
    alone = Sentence(tokens, (ann,), (), "", (("Kill", 0, 1), ("Kill", 0, 3)))
    false = {group: row["relations"]["fp"] for group, row in by_distance([gold], [alone]).items()}
    assert false == {"0-10": 1, "11-20": 0, "more than 20": 0}
    assert score_sentences([gold], [alone])["strict"]["micro"]["relations"]["fp"] == 1
    lengths = by_length([gold, Sentence(("x",) * 50)], [predicted, Sentence(("x",) * 50)])
    assert [row["sentences"] for row in lengths.values()] == [1, 0, 0, 1]
    assert lengths["0-19"]["entities"]["tp"] == 2
