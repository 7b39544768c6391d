"""Texts with annotations at character offsets, as annotation tools keep them, and their conversion to sentences.

The formats of such tools read their files into `AnnotatedText`s, and `TextConverter` does the rest for all of them:
what an offset counts, the sentences, the tokens, and what is left out. `annotate_text` goes the other way, for writers.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from cman_tf.data.sentence_splitting import split_sentences
from cman_tf.data.tokenizers import find_tokenizer
from cman_tf.data.types import Entity, Relation, Sentence, is_token
from cman_tf.errors import DataError
from cman_tf.formats.offsets import find_positions
from cman_tf.formats.showing import SHOWN, show_name, show_text
from cman_tf.formats.source import Source

Span = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Mention:
    """An entity at character offsets.

    Attributes:
      key: the name by which relations refer to it, such as `T1`.
      type: the entity's type.
      start: the first character, counted as the file counts.
      end: the character after the last one.
      text: the mention's text as the file gives it; empty if it does not.
      where: its place in the file, for messages.
      score: its score, if a system predicted it.
    """

    key: str
    type: str
    start: int
    end: int
    text: str = ""
    where: str = ""
    score: float | None = None


@dataclasses.dataclass(frozen=True)
class Link:
    """A relation between two mentions.

    Attributes:
      type: the relation's type.
      head: the key of the first mention.
      tail: the key of the second mention.
      where: its place in the file, for messages.
      key: the relation's own name in the file, such as `R1`; empty if it has none.
      score: its score, if a system predicted it.
    """

    type: str
    head: str
    tail: str
    where: str = ""
    key: str = ""
    score: float | None = None

    @property
    def name(self) -> str:
        """The key and the type, for messages."""
        return f"{show_name(self.key)}: {show_name(self.type)}" if self.key else show_name(self.type)


@dataclasses.dataclass(frozen=True)
class AnnotatedText:
    """One document.

    Attributes:
      id: its name; empty if the file has none.
      text: its text.
      mentions: its entities.
      links: its relations.
      where: its place, for messages.
      tokens: the tokens' character offsets if the format has them; None cuts the text with a tokenizer.
      sentences: the sentences' character offsets if the format has them; None splits the text.
    """

    id: str
    text: str
    mentions: Sequence[Mention] = ()
    links: Sequence[Link] = ()
    where: str = ""
    tokens: Sequence[Span] | None = None
    sentences: Sequence[Span] | None = None


@dataclasses.dataclass
class _Placed:
    """The mentions and relations of a document that are kept.

    Attributes:
      mentions: type, first character and end of each mention, in code points.
      scores: the score of each mention.
      position: the place among the mentions of each key.
      links: for each relation between positions, the link of the file.
    """

    mentions: list[tuple[str, int, int]]
    scores: list[float | None]
    position: dict[str, int]
    links: dict[Relation, Link] = dataclasses.field(default_factory=lambda: {})


class TextConverter:
    """Turns annotated texts of one file into sentences.

    Args:
      source: the file, with its options and the collector of problems.
    """

    def __init__(self, source: Source) -> None:
        self._source, self._problems = source, source.problems
        self._tokenizer = find_tokenizer(source.options.tokenizer)

    def convert_all(self, documents: Iterable[AnnotatedText]) -> Iterator[Sentence]:
        """Yield the sentences of several documents; see `convert`."""
        for document in documents:
            yield from self.convert(document)

    def convert(self, document: AnnotatedText) -> list[Sentence]:
        """Turn a document into sentences.

        A mention is never cut: where the text is split here, no sentence ends within a mention or between the two
        arguments of a relation. Tokens are cut at the edges of mentions. Blank mentions, duplicates, relations of a
        mention with itself, and relations across the sentences that the format gives are reported and left out.

        Returns:
          The sentences. Their texts, put together, are the document's text.

        Raises:
          DataError: for a span outside of the text, one whose text differs from the text that the file gives, or a name
            that is empty or that UTF-8 cannot express.
        """
        _validate_names(document)
        if not document.text.strip():
            self._problems.mend("text without a token", document.where, "the text is empty, expected words")
            return []
        placed = self._place_mentions(document)
        self._place_links(document, placed)
        return self._cut(document, placed, self._find_sentences(document, placed))

    def _place_mentions(self, document: AnnotatedText) -> _Placed:
        """Return the mentions that are kept, in code points."""
        spans = find_positions(document, self._source.options, self._problems)
        found: dict[tuple[str, int, int], int] = {}
        placed = _Placed([], [], {})
        filled = [place for place, c in enumerate(document.text) if not c.isspace()] if spans else []
        for mention, (start, end) in zip(document.mentions, spans):
            text, key = document.text[start : min(end, start + SHOWN)], show_name(mention.key)
            first, last = bisect.bisect_left(filled, start), bisect.bisect_left(filled, end)
            if first == last:
                shown = f"{key}: {show_text(text)} is blank, expected words"
                self._problems.mend("blank mention", mention.where, shown)
                continue
            first, last = filled[first], filled[last - 1] + 1
            if (first, last) != (start, end):
                shown = f"{key}: {show_text(text)} has blanks at its edges, which are left out"
                self._problems.mend("mention with blanks at its edges", mention.where, shown)
            item = (mention.type, first, last)
            if item not in found:
                found[item] = len(found)
                placed.mentions.append(item)
                placed.scores.append(mention.score)
            elif not self._source.predictions:
                shown = f"{key}: {show_name(mention.type)} {show_text(text)} is given twice, expected it once"
                self._problems.mend("duplicate entity", mention.where, shown)
            if mention.key in placed.position:
                shown = f"{key} is the name of two mentions; relations refer to the first"
                self._problems.mend("name in use", mention.where, shown)
            placed.position.setdefault(mention.key, found[item])
        return placed

    def _place_links(self, document: AnnotatedText, placed: _Placed) -> None:
        """Add the relations between the mentions that are kept."""
        for link in document.links:
            missing = [key for key in (link.head, link.tail) if key not in placed.position]
            if missing:
                shown = f"{link.name} names {show_text(missing[0])}, which is left out or not defined"
                self._problems.mend("relation on an omitted entity", link.where, shown)
                continue
            relation = Relation(link.type, placed.position[link.head], placed.position[link.tail])
            if relation.head == relation.tail and not self._source.predictions:
                _, start, end = placed.mentions[relation.head]
                text = document.text[start : min(end, start + SHOWN)]
                shown = f"{link.name} from {show_text(text)} to itself, expected two entities"
                self._problems.mend("self relation", link.where, shown)
            elif relation in placed.links and not self._source.predictions:
                shown = f"{link.name} from {show_name(link.head)} to {show_name(link.tail)} is given twice"
                self._problems.mend("duplicate relation", link.where, f"{shown}, expected it once")
            else:
                placed.links.setdefault(relation, link)

    def _find_sentences(self, document: AnnotatedText, placed: _Placed) -> list[int]:
        """Return the first character of each sentence; the first sentence begins at 0."""
        given = document.sentences is not None
        spans = sorted((start, end) for _, start, end in placed.mentions)
        borders = list(document.sentences or split_sentences(document.text, spans))
        starts = sorted({0, *(start for start, _ in borders[1:] if 0 < start < len(document.text))})
        # A mention or a token across a border joins two sentences.
        starts = join_sentences(starts, [*spans, *(document.tokens or ())])
        if given and not self._source.options.join_sentences:
            return starts
        joined = join_sentences(starts, [_cover(placed.mentions, relation) for relation in placed.links])
        if len(joined) < len(starts):
            self._problems.note("sentences_joined_for_a_relation", len(starts) - len(joined))
        return joined

    def _cut(self, document: AnnotatedText, placed: _Placed, starts: list[int]) -> list[Sentence]:
        """Make the sentences: the tokens of each, and the mentions and relations that lie in it."""
        mentions = placed.mentions
        edges = sorted({place for _, start, end in mentions for place in (start, end)})
        pieces = _merge_empty(
            [
                (start, end, self._tokenize(document, start, end, edges))
                for start, end in zip(starts, [*starts[1:], len(document.text)])
            ]
        )
        if not pieces:
            self._problems.mend("text without a token", document.where, "the text has no token, expected words")
            return []
        parts = [_Part(start, end, tokens) for start, end, tokens in pieces]
        firsts = [part.start for part in parts]
        owner = [max(bisect.bisect_right(firsts, start) - 1, 0) for _, start, _ in mentions]
        place: dict[int, int] = {}
        for number, (kind, start, end) in enumerate(mentions):
            position = parts[owner[number]].add_entity(kind, start, end, placed.scores[number])
            if position is None:
                shown = f"{show_name(kind)} {show_text(document.text[start:end])} has no token of its own"
                self._problems.mend("mention without a token", document.where, shown)
            else:
                place[number] = position
        for relation, link in placed.links.items():
            head, tail = relation.head, relation.tail
            if head not in place or tail not in place:
                shown = f"{link.name} joins a mention that has no token of its own"
                self._problems.mend("relation on an omitted entity", link.where, shown)
            elif owner[head] != owner[tail]:
                texts = [show_text(document.text[slice(*mentions[end][1:])]) for end in (head, tail)]
                shown = f"{link.name} from {texts[0]} to {texts[1]} joins two sentences; see --join_sentences"
                self._problems.mend("relation across sentences", link.where, shown)
            else:
                parts[owner[head]].add_relation(Relation(relation.type, place[head], place[tail]), link.score)
        return [
            part.make_sentence(document, document.id if len(parts) == 1 or not document.id else f"{document.id}.{n}")
            for n, part in enumerate(parts, start=1)
        ]

    def _tokenize(self, document: AnnotatedText, start: int, end: int, edges: Sequence[int]) -> list[Span]:
        """Return the tokens of a part of the text, cut at the edges of mentions."""
        if document.tokens is None:
            found = [
                (first + start, last + start) for _, first, last in self._tokenizer.tokenize(document.text[start:end])
            ]
        else:
            below, above = (bisect.bisect_left(document.tokens, (place, 0)) for place in (start, end))
            found = list(document.tokens[below:above])
        tokens: list[Span] = []
        for first, last in found:
            inside = edges[bisect.bisect_right(edges, first) : bisect.bisect_left(edges, last)]
            if inside:
                self._problems.note("tokens_cut_at_the_edges_of_mentions")
            for one, other in zip([first, *inside], [*inside, last]):
                if document.text[one:other].strip():
                    tokens.append((one, other))
        return tokens


class _Part:
    """A sentence that is being made."""

    def __init__(self, start: int, end: int, tokens: list[Span]) -> None:
        self.start, self._end, self._tokens = start, end, tokens
        self._firsts = [first for first, _ in tokens]
        self._lasts = [last for _, last in tokens]
        self._entities: dict[Entity, float | None] = {}
        self._position: dict[Entity, int] = {}
        self._relations: dict[Relation, float | None] = {}

    def add_entity(self, kind: str, start: int, end: int, score: float | None) -> int | None:
        """Add a mention; returns the position of its entity, or None if no token lies in it."""
        first, last = bisect.bisect_left(self._firsts, start), bisect.bisect_right(self._lasts, end)
        if first >= last:
            return None
        entity = Entity(kind, first, last)
        self._entities.setdefault(entity, score)
        return self._position.setdefault(entity, len(self._position))

    def add_relation(self, relation: Relation, score: float | None) -> None:
        """Add a relation between positions of entities."""
        self._relations.setdefault(relation, score)

    def make_sentence(self, document: AnnotatedText, name: str) -> Sentence:
        """Return the sentence."""
        return Sentence(
            tuple(document.text[first:last] for first, last in self._tokens),
            tuple(self._entities),
            tuple(self._relations),
            name,
            text=document.text[self.start : self._end],
            offsets=tuple((first - self.start, last - self.start) for first, last in self._tokens),
            document_id=document.id,
            entity_scores=_all_scores(self._entities.values()),
            relation_scores=_all_scores(self._relations.values()),
        )


def _all_scores(scores: Iterable[float | None]) -> tuple[float, ...]:
    """Return the scores, or none if one is missing."""
    given = list(scores)
    found = tuple(score for score in given if score is not None)
    return found if len(found) == len(given) else ()


def _validate_names(document: AnnotatedText) -> None:
    """Check that UTF-8 can express the text and the names, and that no type is empty."""
    if any("\ud800" <= c <= "\udfff" for c in document.text):
        raise DataError(f"{document.where}: the text holds half a character (a lone surrogate), expected whole ones")
    if document.id and not is_token(document.id):
        raise DataError(f"{document.where}: id {ascii(document.id)[:40]}, expected text")
    for item in (*document.mentions, *document.links):
        if not is_token(item.type):
            raise DataError(f"{item.where}: type {ascii(item.type)[:40]}, expected text that is not empty")


def _cover(mentions: Sequence[tuple[str, int, int]], relation: Relation) -> Span:
    """Return the span from the first character of a relation's mentions to the last."""
    _, *one = mentions[relation.head]
    _, *other = mentions[relation.tail]
    return min(one[0], other[0]), max(one[1], other[1])


def join_sentences(starts: Sequence[int], spans: Iterable[Span]) -> list[int]:
    """Join neighbouring sentences where a span reaches from one into another.

    Args:
      starts: the first character of each sentence, in order.
      spans: character spans, in any order.

    Returns:
      The starts that are left.

    >>> join_sentences([0, 10, 20], [(5, 12)])
    [0, 20]
    """
    removed: list[Span] = sorted((start, end) for start, end in spans)
    left: list[int] = []
    reach, place = -1, 0
    for start in starts:
        while place < len(removed) and removed[place][0] < start:
            reach = max(reach, removed[place][1])
            place += 1
        if start == 0 or reach <= start:
            left.append(start)
    return left


def _merge_empty(pieces: Sequence[tuple[int, int, list[Span]]]) -> list[tuple[int, int, list[Span]]]:
    """Give the text of sentences without tokens to their neighbours."""
    merged: list[tuple[int, int, list[Span]]] = []
    for start, end, tokens in pieces:
        if merged and (not tokens or not merged[-1][2]):
            first, _, before = merged.pop()
            merged.append((first, end, before or tokens))
        else:
            merged.append((start, end, tokens))
    return [piece for piece in merged if piece[2]]


def group_consecutive(sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
    """Yield the sentences of each document: neighbours with the same document id."""
    group: list[Sentence] = []
    for sentence in sentences:
        if group and (not sentence.document_id or sentence.document_id != group[0].document_id):
            yield group
            group = []
        group.append(sentence)
    if group:
        yield group


def annotate_text(sentences: Sequence[Sentence], number: int = 0) -> AnnotatedText:
    """Turn the sentences of one document into a text with annotations, for writers.

    The text is that of the sentences. Sentences without a text become their tokens with blanks between them, one
    sentence a line.

    Args:
      sentences: the sentences of one document.
      number: the document's number, which names it if it has no id.

    Returns:
      The document. Its mentions have the keys T1, T2, ...; `tokens` and `sentences` are given.

    >>> ann = Sentence(("Ann", "left"), (Entity("Peop", 0, 1),), id="s1")
    >>> annotate_text([ann]).mentions[0]
    Mention(key='T1', type='Peop', start=0, end=3, text='Ann', where='', score=None)
    """
    mentions: list[Mention] = []
    links: list[Link] = []
    tokens: list[Span] = []
    spans: list[Span] = []
    parts: list[str] = []
    length = 0
    for place, sentence in enumerate(sentences, start=1):
        own, offsets = sentence.text, sentence.offsets
        if not offsets:
            own, offsets = join_tokens(sentence.tokens)
            own += "\n" if place < len(sentences) else ""
        parts.append(own)
        before = len(mentions)
        for entity, score in _pair(sentence.entities, sentence.entity_scores):
            start, end = offsets[entity.start][0], offsets[entity.end - 1][1]
            key = f"T{len(mentions) + 1}"
            mention = Mention(key, entity.type, start + length, end + length, own[start:end], score=score)
            mentions.append(mention)
        for relation, score in _pair(sentence.relations, sentence.relation_scores):
            head, tail = (f"T{before + end + 1}" for end in (relation.head, relation.tail))
            links.append(Link(relation.type, head, tail, key=f"R{len(links) + 1}", score=score))
        tokens += [(start + length, end + length) for start, end in offsets]
        spans.append((length, length + len(own)))
        length += len(own)
    name = sentences[0].document_id or (sentences[0].id if len(sentences) == 1 else "") or str(number)
    return AnnotatedText(name, "".join(parts), mentions, links, tokens=tokens, sentences=spans)


_Item = TypeVar("_Item")


def _pair(items: Sequence[_Item], scores: Sequence[float]) -> list[tuple[_Item, float | None]]:
    """Pair items with their scores, or with None if they have none."""
    return list(zip(items, scores if len(scores) == len(items) else [None] * len(items)))


def join_tokens(tokens: Sequence[str]) -> tuple[str, list[Span]]:
    """Return tokens with blanks between them, and each token's offsets.

    >>> join_tokens(["Ann", "left"])
    ('Ann left', [(0, 3), (4, 8)])
    """
    offsets: list[Span] = []
    place = 0
    for token in tokens:
        offsets.append((place, place + len(token)))
        place += len(token) + 1
    return " ".join(tokens), offsets
