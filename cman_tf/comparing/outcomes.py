"""What became of each gold item and each false alarm in the predictions of two systems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cman_tf.data.types import Sentence
from cman_tf.pages.sentence_list import Item, Kind
from cman_tf.scoring.conventions import CONVENTIONS, Fact
from cman_tf.scoring.score import TASKS
from cman_tf.visualizing.items import Fate, make_items, scores_of, shown_types

# Each outcome: what the page calls it, and how each system's drawing shows it.
OUTCOMES: dict[str, tuple[str, tuple[str | None, str | None]]] = {
    "both": ("", ("hit", "hit")),
    "only_a": ("only A finds it", ("hit", "miss")),
    "only_b": ("only B finds it", ("miss", "hit")),
    "neither": ("both miss it", ("miss", "miss")),
    "false_both": ("false alarm of both", ("false", "false")),
    "false_a": ("false alarm of A alone", ("false", None)),
    "false_b": ("false alarm of B alone", (None, "false")),
}
DIFFERENCES = ("only_a", "only_b", "false_a", "false_b")
END = Kind("entities", "", ("", ""), counted=False)
KINDS = {
    (task, outcome): Kind(task, name, states, marked=outcome in DIFFERENCES)
    for task in TASKS
    for outcome, (name, states) in OUTCOMES.items()
}
_NAMES = {(True, True): "both", (True, False): "only_a", (False, True): "only_b", (False, False): "neither"}
_FALSE_NAMES = {(True, True): "false_both", (True, False): "false_a", (False, True): "false_b"}


class ComparedSentence(NamedTuple):
    """One sentence with the predictions of two systems.

    Attributes:
      outcomes: for each task, each gold fact and each false alarm with its outcome, a key of `OUTCOMES`.
      entities: what the page shows of them.
      relations: likewise.
    """

    outcomes: tuple[dict[Fact, str], dict[Fact, str]]
    entities: list[Item]
    relations: list[Item]

    @property
    def differs(self) -> bool:
        """Whether the systems do not get the same items right and wrong."""
        return any(outcome in DIFFERENCES for facts in self.outcomes for outcome in facts.values())


def compare_sentence(gold: Sentence, a: Sentence, b: Sentence, convention: str = "strict") -> ComparedSentence:
    """Compare what two systems predicted for one sentence.

    Args:
      gold: the gold sentence.
      a: the same sentence with one system's predictions.
      b: the same sentence with the other's.
      convention: strict, boundaries or relaxed.
    """
    (right, found_a), (_, found_b) = CONVENTIONS[convention](gold, a), CONVENTIONS[convention](gold, b)
    outcomes = tuple(_compare_facts(right[n], found_a[n], found_b[n]) for n in range(len(TASKS)))
    fates: list[Mapping[Fact, Fate]] = [
        {fact: Fate(KINDS[task, outcome]) for fact, outcome in facts.items()} for task, facts in zip(TASKS, outcomes)
    ]
    untyped = convention == "boundaries"
    types = shown_types(gold, a, b) if untyped else {}
    items = make_items(fates, types, [scores_of(a, untyped), scores_of(b, untyped)], END)
    return ComparedSentence((outcomes[0], outcomes[1]), *items)


def _compare_facts(gold: set[Fact], a: set[Fact], b: set[Fact]) -> dict[Fact, str]:
    outcomes = {fact: _NAMES[fact in a, fact in b] for fact in gold}
    outcomes.update((fact, _FALSE_NAMES[fact in a, fact in b]) for fact in (a | b) - gold)
    return outcomes
