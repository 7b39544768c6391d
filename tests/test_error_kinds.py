"""Kinds of errors: one for each, by their definitions, and as many as the score counts."""

import random
import time

import pytest
from hypothesis import given, settings
from strategies import annotated_twice

from cman_tf.scoring.conventions import CONVENTIONS
from cman_tf.scoring.error_kinds import KINDS, explain_errors
from cman_tf.scoring.score import TASKS

ANN, ROME, OSLO = ("Peop", 0, 2), ("Loc", 4, 5), ("Loc", 7, 8)


def kinds(task, gold, predicted):
    """The kinds of the false alarms, and of what was missed."""
    found = explain_errors(task, set(gold), set(predicted))
    return [why.kind for why in found.false.values()], [why.kind for why in found.missed.values()]


ENTITIES = {
    "the type is wrong": ([ROME], [("Org", 4, 5)], ["type"], ["type"]),
    "the span is too long": ([ROME], [("Loc", 4, 6)], ["boundary"], ["boundary"]),
    "span and type are wrong": ([ROME], [("Org", 3, 5)], ["boundary"], ["boundary"]),
    "the spans only touch": ([ROME], [("Loc", 5, 6)], ["spurious"], ["missed"]),
    "nothing there": ([], [ROME], ["spurious"], []),
    "not found": ([ROME], [], [], ["missed"]),
    "inside one that was found": ([ANN], [ANN, ("Peop", 0, 1)], ["spurious"], []),
    "a second type where one is right": ([ANN], [ANN, ("Org", 0, 2)], ["spurious"], []),
    "two for one": ([ANN], [("Peop", 0, 1), ("Peop", 1, 2)], ["boundary", "boundary"], ["boundary"]),
}


@pytest.mark.parametrize("case", ENTITIES)
def test_entities(case):
    gold, predicted, false, missed = ENTITIES[case]
    assert kinds("entities", gold, predicted) == (false, missed)


LIVES = ("Live_In", ANN, ROME)
RELATIONS = {
    "direction": ([LIVES], [("Live_In", ROME, ANN)], "direction", "direction"),
    "type": ([LIVES], [("Work_For", ANN, ROME)], "type", "type"),
    "type and direction": ([LIVES], [("Work_For", ROME, ANN)], "type", "type"),
    "another tail": ([LIVES], [("Live_In", ANN, OSLO)], "argument", "argument"),
    "another head": ([LIVES], [("Live_In", OSLO, ROME)], "argument", "argument"),
    "a head that is too short": ([LIVES], [("Live_In", ("Peop", 0, 1), ROME)], "argument", "argument"),
    "a head of another type": ([LIVES], [("Live_In", ("Org", 0, 2), ROME)], "argument", "argument"),
    "other arguments": ([LIVES], [("Live_In", OSLO, ("Loc", 9, 10))], "spurious", "missed"),
    "another type and tail": ([LIVES], [("Work_For", ANN, OSLO)], "spurious", "missed"),
    "a relation to itself": ([LIVES], [("Live_In", ANN, ANN)], "argument", "argument"),
}


@pytest.mark.parametrize("case", RELATIONS)
def test_relations(case):
    gold, predicted, false, missed = RELATIONS[case]
    assert kinds("relations", gold, predicted) == ([false], [missed])


def test_the_first_kind_that_fits():
    """One false alarm may stand for several missed relations; the closest one names it."""
    gold = [LIVES, ("Work_For", ROME, ANN)]
    found = explain_errors("relations", set(gold), {("Work_For", ANN, ROME)})
    assert [tuple(why) for why in found.false.values()] == [("direction", gold[1])]


def test_counterparts_name_the_other_side():
    found = explain_errors("entities", {ROME}, {("Org", 4, 5)})
    assert found.false["Org", 4, 5].counterpart == ROME
    assert found.missed[ROME].counterpart == ("Org", 4, 5)


@settings(max_examples=50)
@given(annotated_twice())
def test_every_error_has_one_kind(pair):
    """The errors are those that the score counts, by every convention; their kinds are those of the task."""
    for convention in CONVENTIONS.values():
        for gold, predicted in zip(*pair):
            for number, task in enumerate(TASKS):
                right, found = (facts[number] for facts in convention(gold, predicted))
                errors = explain_errors(task, right, found)
                assert (set(errors.false), set(errors.missed)) == (found - right, right - found)
                assert {why.kind for why in errors.false.values()} <= {*KINDS[task]} - {"missed"}
                assert {why.kind for why in errors.missed.values()} <= {*KINDS[task]} - {"spurious"}
                for alone, explained in (("spurious", errors.false), ("missed", errors.missed)):
                    assert all((why.counterpart is None) == (why.kind == alone) for why in explained.values())
                swapped = explain_errors(task, found, right)
                names = {"spurious": "missed"}
                kinds_of = {fact: names.get(why.kind, why.kind) for fact, why in errors.false.items()}
                assert kinds_of == {fact: why.kind for fact, why in swapped.missed.items()}


def test_many_errors_take_little_time():
    """Twenty times as many take far less than 400 times as long."""

    def measure(number):
        draw = random.Random(number)
        starts = [draw.randrange(number) for _ in range(2 * number)]
        facts = [("Loc", start, start + 1 + draw.randrange(50)) for start in starts]
        begin = time.perf_counter()
        explain_errors("entities", set(facts[:number]), set(facts[number:]))
        return time.perf_counter() - begin

    measure(500)
    assert measure(10_000) < 100 * max(measure(500), 0.002)
