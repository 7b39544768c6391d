"""From rules to tables: the usual construction of a deterministic automaton, over classes of code points."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from cman_tf.data.tokenizers.code_points import CLASSES, END, find_classes
from cman_tf.data.tokenizers.patterns import Automaton, parse_classes
from cman_tf.data.tokenizers.tables import Tables


@dataclasses.dataclass(frozen=True)
class Rule:
    """One rule of a tokenizer.

    Attributes:
      pattern: what it matches, in the language of `patterns`.
      after: the classes of the character before the match, such as `letter digit` or `^letter`. Empty: any.
      is_skipped: whether the match is no token.
    """

    pattern: str
    after: str = ""
    is_skipped: bool = False


def compile_rules(rules: Sequence[Rule]) -> Tables:
    """Translate rules into tables.

    Args:
      rules: the rules. The longest match wins; of equal ones, the earlier rule.

    Returns:
      The tables.
    """
    automaton = Automaton()
    starts = [automaton.add_rule(rule.pattern, number) for number, rule in enumerate(rules)]
    befores = [parse_classes(rule.after) if rule.after else frozenset(range(len(CLASSES))) for rule in rules]
    ignored = find_classes("ignored")
    sets = {classes for steps in automaton.steps for classes, _ in steps} | {*befores, ignored, frozenset((END,))}
    columns, members = _merge_classes(sets)

    closures = _Closures(automaton)
    numbers: dict[frozenset[int], int] = {frozenset(): 0}
    rows: list[list[int]] = []
    first_states = [
        numbers.setdefault(closures.close(s for s, before in zip(starts, befores) if member in before), len(numbers))
        for member in members
    ]
    by_column = {classes: [c for c, member in enumerate(members) if member in classes] for classes in sets}
    queue = list(numbers)
    for states in queue:  # grows while it is read
        targets: list[set[int]] = [set() for _ in members]
        for state in states:
            for classes, target in automaton.steps[state]:
                for column in by_column[classes]:
                    targets[column].add(target)
        row: list[int] = []
        for target in targets:
            closed = closures.close(target)
            if closed not in numbers:
                numbers[closed] = len(numbers)
                queue.append(closed)
            row.append(numbers[closed])
        rows.append(row)
    ends = [min((automaton.ends[s] for s in states if s in automaton.ends), default=None) for states in queue]
    return Tables(
        columns=np.array(columns, np.int32),
        starts=np.array(first_states, np.int32),
        steps=np.array(rows, np.int32),
        lookaheads=np.array([-1 if end is None else end[1] for end in ends], np.int32),
        is_skipped=np.array([end is not None and rules[end[0]].is_skipped for end in ends], np.bool_),
        is_ignored=np.array([member in ignored for member in members], np.bool_),
    )


def _merge_classes(sets: Iterable[frozenset[int]]) -> tuple[list[int], list[int]]:
    """Give classes that no set tells apart one column.

    Returns:
      For each class its column, and for each column one of its classes.
    """
    ordered = sorted(sets, key=sorted)
    found: dict[tuple[bool, ...], int] = {}
    columns: list[int] = []
    members: list[int] = []
    for number in range(len(CLASSES)):
        signature = tuple(number in classes for classes in ordered)
        if signature not in found:
            found[signature] = len(found)
            members.append(number)
        columns.append(found[signature])
    return columns, members


class _Closures:
    """The states that are reached from others without a character, computed once for each state."""

    def __init__(self, automaton: Automaton) -> None:
        self._automaton = automaton
        self._known: dict[int, frozenset[int]] = {}
        self._joined: dict[frozenset[int], frozenset[int]] = {}

    def close(self, states: Iterable[int]) -> frozenset[int]:
        """Return the states that are reached, without those that neither lead on nor end a rule."""
        key = frozenset(states)
        if key not in self._joined:
            self._joined[key] = frozenset().union(*(self._close_one(state) for state in key))
        return self._joined[key]

    def _close_one(self, state: int) -> frozenset[int]:
        if state not in self._known:
            reached, queue = {state}, [state]
            for source in queue:  # grows while it is read
                fresh = [target for target in self._automaton.jumps[source] if target not in reached]
                reached.update(fresh)
                queue.extend(fresh)
            kept = (s for s in reached if self._automaton.steps[s] or s in self._automaton.ends)
            self._known[state] = frozenset(kept)
        return self._known[state]
