"""The page of `cman-tf visualize`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

from cman_tf.data.types import Sentence
from cman_tf.pages.rendering import render_page
from cman_tf.pages.sentence_list import SentenceList
from cman_tf.scoring.confusion import count_confusions, make_matrix
from cman_tf.scoring.conventions import CONVENTIONS, Facts
from cman_tf.scoring.error_kinds import KINDS
from cman_tf.scoring.score import TASKS, score_sentences
from cman_tf.visualizing.items import ALONE, END, describe_alone
from cman_tf.visualizing.scored import FALSE, HIT, MISS, SCORED_KINDS, list_choices, score_sentence


class Page(NamedTuple):
    """A page, and what it shows.

    Attributes:
      html: the page.
      sentences: the number of sentences.
      counts: how many items there are, by task and state (hit, miss, false; empty if nothing is compared).
      is_scored: whether predictions are compared with gold.
    """

    html: str
    sentences: int
    counts: Mapping[tuple[str, str | None], int]
    is_scored: bool

    def describe(self) -> str:
        """Return one line about what the page shows."""
        parts = [f"{self.sentences} sentence{'' if self.sentences == 1 else 's'}"]
        for task in TASKS:
            if self.is_scored:
                words = [f"{self.counts.get((task, state), 0)} {word}" for state, word in _WORDS.items()]
                parts.append(f"{task}: {', '.join(words)}")
            else:
                number = self.counts.get((task, ""), 0)
                parts.append(f"{number} {task if number != 1 else _SINGULAR[task]}")
        return "; ".join(parts)


_SINGULAR = {"entities": "entity", "relations": "relation"}
_WORDS = {HIT: "found", MISS: "missed", FALSE: "false"}


def make_page(
    gold: Sequence[Sentence] | None, predicted: Sequence[Sentence] | None, title: str, convention: str = "strict"
) -> Page:
    """Make the page of gold sentences, predictions, or both.

    Args:
      gold: the gold sentences; None shows the predictions alone.
      predicted: the same sentences with predictions; None shows the gold sentences alone.
      title: of the page, such as a file's name.
      convention: strict, boundaries or relaxed: by which hits are found.

    Raises:
      DataError: if the predictions are not for these sentences in this order.
    """
    if gold is None or predicted is None:
        return _show_alone(gold or predicted or [], title)
    return _show_scored(gold, predicted, title, convention)


def _show_alone(sentences: Sequence[Sentence], title: str) -> Page:
    shown = SentenceList((END, *ALONE.values()), marks="entities and relations")
    for number, sentence in enumerate(sentences):
        shown.add(number, sentence, *describe_alone(sentence))
    return _render(title=title, shown=shown, kinds=[], scored=None)


def _show_scored(gold: Sequence[Sentence], predicted: Sequence[Sentence], title: str, convention: str) -> Page:
    scores = score_sentences(gold, predicted)
    shown = SentenceList(SCORED_KINDS)
    facts: list[tuple[Facts, Facts]] = []
    for number, (right, found) in enumerate(zip(gold, predicted)):
        scored = score_sentence(right, found, convention)
        shown.add(number, right, scored.entities, scored.relations)
        facts.append((scored.gold, scored.predicted))
    matrices = {
        task: make_matrix(count_confusions([right[n] for right, _ in facts], [found[n] for _, found in facts]))
        for n, task in enumerate(TASKS)
    }
    values = {
        "convention": convention,
        "conventions": list(CONVENTIONS),
        "scores": scores,
        "meanings": KINDS,
        "errors": _count_errors(shown),
        "matrices": matrices,
    }
    return _render(title=title, shown=shown, kinds=list_choices(shown), scored=values)


def _count_errors(shown: SentenceList) -> dict[str, dict[str, dict[str, int]]]:
    """Count the items of each task by kind of error, and those of each kind by state."""
    counts: Counter[tuple[str, str, str | None]] = Counter()
    for (_, kind), number in shown.counts.items():
        counts[kind.task, kind.name, kind.states[0]] += number
    return {
        task: {name: {state: counts[task, name, state] for state in (HIT, MISS, FALSE)} for name in KINDS[task]}
        for task in TASKS
    }


def _render(shown: SentenceList, **values: Any) -> Page:
    """Render the page with the list's data and choices."""
    data, counts = shown.data(), Counter[tuple[str, Optional[str]]]()
    for (_, kind), number in shown.counts.items():
        counts[kind.task, kind.states[0]] += number
    values = {**values, "data": data, "types": shown.type_choices(), "tasks": TASKS, "initial": ""}
    html = render_page("visualize.html.jinja", "cman_tf.visualizing", **values)
    return Page(html, len(data["sentences"]), counts, values["scored"] is not None)
