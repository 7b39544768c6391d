"""The lines of brat's .ann files: mentions, relations and events.

The format: https://brat.nlplab.org/standoff.html
"""

from __future__ import annotations

import dataclasses
import re

from cman_tf.errors import DataError
from cman_tf.formats.annotated_text import Link, Mention
from cman_tf.formats.offsets import normalize_blanks
from cman_tf.formats.showing import show_name, show_text
from cman_tf.formats.source import Source

# The kinds of lines that hold no entity and no relation, by their first character, and how they are counted.
_COUNTED = {
    "A": "attributes_left_out",
    "M": "attributes_left_out",
    "N": "normalisations_left_out",
    "#": "notes_left_out",
    "*": "equivalences_left_out",
}
_USUAL_NAMES = ("Arg1", "Arg2")
_NUMBER = re.compile(r"[0-9]{1,15}")

Argument = tuple[str, str]  # the role and the key of a mention or an event


@dataclasses.dataclass
class _Event:
    key: str
    type: str
    trigger: str
    arguments: list[Argument]
    where: str

    @property
    def name(self) -> str:
        return f"{show_name(self.key)}: {show_name(self.type)}"


class Annotations:
    """The mentions and relations of one .ann file.

    Args:
      source: the .ann file. `source.options.events` says what becomes of events.
      text: the content of the .txt file.

    Raises:
      DataError: naming the line that is not brat's.

    Attributes:
      mentions: the mentions in the order of the file.
      links: the relations; with `events` "binary", those between triggers and arguments follow.
    """

    def __init__(self, source: Source, text: str) -> None:
        self.mentions: list[Mention] = []
        self.links: list[Link] = []
        self._text, self._problems = text, source.problems
        self._events: dict[str, _Event] = {}
        readers = {"T": self._read_mention, "R": self._read_relation, "E": self._read_event}
        for number, line in source.lines():
            if not line.strip():
                continue
            where = f"{source.path}, line {number}"
            key, _, rest = line.partition("\t")
            reader = readers.get(line[0])
            if line[0] in _COUNTED:
                self._problems.note(_COUNTED[line[0]])
            elif reader is None:
                shown = f"{show_text(line)} is left out, expected a line that begins with T, R, E, A, M, N, # or *"
                self._problems.mend("line of an unknown kind", where, shown)
            elif not rest:
                raise DataError(f"{where}: {show_text(line)}, expected {show_name(key)}, a tab, and what it annotates")
            else:
                reader(key, rest, where)
        self._finish_events(source.options.events)

    def _read_mention(self, key: str, rest: str, where: str) -> None:
        """Read `Type start end;start end`, a tab and the text."""
        head, _, shown = rest.partition("\t")
        kind, _, places = head.strip().partition(" ")
        spans: list[tuple[int, int]] = []
        for part in places.split(";"):
            numbers = part.split()
            if len(numbers) != 2 or not all(_NUMBER.fullmatch(number) for number in numbers):
                raise DataError(f"{where}: {show_name(key)} stands at {show_text(places)}, expected start and end")
            spans.append((int(numbers[0]), int(numbers[1])))
        start, end = spans[0][0], spans[-1][1]
        if len(spans) > 1:
            if not self._is_whole(spans, shown):
                text = f"{show_name(key)}: {show_name(kind)} {show_text(shown)} has {len(spans)} fragments"
                self._problems.mend("discontinuous mention", where, f"{text}, expected one; it is left out")
                return
            self._problems.note("mentions_whose_fragments_are_joined")
        self.mentions.append(Mention(key, kind, start, end, shown, where))

    def _is_whole(self, spans: list[tuple[int, int]], shown: str) -> bool:
        """Return whether only blanks stand between the fragments: brat cuts a mention at line ends."""
        gaps = [self._text[one:other] for (_, one), (other, _) in zip(spans, spans[1:])]
        whole = self._text[spans[0][0] : spans[-1][1]]
        return all(gap.isspace() for gap in gaps) and normalize_blanks(whole) == normalize_blanks(shown)

    def _read_relation(self, key: str, rest: str, where: str) -> None:
        """Read `Type Arg1:T1 Arg2:T2`. The first argument is the head, whatever the names are."""
        kind, *parts = rest.split()
        arguments = [_split_argument(part) for part in parts]
        if len(arguments) != 2 or not all(target for _, target in arguments):
            shown = f"{show_name(key)}: {show_text(rest)} is left out, expected two arguments such as Arg1:T1 Arg2:T2"
            problem = "relation with more than two arguments" if len(arguments) > 2 else "relation without an argument"
            self._problems.mend(problem, where, shown)
            return
        names = tuple(name for name, _ in arguments)
        if names == _USUAL_NAMES[::-1]:
            arguments.reverse()
        elif names != _USUAL_NAMES:
            self._problems.note("relations_with_other_argument_names_whose_first_is_the_head")
        self.links.append(Link(kind, arguments[0][1], arguments[1][1], where, key))

    def _read_event(self, key: str, rest: str, where: str) -> None:
        """Read `Type:T1 Role:T2 Role:E2`."""
        first, *others = rest.split()
        kind, trigger = _split_argument(first)
        if not kind or not trigger:
            shown = f"{show_name(key)}: {show_text(rest)} is left out, expected a trigger such as Attack:T1"
            self._problems.mend("event without a trigger", where, shown)
            return
        self._events[key] = _Event(key, kind, trigger, [_split_argument(part) for part in others], where)

    def _finish_events(self, choice: str) -> None:
        """Leave out the events and their triggers, or make relations of their arguments."""
        if choice == "binary":
            for event in self._events.values():
                self.links += self._read_arguments(event)
            return
        triggers = {event.trigger for event in self._events.values()}
        self.mentions = [mention for mention in self.mentions if mention.key not in triggers]
        for event in self._events.values():
            shown = f"{event.name} and its trigger {show_name(event.trigger)} are left out; see --events=binary"
            self._problems.mend("event", event.where, shown)

    def _read_arguments(self, event: _Event) -> list[Link]:
        """Return the relations between an event's trigger and its arguments; an event stands for its trigger."""
        roles = {role for role, _ in event.arguments}
        found: list[Link] = []
        for role, target in event.arguments:
            if not role or not target:
                shown = f"{event.name}: {show_name(f'{role}:{target}')} is left out, expected a role and a mention"
                self._problems.mend("event with an incomplete argument", event.where, shown)
                continue
            plain = role.rstrip("0123456789")  # Theme2 is a second Theme
            inner = self._events.get(target)
            name = plain if plain in roles else role
            found.append(Link(name, event.trigger, inner.trigger if inner else target, event.where, event.key))
        return found


def _split_argument(part: str) -> Argument:
    """Split `Arg1:T1`; without a colon the whole is the key."""
    role, colon, target = part.partition(":")
    return (role, target) if colon else ("", part)
