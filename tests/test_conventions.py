"""Strict, boundaries and relaxed by hand on awkward cases, and against a transcription of their own."""

import json
import random

import pytest
from helpers import call_command

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.errors import DataError
from cman_tf.formats.source import Source
from cman_tf.formats.spert_json import dump_json, read_record
from cman_tf.scoring.score import label_set, score_sentences

TOKENS = tuple("abcdefgh")

ANN, ROME, FOX = Entity("Peop", 0, 2), Entity("Loc", 3, 4), Entity("Org", 5, 7)

GOLD = Sentence(TOKENS, (ANN, ROME, FOX), (Relation("Live_In", 0, 1), Relation("Work_For", 0, 2)))
FOUND = Source("found", True, Problems())


def counts_of(scores, convention):
    """(tp, fp, fn) of entities and of relations."""
    micro = scores[convention]["micro"]
    return tuple(tuple(micro[task][name] for name in ("tp", "fp", "fn")) for task in ("entities", "relations"))


def check(predicted, strict, boundaries, relaxed, gold=GOLD):
    scores = score_sentences([gold], [predicted])
    assert counts_of(scores, "strict") == strict
    assert counts_of(scores, "boundaries") == boundaries
    assert counts_of(scores, "relaxed") == relaxed
    return scores


def test_right_span_wrong_type_under_a_right_relation():
    wrong = Entity("Org", 3, 4)
    predicted = Sentence(TOKENS, (ANN, wrong, FOX), GOLD.relations)
    check(predicted, ((2, 1, 1), (1, 1, 1)), ((3, 0, 0), (2, 0, 0)), ((2, 1, 1), (1, 1, 1)))


def test_wrong_span_right_type():
    """One token of two: strict and boundaries say no, relaxed yes; the last token decides for relations."""
    predicted = Sentence(TOKENS, (ANN, ROME, Entity("Org", 5, 6)), GOLD.relations)
    check(predicted, ((2, 1, 1), (1, 1, 1)), ((2, 1, 1), (1, 1, 1)), ((3, 0, 0), (2, 0, 0)))
    # Longer than the gold span: its last token is outside all gold spans, so relaxed leaves the relation out.
    predicted = Sentence(TOKENS, (ANN, ROME, Entity("Org", 5, 8)), GOLD.relations)
    scores = check(predicted, ((2, 1, 1), (1, 1, 1)), ((2, 1, 1), (1, 1, 1)), ((3, 0, 0), (1, 0, 1)))
    assert scores["ungrounded_relations"] == {"predicted": 0, "gold": 1}


def test_reversed_relation():
    predicted = Sentence(TOKENS, GOLD.entities, (Relation("Live_In", 1, 0), Relation("Work_For", 0, 2)))
    check(predicted, ((3, 0, 0), (1, 1, 1)), ((3, 0, 0), (1, 1, 1)), ((3, 0, 0), (1, 1, 1)))


def test_majority_without_the_gold_type():
    """Of three tokens two are Loc and one Peop, gold is Org: the span becomes Loc, a false relation on it."""
    gold = Sentence(TOKENS, (ANN, Entity("Org", 3, 6)), (Relation("Work_For", 0, 1),))
    predicted = Sentence(
        TOKENS,
        (ANN, Entity("Loc", 3, 5), Entity("Peop", 5, 6)),
        (Relation("Work_For", 0, 2), Relation("Live_In", 0, 1)),
    )
    check(predicted, ((1, 2, 1), (0, 2, 1)), ((1, 2, 1), (0, 2, 1)), ((1, 1, 1), (0, 2, 1)), gold)
    # Most of the tokens of no type: no entity at all, yet the relation on it is false.
    predicted = Sentence(TOKENS, (ANN, Entity("Peop", 5, 6)), (Relation("Work_For", 0, 1),))
    check(predicted, ((1, 1, 1), (0, 1, 1)), ((1, 1, 1), (0, 1, 1)), ((1, 0, 1), (0, 1, 1)), gold)


def test_relations_that_are_not_on_two_predicted_entities():
    """Of two tokens of one entity: false. On a token in no predicted entity: left out, but in
    relaxed, where gold spans are given, it counts if that token is in one."""
    predicted = Sentence(TOKENS, (ANN, FOX), (), "", (("Kill", 0, 1), ("Live_In", 1, 3), ("Kill", 1, 4)))
    scores = check(predicted, ((2, 0, 1), (0, 1, 2)), ((2, 0, 1), (0, 1, 2)), ((2, 0, 1), (0, 2, 2)))
    assert scores["ungrounded_relations"] == {"predicted": 2, "gold": 1}


def test_what_is_said_twice_of_nested_predictions():
    """One false relation, of the inner of two entities that both its tokens are in; duplicates count once."""
    inner, said = Entity("Org", 0, 2), ("Kill", 0, 1)
    predicted = Sentence(TOKENS, (Entity("Peop", 0, 3), inner), (), "", (said, said, ("Kill", 1, 4), ("Kill", 1, 4)))
    scores = score_sentences([GOLD], [predicted])
    assert counts_of(scores, "strict")[1][1] == 1
    assert scores["ungrounded_relations"]["predicted"] == 1


def test_zero_predictions():
    scores = check(Sentence(TOKENS), ((0, 0, 3), (0, 0, 2)), ((0, 0, 3), (0, 0, 2)), ((0, 0, 3), (0, 0, 2)))
    for convention in ("strict", "boundaries", "relaxed"):
        assert scores[convention]["macro"]["entities"]["f1"] == 0.0


def test_macro_rules():
    """A type absent from the file counts as 0 under "all labels" and not at all under "seen labels"."""
    gold = Sentence(TOKENS, (ANN, ROME, Entity("Other", 7, 8)))
    predicted = Sentence(TOKENS, (ANN, ROME))
    labels = {"entities": ["Loc", "Org", "Other", "Peop"], "relations": ["Kill", "Live_In"]}
    scores = score_sentences([gold], [predicted], labels)
    assert scores["macro_rule"] == "all labels"
    assert scores["strict"]["macro"]["entities"] == {"precision": 50.0, "recall": 50.0, "f1": 50.0, "types": 4}
    assert scores["strict"]["macro_without_other"]["entities"]["f1"] == pytest.approx(200 / 3)
    assert scores["strict"]["macro"]["relations"]["types"] == 2
    assert scores["boundaries"]["macro"]["entities"]["types"] == 1
    seen = score_sentences([gold], [predicted])
    assert seen["macro_rule"] == "seen labels"
    assert seen["strict"]["macro"]["entities"]["f1"] == pytest.approx(200 / 3)
    assert seen["strict"]["macro_without_other"]["entities"]["f1"] == 100.0
    assert seen["strict"]["macro_without_other"]["entities"]["types"] == 2
    assert "macro_without_other" not in seen["boundaries"]  # it leaves the types out


COLUMNS = """#doc 0
0\tAnn\tB-Peop\t['N']\t[0]
1\tLee\tI-Peop\t{relations}\t{heads}
2\tin\tO\t['N']\t[2]
3\tRome\t{tag}\t['N']\t[3]
"""


@pytest.mark.e2e
def test_duplicates_stray_tags_and_relations_on_no_entity(tmp_path):
    (tmp_path / "gold.txt").write_text(COLUMNS.format(tag="B-Loc", relations="['Live_In']", heads="[3]"))
    # I-Loc without a begin opens an entity; the same relation twice counts once; one to "in" is kept apart.
    (tmp_path / "found.txt").write_text(
        COLUMNS.format(tag="I-Loc", relations="['Live_In', 'Live_In', 'Kill', 'Kill']", heads="[3, 3, 2, 2]")
    )
    process = call_command(
        "cman_tf.score",
        f"--gold={tmp_path}/gold.txt",
        f"--predictions={tmp_path}/found.txt",
        f"--json={tmp_path}/s.json",
    )
    assert process.returncode == 0, process.stderr
    scores = json.loads((tmp_path / "s.json").read_text())
    for convention in ("strict", "boundaries", "relaxed"):
        assert counts_of(scores, convention) == ((2, 0, 0), (1, 0, 0))
        assert scores[convention]["means"] in process.stdout
    assert scores["ungrounded_relations"] == {"predicted": 1, "gold": 1}
    assert "not scored: 1 predicted relations" in process.stdout
    # In gold data all of this is left out and counted, or refused if asked.
    arguments = (f"--gold={tmp_path}/found.txt", f"--predictions={tmp_path}/gold.txt")
    process = call_command("cman_tf.score", *arguments)
    assert process.returncode == 0
    assert "1 duplicate relation: " in process.stderr
    assert "2 relations without an entity: " in process.stderr
    process = call_command("cman_tf.score", *arguments, "--strict")
    assert process.returncode != 0
    assert "is given twice" in process.stderr


@pytest.mark.e2e
def test_json_predictions(tmp_path):
    """Duplicates count once, ungrounded relations survive writing and reading."""
    record = {
        "tokens": list(TOKENS),
        "entities": [{"type": "Peop", "start": 0, "end": 2}, {"type": "Loc", "start": 3, "end": 4}] * 2,
        "relations": [{"type": "Live_In", "head": 0, "tail": 1}, {"type": "Live_In", "head": 2, "tail": 3}],
        "ungrounded": [["Kill", 0, 7]],
    }
    (tmp_path / "found.json").write_text(json.dumps([record]))
    (tmp_path / "gold.json").write_text(dump_json([GOLD]))
    arguments = (
        f"--gold={tmp_path}/gold.json",
        f"--predictions={tmp_path}/found.json",
        f"--labels_of={tmp_path}/gold.json",
    )
    process = call_command("cman_tf.score", *arguments, f"--json={tmp_path}/s.json")
    assert process.returncode == 0, process.stderr
    scores = json.loads((tmp_path / "s.json").read_text())
    assert counts_of(scores, "strict") == ((2, 0, 1), (1, 0, 1))
    assert scores["macro_rule"] == "all labels"
    assert scores["ungrounded_relations"]["predicted"] == 1
    record["ungrounded"] = [["Kill", 0, 8]]
    (tmp_path / "found.json").write_text(json.dumps([record]))
    process = call_command("cman_tf.score", *arguments)
    assert process.returncode != 0
    assert "expected [type, head token, tail token]" in process.stderr


def test_a_predicted_relation_of_an_entity_to_itself_is_false(tmp_path):
    """In records as in columns; in gold data it is refused."""
    record = json.loads(dump_json([GOLD]))[0]
    record["relations"].append({"type": "Live_In", "head": 0, "tail": 0})
    for convention in ("strict", "boundaries", "relaxed"):
        assert counts_of(score_sentences([GOLD], [read_record(record, "found", FOUND)]), convention)[1] == (2, 1, 0)
    with pytest.raises(DataError, match="Live_In from entity 'a b' to itself, expected two entities"):
        read_record(record, "gold", Source("gold", False, Problems(strict=True)))


def transcribed(gold, predicted):
    """The three conventions again, from their descriptions alone, by loops over lists."""
    result = {}
    for convention in ("strict", "boundaries", "relaxed"):
        totals = [[0, 0, 0], [0, 0, 0]]
        for g, p in zip(gold, predicted):
            tag = ["O"] * len(p.tokens)
            for e in p.entities:
                for i in range(e.start, e.end):
                    tag[i] = e.type
            right = [(e.type, e.start, e.end) for e in g.entities]
            found = [(e.type, e.start, e.end) for e in p.entities]
            right_relations = [(r.type, right[r.head], right[r.tail]) for r in g.relations]
            found_relations = [(r.type, found[r.head], found[r.tail]) for r in p.relations]
            if convention == "relaxed":
                given = []
                for kind, start, end in right:
                    inside = tag[start:end]
                    most = max(inside, key=lambda t: (inside.count(t), -inside.index(t)))
                    given.append((kind if kind in inside else most, start, end))
                lifted = []
                for kind, a, b in found_relations:
                    one = [x for x in given if x[1] <= a[2] - 1 < x[2]]
                    two = [x for x in given if x[1] <= b[2] - 1 < x[2]]
                    if one and two:
                        lifted.append((kind, one[0], two[0]))
                found, found_relations = [x for x in given if x[0] != "O"], lifted
            if convention == "boundaries":
                right, found = [x[1:] for x in right], [x[1:] for x in found]
                right_relations, found_relations = (
                    [(k, a[1:], b[1:]) for k, a, b in rows] for rows in (right_relations, found_relations)
                )
            for total, one, two in ((totals[0], right, found), (totals[1], right_relations, found_relations)):
                one, two = set(one), set(two)
                total[0] += len(one & two)
                total[1] += len(two - one)
                total[2] += len(one - two)
        result[convention] = tuple(map(tuple, totals))
    return result


def random_sentence(generator):
    """Spans that do not overlap, with random types and relations."""
    entities, start = [], 0
    while start < len(TOKENS):
        width = generator.randint(1, 3)
        if generator.random() < 0.6 and start + width <= len(TOKENS):
            entities.append(Entity(generator.choice(["Peop", "Loc", "Other"]), start, start + width))
        start += width
    pairs = [(a, b) for a in range(len(entities)) for b in range(len(entities)) if a != b]
    chosen = [(generator.choice(["Kill", "Live_In"]), *pair) for pair in pairs if generator.random() < 0.4]
    return Sentence(TOKENS, tuple(entities), tuple(Relation(*row) for row in chosen))


def test_against_a_transcription():
    generator = random.Random(5)
    gold = [random_sentence(generator) for _ in range(300)]
    predicted = [g if generator.random() < 0.3 else random_sentence(generator) for g in gold]
    scores = score_sentences(gold, predicted, label_set(gold))
    for convention, expected in transcribed(gold, predicted).items():
        assert counts_of(scores, convention) == expected
    for rows in scores["strict"]["per_type"].values():
        assert all(row["tp"] for row in rows.values())  # the cases are not trivial
