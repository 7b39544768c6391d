"""What a page with a list of sentences holds: the sentences, what can be chosen, and how often each choice occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from cman_tf.data.types import Sentence

_SCORE_DIGITS = 4


class Kind(NamedTuple):
    """What an entity or relation of the page is.

    Attributes:
      task: entities or relations.
      name: what the reader is told about it, such as `boundary`; empty for nothing.
      states: for each drawing of a sentence, how it is drawn: hit, miss or false, empty for neither, and None where it
        is left out.
      marked: whether sentences are sorted by the number of such items, as by that of errors.
      counted: whether it can be chosen. The root of a relation is not.
    """

    task: str
    name: str
    states: tuple[str | None, ...]
    marked: bool = False
    counted: bool = True


class Item(NamedTuple):
    """An entity or a relation of the page.

    Attributes:
      type: as it is shown.
      first: an entity's first token; the position of a relation's head among the sentence's items.
      last: the token after the entity's last one; the position of the relation's tail.
      kind: what it is.
      scores: of the prediction, for each drawing; empty if none has one.
      counterpart: the position of the item of the same task that stands in its place; -1 for none.
    """

    type: str
    first: int
    last: int
    kind: Kind
    scores: tuple[float | None, ...] = ()
    counterpart: int = -1


class SentenceList:
    """Collects the sentences of a page.

    Attributes:
      counts: how many items there are of each pair of (task, type) and kind.
    """

    def __init__(self, kinds: Sequence[Kind], views: Sequence[str] = ("",), marks: str = "errors") -> None:
        """Begin a list.

        Args:
          kinds: of the items.
          views: the title of each drawing of a sentence.
          marks: what the items of the marked kinds are called.
        """
        self._kinds = {kind: code for code, kind in enumerate(kinds)}
        self._types: dict[tuple[str, str], int] = {}
        self._views, self._marks = views, marks
        self._sentences: list[list[Any]] = []
        self.counts: Counter[tuple[tuple[str, str], Kind]] = Counter()

    def add(self, number: int, sentence: Sentence, entities: Sequence[Item], relations: Sequence[Item]) -> None:
        """Add a sentence.

        Args:
          number: its place in the file.
          sentence: its tokens and names; its own entities and relations do not matter.
          entities: what is drawn below its tokens.
          relations: what is drawn above its tokens.
        """
        rows = [[self._encode(item, task) for item in items] for task, items in _by_task(entities, relations)]
        self._sentences.append([number, sentence.id, sentence.document_id, sentence.tokens, *rows])
        for task, items in _by_task(entities, relations):
            self.counts.update(((task, item.type), item.kind) for item in items if item.kind.counted)

    def _encode(self, item: Item, task: str) -> list[Any]:
        kind_of_text = self._types.setdefault((task, item.type), len(self._types))
        row: list[Any] = [kind_of_text, item.first, item.last, self._kinds[item.kind]]
        if item.scores or item.counterpart >= 0:
            row.append([None if score is None else round(score, _SCORE_DIGITS) for score in item.scores])
        if item.counterpart >= 0:
            row.append(item.counterpart)
        return row

    def data(self) -> dict[str, Any]:
        """Return what the page's script reads, in the types of JSON."""
        weights: Counter[tuple[str, str]] = Counter()
        for (kind_of_text, _), number in self.counts.items():
            weights[kind_of_text] += number
        return {
            "types": [name for _, name in self._types],
            "colours": [name for task, name in _order(weights) if task == "entities"],
            "kinds": [[kind.name, kind.states, kind.marked, kind.counted] for kind in self._kinds],
            "views": self._views,
            "marks": self._marks,
            "sentences": self._sentences,
        }

    def type_choices(self) -> list[dict[str, Any]]:
        """Return the types of each task that a reader can choose: label, codes, and count."""
        weights: Counter[tuple[str, str]] = Counter()
        for (kind_of_text, _), number in self.counts.items():
            weights[kind_of_text] += number
        return [
            {"task": key[0], "label": key[1], "codes": [self._types[key]], "count": weights[key]}
            for key in _order(weights)
        ]

    def kind_choice(self, label: str, task: str, wanted: Callable[[Kind], bool]) -> dict[str, Any]:
        """Return a choice of kinds: label, codes, and count.

        Args:
          label: what the reader sees.
          task: the group that it stands in; empty for none.
          wanted: whether a kind belongs to the choice.
        """
        kinds = [kind for kind in self._kinds if kind.counted and wanted(kind) and task in ("", kind.task)]
        count = sum(number for (_, kind), number in self.counts.items() if kind in kinds)
        return {"task": task, "label": label, "codes": [self._kinds[kind] for kind in kinds], "count": count}


def _by_task(entities: Sequence[Item], relations: Sequence[Item]) -> tuple[tuple[str, Sequence[Item]], ...]:
    return ("entities", entities), ("relations", relations)


def _order(weights: Counter[tuple[str, str]]) -> list[tuple[str, str]]:
    """Sort types by task, then the most frequent ones first."""
    return sorted(weights, key=lambda key: (key[0], -weights[key], key[1]))
