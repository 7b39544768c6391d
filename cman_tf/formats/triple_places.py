"""Where the arguments of triples stand in their text."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from cman_tf.data.tokenizers import find_tokenizer
from cman_tf.formats.annotated_text import AnnotatedText, Link, Mention
from cman_tf.formats.offsets import normalize_blanks
from cman_tf.formats.showing import show_name, show_text
from cman_tf.formats.source import Source

_NO_TYPE = "Entity"  # the type of an argument that has none
_LONGEST = 300  # characters of an argument that is looked for; so the time grows with the text only


@dataclasses.dataclass(frozen=True)
class Argument:
    """One end of a triple.

    Attributes:
      words: its words.
      type: its type; empty if none is given.
      start: its first character; negative if its place is not given.
      end: the character after its last one.
    """

    words: str
    type: str = ""
    start: int = -1
    end: int = -1


@dataclasses.dataclass(frozen=True)
class Triple:
    """A relation between two arguments that are named by their words."""

    relation: str
    head: Argument
    tail: Argument
    where: str = ""
    score: float | None = None


class TripleReader:
    """Finds the places of arguments.

    Args:
      source: the file, with its tokenizer and the collector of problems.
    """

    def __init__(self, source: Source) -> None:
        self._problems = source.problems
        self._more = int(source.options.ends == "inclusive")
        self._tokenizer = find_tokenizer(source.options.tokenizer)

    def annotate(self, name: str, text: str, triples: Sequence[Triple], where: str) -> AnnotatedText:
        """Return a text with mentions for the arguments, and links for the triples whose arguments are found.

        Args:
          name: the text's id.
          text: the text.
          triples: its triples. Those with an argument at no place or at several are reported and left out.
          where: the text's place, for messages.
        """
        ends = [end for triple in triples for end in (triple.head, triple.tail)]
        wanted = {normalize_blanks(end.words) for end in ends if end.start < 0}
        places = find_single_places(text, [place[1:] for place in self._tokenizer.tokenize(text)], wanted)
        mentions: dict[str, Mention] = {}
        links: list[Link] = []
        for triple in triples:
            pair = [self._make_mention(end, places, triple.where) for end in (triple.head, triple.tail)]
            missing = [end for end, mention in zip((triple.head, triple.tail), pair) if mention is None]
            if missing:
                self._report(missing[0], places, triple)
                continue
            keys: list[str] = []
            for mention in pair:
                assert mention is not None
                mentions.setdefault(mention.key, mention)
                keys.append(mention.key)
            links.append(Link(triple.relation, keys[0], keys[1], triple.where, score=triple.score))
        return AnnotatedText(name, text, list(mentions.values()), links, where)

    def _make_mention(self, end: Argument, places: dict[str, list[int]], where: str) -> Mention | None:
        """Return an argument's mention. Arguments of one type at one place have the same key."""
        kind = end.type or _NO_TYPE
        start, last = end.start, end.end
        if start < 0:
            found = places.get(normalize_blanks(end.words), [])
            if len(found) != 2:
                return None
            start, last = found[0], found[1] - self._more
        return Mention(f"{start}-{last} {kind}", kind, start, last, end.words, where)

    def _report(self, end: Argument, places: dict[str, list[int]], triple: Triple) -> None:
        shown = f"{show_name(triple.relation)}: {show_text(end.words)}"
        if normalize_blanks(end.words) in places:
            kind, found = "triple with an ambiguous argument", f"{shown} stands at several places, expected one"
        else:
            kind, found = "triple with a missing argument", f"{shown} is not in the text as whole tokens"
        self._problems.mend(kind, triple.where, f"{found}; the triple is left out")


def find_single_places(text: str, tokens: Sequence[tuple[int, int]], wanted: Iterable[str]) -> dict[str, list[int]]:
    """Find phrases that stand in a text as whole tokens.

    Args:
      text: the text.
      tokens: the character offsets of its tokens.
      wanted: the phrases, with single blanks between words.

    Returns:
      For each phrase that is in the text its first character and the one after its last, or an empty list if it stands
      at several places.

    >>> find_single_places("Ann met Bo and Bo", [(0, 3), (4, 7), (8, 10), (11, 14), (15, 17)], ["Ann", "Bo"])
    {'Bo': [], 'Ann': [0, 3]}
    """
    plain, original = _collapse_blanks(text)
    position = {place: number for number, place in enumerate(original)}
    starts = [position[start] for start, _ in tokens if start in position]
    ends = {position[end - 1] + 1 for _, end in tokens if end - 1 in position}
    by_length: dict[int, set[str]] = {}
    for phrase in wanted:
        if 0 < len(phrase) <= _LONGEST:
            by_length.setdefault(len(phrase), set()).add(phrase)
    found: dict[str, list[int]] = {}
    for length, phrases in sorted(by_length.items()):
        for start in starts:
            if start + length not in ends:
                continue
            phrase = plain[start : start + length]
            if phrase in phrases:
                place = [original[start], original[start + length - 1] + 1]
                found[phrase] = [] if phrase in found else place
    return found


def _collapse_blanks(text: str) -> tuple[str, list[int]]:
    """Return a text with each run of blanks as one blank, and for each of its characters the place in the original."""
    characters: list[str] = []
    places: list[int] = []
    for place, c in enumerate(text):
        if not c.isspace():
            characters.append(c)
        elif characters and characters[-1] != " ":
            characters.append(" ")
        else:
            continue
        places.append(place)
    return "".join(characters), places
