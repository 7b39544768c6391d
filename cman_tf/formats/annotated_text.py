"""Texts with annotations at character offsets, as annotation tools keep them, and their conversion to sentences.

The formats of such tools read their files into `AnnotatedText`s, and `TextConverter` does the rest for all of them:
what an offset counts, the sentences, the tokens, and what is left out. `annotate_text` goes the other way, for writers.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from cman_tf.data.sentence_splitting import split_sentences
from cman_tf.data.tokenizers import find_tokenizer
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.formats.offsets import find_positions
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
    """

    key: str
    type: str
    start: int
    end: int
    text: str = ""
    where: str = ""


@dataclasses.dataclass(frozen=True)
class Link:
    """A relation between two mentions, named by their keys."""

    type: str
    head: str
    tail: str
    where: str = ""


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
          DataError: for a span outside of the text, or one whose text differs from the text that the file gives.
        """
        if not document.text.strip():
            self._problems.mend("text without a token", document.where, "the text is empty, expected words")
            return []
        mentions, position = self._place_mentions(document)
        links = self._place_links(document, mentions, position)
        borders = self._find_sentences(document, mentions, links)
        return self._cut(document, mentions, links, borders)

    def _place_mentions(self, document: AnnotatedText) -> tuple[list[tuple[str, int, int]], dict[str, int]]:
        """Return the mentions as (type, first character, end) in code points, and the place of each key among them."""
        spans = find_positions(document, self._source.options, self._problems)
        found: dict[tuple[str, int, int], int] = {}
        position: dict[str, int] = {}
        for mention, (start, end) in zip(document.mentions, spans):
            text = document.text[start:end]
            if not text.strip():
                self._problems.mend("blank mention", mention.where, f"{mention.key}: {text!r} is blank, expected words")
                continue
            first = start + len(text) - len(text.lstrip())
            last = end - len(text) + len(text.rstrip())
            if (first, last) != (start, end):
                shown = f"{mention.key}: {text[:40]!r} has blanks at its edges, which are left out"
                self._problems.mend("mention with blanks at its edges", mention.where, shown)
            item = (mention.type, first, last)
            if item in found and not self._source.predictions:
                shown = f"{mention.key}: {mention.type} {text[:40]!r} is given twice, expected it once"
                self._problems.mend("duplicate entity", mention.where, shown)
            position[mention.key] = found.setdefault(item, len(found))
        return list(found), position

    def _place_links(
        self, document: AnnotatedText, mentions: Sequence[tuple[str, int, int]], position: dict[str, int]
    ) -> dict[Relation, str]:
        """Return the relations between the mentions that are kept, each with its place in the file."""
        found: dict[Relation, str] = {}
        for link in document.links:
            missing = [key for key in (link.head, link.tail) if key not in position]
            if missing:
                shown = f"{link.type} names {missing[0]!r}, which is left out or not defined"
                self._problems.mend("relation on an omitted entity", link.where, shown)
                continue
            relation = Relation(link.type, position[link.head], position[link.tail])
            if relation.head == relation.tail and not self._source.predictions:
                _, start, end = mentions[relation.head]
                shown = f"{link.type} from {document.text[start:end][:40]!r} to itself, expected two entities"
                self._problems.mend("self relation", link.where, shown)
            elif relation in found and not self._source.predictions:
                shown = f"{link.type} from {link.head} to {link.tail} is given twice, expected it once"
                self._problems.mend("duplicate relation", link.where, shown)
            else:
                found.setdefault(relation, link.where)
        return found

    def _find_sentences(
        self, document: AnnotatedText, mentions: Sequence[tuple[str, int, int]], links: dict[Relation, str]
    ) -> list[int]:
        """Return the first character of each sentence; the first sentence begins at 0."""
        given = document.sentences is not None
        spans = sorted((start, end) for _, start, end in mentions)
        borders = list(document.sentences or split_sentences(document.text, spans))
        starts = sorted({0, *(start for start, _ in borders[1:])})
        if given:  # a mention across given sentences joins them
            starts = join_sentences(starts, spans)
        pairs = [self._cover(mentions, relation) for relation in links]
        if given and not self._source.options.join_sentences:
            return starts
        joined = join_sentences(starts, pairs)
        self._problems.note("sentences_joined_for_a_relation", len(starts) - len(joined))
        return joined

    @staticmethod
    def _cover(mentions: Sequence[tuple[str, int, int]], relation: Relation) -> Span:
        _, *one = mentions[relation.head]
        _, *other = mentions[relation.tail]
        return min(one[0], other[0]), max(one[1], other[1])

    def _cut(
        self,
        document: AnnotatedText,
        mentions: Sequence[tuple[str, int, int]],
        links: dict[Relation, str],
        starts: list[int],
    ) -> list[Sentence]:
        """Make the sentences: the tokens of each, and the mentions and relations that lie in it."""
        edges = sorted({place for _, start, end in mentions for place in (start, end)})
        pieces = [(start, end, self._tokenize(document, start, end, edges)) for start, end in _spans(starts, document)]
        pieces = _merge_empty(pieces)
        if not pieces:
            self._problems.mend("text without a token", document.where, "the text has no token, expected words")
            return []
        firsts = [start for start, _, _ in pieces]
        owner = [bisect.bisect_right(firsts, start) - 1 for _, start, _ in mentions]
        entities: list[list[Entity]] = [[] for _ in pieces]
        place: dict[int, int] = {}
        for number, (kind, start, end) in enumerate(mentions):
            tokens = pieces[owner[number]][2]
            first = bisect.bisect_left(tokens, (start, 0))
            last = bisect.bisect_right([token_end for _, token_end in tokens], end)
            if first >= last:
                shown = f"{kind} {document.text[start:end][:40]!r} has no token of its own"
                self._problems.mend("mention without a token", document.where, shown)
                continue
            place[number] = len(entities[owner[number]])
            entities[owner[number]].append(Entity(kind, first, last))
        relations: list[list[Relation]] = [[] for _ in pieces]
        for relation, where in links.items():
            head, tail = relation.head, relation.tail
            if head not in place or tail not in place:
                self._problems.mend("relation on an omitted entity", where, f"{relation.type} cannot be kept")
            elif owner[head] != owner[tail]:
                texts = [document.text[mentions[end][1] : mentions[end][2]][:40] for end in (head, tail)]
                shown = f"{relation.type} from {texts[0]!r} to {texts[1]!r} joins two sentences; see --join_sentences"
                self._problems.mend("relation across sentences", where, shown)
            else:
                relations[owner[head]].append(Relation(relation.type, place[head], place[tail]))
        return [
            Sentence(
                tuple(document.text[first:last] for first, last in tokens),
                tuple(entities[number]),
                tuple(relations[number]),
                document.id if len(pieces) == 1 or not document.id else f"{document.id}.{number + 1}",
                text=document.text[start:end],
                offsets=tuple((first - start, last - start) for first, last in tokens),
                document_id=document.id,
            )
            for number, (start, end, tokens) in enumerate(pieces)
        ]

    def _tokenize(self, document: AnnotatedText, start: int, end: int, edges: Sequence[int]) -> list[Span]:
        """Return the tokens of a part of the text, cut at the edges of mentions."""
        if document.tokens is None:
            found = [
                (first + start, last + start) for _, first, last in self._tokenizer.tokenize(document.text[start:end])
            ]
        else:
            found = [(first, last) for first, last in document.tokens if start <= first < end]
        tokens: list[Span] = []
        for first, last in found:
            inside = edges[bisect.bisect_right(edges, first) : bisect.bisect_left(edges, last)]
            if inside:
                self._problems.note("tokens_cut_at_the_edges_of_mentions")
            for one, other in zip([first, *inside], [*inside, last]):
                if document.text[one:other].strip():
                    tokens.append((one, other))
        return tokens


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


def _spans(starts: Sequence[int], document: AnnotatedText) -> list[Span]:
    return list(zip(starts, [*starts[1:], len(document.text)]))


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
    Mention(key='T1', type='Peop', start=0, end=3, text='Ann', where='')
    """
    mentions: list[Mention] = []
    links: list[Link] = []
    tokens: list[Span] = []
    spans: list[Span] = []
    parts: list[str] = []
    length = 0
    for sentence in sentences:
        own, offsets = sentence.text, sentence.offsets
        if not offsets:
            own, offsets = join_tokens(sentence.tokens)
            own += "\n" if sentence is not sentences[-1] else ""
        parts.append(own)
        before = len(mentions)
        for entity in sentence.entities:
            start, end = offsets[entity.start][0], offsets[entity.end - 1][1]
            key = f"T{len(mentions) + 1}"
            mentions.append(Mention(key, entity.type, start + length, end + length, own[start:end]))
        for relation in sentence.relations:
            head, tail = (f"T{before + end + 1}" for end in (relation.head, relation.tail))
            links.append(Link(relation.type, head, tail))
        tokens += [(start + length, end + length) for start, end in offsets]
        spans.append((length, length + len(own)))
        length += len(own)

    name = sentences[0].document_id or (sentences[0].id if len(sentences) == 1 else "") or str(number)
    return AnnotatedText(name, "".join(parts), mentions, links, tokens=tokens, sentences=spans)


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
