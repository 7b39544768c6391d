"""Hits, misses and false alarms of predictions, with the kind of each error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cman_tf.data.types import Sentence
from cman_tf.pages.sentence_list import Item, Kind, SentenceList
from cman_tf.scoring.conventions import CONVENTIONS, Fact, Facts
from cman_tf.scoring.error_kinds import KINDS, explain_errors
from cman_tf.scoring.score import TASKS
from cman_tf.visualizing.items import END, Fate, make_items, scores_of, shown_types

HIT, MISS, FALSE = "hit", "miss", "false"
HITS = {task: Kind(task, "", (HIT,)) for task in TASKS}
ERRORS = {
    (task, state, name): Kind(task, name, (state,), marked=True)
    for task in TASKS
    for name in KINDS[task]
    for state, impossible in ((MISS, "spurious"), (FALSE, "missed"))
    if name != impossible
}
SCORED_KINDS = (END, *HITS.values(), *ERRORS.values())


class ScoredSentence(NamedTuple):
    """A sentence whose predictions were compared with gold.

    Attributes:
      entities: hits, misses and false alarms.
      relations: likewise.
      gold: the gold facts, by the convention.
      predicted: the predicted facts.
    """

    entities: list[Item]
    relations: list[Item]
    gold: Facts
    predicted: Facts


def score_sentence(gold: Sentence, predicted: Sentence, convention: str = "strict") -> ScoredSentence:
    """Compare the predictions of one sentence with gold, by the facts that the score counts.

    Args:
      gold: the gold sentence.
      predicted: the same sentence with predictions.
      convention: strict, boundaries or relaxed.
    """
    right, found = CONVENTIONS[convention](gold, predicted)
    fates: list[Mapping[Fact, Fate]] = []
    for number, task in enumerate(TASKS):
        errors = explain_errors(task, right[number], found[number])
        fate = {fact: Fate(HITS[task]) for fact in right[number] & found[number]}
        for state, explained in ((MISS, errors.missed), (FALSE, errors.false)):
            fate.update({fact: Fate(ERRORS[task, state, why.kind], why.counterpart) for fact, why in explained.items()})
        fates.append(fate)
    untyped = convention == "boundaries"
    types = shown_types(gold, predicted) if untyped else {}
    return ScoredSentence(*make_items(fates, types, [scores_of(predicted, untyped)]), right, found)


def list_choices(sentences: SentenceList) -> list[dict[str, Any]]:
    """Return what a reader can choose to see: states, then the kinds of errors of each task.

    Args:
      sentences: the list, with its sentences.
    """
    states = [("Errors", MISS, FALSE), ("Hits", HIT), ("Missed", MISS), ("False alarms", FALSE)]
    choices = [
        sentences.kind_choice(label, "", lambda kind, wanted=wanted: kind.states[0] in wanted)
        for label, *wanted in states
    ]
    for task in TASKS:
        for name in KINDS[task]:
            choices.append(sentences.kind_choice(name, task, lambda kind, name=name: kind.name == name))
    return choices
