"""spaCy's documents, without spaCy: words, each with or without a blank after it, entities, sentences and relations.

Relations are kept in `doc._.rel`, as in spaCy's tutorial on relation extraction: {(first token of the head, first token
of the tail): {type: score}}. A score of 0.5 and more is a relation.
"""

from __future__ import annotations

import dataclasses
import numbers
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence, is_token, validate_sentence
from cman_tf.errors import DataError
from cman_tf.formats.annotated_text import Link, Mention, group_consecutive, join_tokens
from cman_tf.formats.json_records import shorten, show
from cman_tf.formats.relation_columns import choose_entities
from cman_tf.runs.json_values import as_list, as_object

_THRESHOLD = 0.5
_PAIR = re.compile(r"\D*([0-9]{1,12})\D+([0-9]{1,12})\D*")


class Rel(NamedTuple):
    """A relation between two entities of a document, named by their first words."""

    type: str
    head: int
    tail: int


@dataclasses.dataclass
class SpacyDocument:
    """A document.

    Attributes:
      id: its name; empty if it has none.
      words: its words; blanks that are no single blank after a word are words, too.
      spaces: for each word whether a blank follows.
      entities: the type, the first word, and the word after the last one of each entity.
      starts: the first word of each sentence.
      relations: the relations.
    """

    id: str = ""
    words: list[str] = dataclasses.field(default_factory=list[str])
    spaces: list[bool] = dataclasses.field(default_factory=list[bool])
    entities: list[tuple[str, int, int]] = dataclasses.field(default_factory=list[tuple[str, int, int]])
    starts: list[int] = dataclasses.field(default_factory=list[int])
    relations: list[Rel] = dataclasses.field(default_factory=list[Rel])
    _joined: bool = False  # whether the last sentence's text is its tokens with blanks between them

    @property
    def text(self) -> str:
        """The text."""
        return "".join(word + " " * space for word, space in zip(self.words, self.spaces))

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """Each word's first character in the text and the one after its last."""
        found: list[tuple[int, int]] = []
        place = 0
        for word, space in zip(self.words, self.spaces):
            found.append((place, place + len(word)))
            place += len(word) + space
        return found

    @property
    def text_ends_with_word(self) -> bool:
        """Whether there is a last word, and no blank after it."""
        return bool(self.words) and not self.spaces[-1] and not self.words[-1].isspace()

    def add_blanks(self, text: str) -> None:
        """Add the blanks that follow the last word."""
        if text[:1] == " " and self.words and not self.spaces[-1]:
            self.spaces[-1], text = True, text[1:]
        if text:
            self.words.append(text)
            self.spaces.append(False)

    def add_sentence(self, sentence: Sentence, where: str, problems: Problems) -> None:
        """Add a sentence; what spaCy cannot hold is reported and left out."""
        text, offsets, joined = sentence.text, sentence.offsets, False
        if not offsets or _has_text_outside(text, offsets):
            if offsets:
                problems.mend("text outside of tokens", where, "the tokens are written with blanks between them")
            text, offsets = join_tokens(sentence.tokens)
            joined = True
        if (joined or self._joined) and self.text_ends_with_word and not text[0].isspace():
            self.add_blanks(" ")
        self._joined = joined
        words: list[int] = []
        end = 0
        for token, (start, after) in zip(sentence.tokens, offsets):
            self.add_blanks(text[end:start])
            words.append(len(self.words))
            self.words.append(token)
            self.spaces.append(False)
            end = after
        self.add_blanks(text[end:])
        self.starts.append(words[0] if self.starts else 0)
        flat = choose_entities(sentence.entities, where, problems)
        self.entities += [(e.type, words[e.start], words[e.end - 1] + 1) for e in flat]
        self._add_relations(sentence, words, {(e.type, e.start, e.end) for e in flat}, where, problems)

    def _add_relations(
        self,
        sentence: Sentence,
        words: Sequence[int],
        written: set[tuple[str, int, int]],
        where: str,
        problems: Problems,
    ) -> None:
        known: set[Rel] = set()
        for relation in sentence.relations:
            ends = [sentence.entities[end] for end in (relation.head, relation.tail)]
            rel = Rel(relation.type, words[ends[0].start], words[ends[1].start])
            if not all((e.type, e.start, e.end) in written for e in ends):
                shown = f"{shorten(relation.type)} cannot be written"
                problems.mend("relation on an omitted entity", where, shown)
            elif rel in known:
                shown = f"{shorten(relation.type)} is given twice, expected it once"
                problems.mend("duplicate relation", where, shown)
            else:
                known.add(rel)
                self.relations.append(rel)
        for kind, _, _ in sentence.unattached_relations:
            shown = f"{shorten(kind)} cannot be written, expected two entities"
            problems.mend("relation without an entity", where, shown)


def _has_text_outside(text: str, offsets: Sequence[tuple[int, int]]) -> bool:
    """Whether there is text between the tokens, or tokens that are not in the order of the text."""
    end = 0
    for start, after in [*offsets, (len(text), len(text))]:
        if start < end or text[end:start].strip():
            return True
        end = after
    return False


def make_documents(sentences: Iterable[Sentence], problems: Problems) -> Iterator[SpacyDocument]:
    """Yield a document for each group of neighbouring sentences with the same document id.

    Args:
      sentences: the sentences.
      problems: the collector to which omissions are reported.

    Raises:
      DataError: for a sentence that no reader could have made.
    """
    number = 0
    for group in group_consecutive(sentences):
        document = SpacyDocument(group[0].document_id or group[0].id)
        for sentence in group:
            where = f"sentence {number}"
            validate_sentence(sentence, where)
            document.add_sentence(sentence, where, problems)
            number += 1
        yield document


def read_rel(value: object, where: str) -> Iterator[tuple[str, int, int, Mapping[str, Any]]]:
    """Yield the relations of `doc._.rel`, or of a list {"head", "tail" or "child", "label"}.

    Args:
      value: the relations.
      where: the document's place, for messages.

    Yields:
      The type, the tokens of head and tail, and the item of the list, if it is a list.

    Raises:
      DataError: if the value is neither.
    """
    if isinstance(value, dict):
        for pair, labels in cast("dict[Any, Any]", value).items():
            head, tail = _read_pair(pair, f"{where}, rel")
            scores = as_object(labels)
            if scores is None:
                raise DataError(f"{where}, rel: {show(labels)}, expected an object of types and scores")
            for label, score in scores.items():
                if not _is_number(score) or not is_token(label):
                    raise DataError(f"{where}, rel: {show({str(label): str(score)})}, expected types and scores")
                if score >= _THRESHOLD:
                    yield label, head, tail, {}
        return
    items = as_list(list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value)
    if items is None:
        raise DataError(f"{where}: rel is {show(value)}, expected a list of relations")
    for number, item in enumerate(items):
        content = as_object(item) or {}
        head, tail, label = content.get("head"), content.get("tail", content.get("child")), content.get("label")
        if type(head) is not int or type(tail) is not int or not isinstance(label, str) or not is_token(label):
            raise DataError(f"{where}, relation {number}: {show(item)}, expected head, tail (or child) and label")
        yield label, head, tail, content


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, numbers.Real)


def _read_pair(pair: object, where: str) -> tuple[int, int]:
    """Read a key of `doc._.rel`: a pair of tokens, or text such as "(0, 3)", as JSON has no other keys."""
    match = _PAIR.fullmatch(pair) if isinstance(pair, str) else None
    if match:
        return int(match[1]), int(match[2])
    items = list(cast("tuple[Any, ...]", pair)) if isinstance(pair, tuple) else []
    if [type(item) for item in items] != [int, int]:
        raise DataError(f"{where}: {show(items or pair)}, expected a pair of tokens")
    return items[0], items[1]


class MentionFinder:
    """Finds the mention that a relation names by a token, and reports those that name none.

    Args:
      mentions: the mentions.
      offsets: the tokens' character offsets.
      where: the document's place, for messages.
      problems: the collector of problems.
    """

    def __init__(
        self, mentions: Sequence[Mention], offsets: Sequence[tuple[int, int]], where: str, problems: Problems
    ) -> None:
        self._offsets, self._where, self._problems = offsets, where, problems
        self._by_start: dict[int, str] = {}
        self._by_end: dict[int, str] = {}
        self._by_span: dict[tuple[int, int], str] = {}
        for mention in mentions:
            self._by_start.setdefault(mention.start, mention.key)
            self._by_end.setdefault(mention.end, mention.key)
            self._by_span.setdefault((mention.start, mention.end), mention.key)

    def link(self, label: str, head: int, tail: int, item: Mapping[str, Any]) -> Link | None:
        """Return the relation between the mentions at two tokens, or None if one of them has no mention.

        Args:
          label: the relation's type.
          head: the first token of the first argument; in Prodigy's lists its last one.
          tail: that of the second argument.
          item: the item of the list, where Prodigy has "head_span" and "child_span".
        """
        prodigy = "child" in item
        keys = [
            self._find(end, as_object(item.get(name)) or {}, prodigy)
            for end, name in ((head, "head_span"), (tail, "child_span"))
        ]
        if None in keys:
            missing = shorten(str(head if keys[0] is None else tail), 20)
            shown = f"{shorten(label)} at token {missing}, at which no entity begins"
            self._problems.mend("relation without an entity", self._where, shown)
            return None
        return Link(label, keys[0] or "", keys[1] or "", self._where)

    def _find(self, token: int, span: Mapping[str, Any], prodigy: bool) -> str | None:
        start, end = span.get("start"), span.get("end")
        if isinstance(start, int) and isinstance(end, int) and (start, end) in self._by_span:
            return self._by_span[start, end]
        if not 0 <= token < len(self._offsets):
            return None
        start, end = self._offsets[token]
        by_start, by_end = self._by_start.get(start), self._by_end.get(end)
        return (by_end or by_start) if prodigy else (by_start or by_end)
