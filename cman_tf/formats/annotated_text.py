"""The conversion of texts with annotations at character offsets to sentences.

The formats of annotation tools read their files into `AnnotatedText`s. `TextConverter` does the rest for all of them:
what an offset counts, the sentences, the tokens, and what is left out. `annotate_text` goes the other way, for writers.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from cman_tf.data.sentence_splitting import split_sentences
from cman_tf.data.tokenizers import find_tokenizer
from cman_tf.data.types import Relation, Sentence, expect_token, is_token
from cman_tf.errors import DataError
from cman_tf.formats.annotating import annotate_text, group_consecutive, join_tokens
from cman_tf.formats.offsets import find_positions
from cman_tf.formats.showing import SHOWN, show_name, show_text
from cman_tf.formats.source import Source
from cman_tf.formats.text_sentences import SentencePart, cut_tokens, find_bare, join_sentences, merge_empty
from cman_tf.formats.text_types import AnnotatedText, Link, Mention, Span

__all__ = [
    "AnnotatedText",
    "Link",
    "Mention",
    "Span",
    "TextConverter",
    "annotate_text",
    "group_consecutive",
    "join_sentences",
    "join_tokens",
]


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
        spans = sorted({(start, end) for _, start, end in mentions})
        edges = sorted({place for span in spans for place in span})
        pieces: list[tuple[int, int, list[Span]]] = []
        for start, end in zip(starts, [*starts[1:], len(document.text)]):
            own = spans[bisect.bisect_left(spans, (start, 0)) : bisect.bisect_left(spans, (end, 0))]
            pieces.append((start, end, self._tokenize(document, (start, end), own, edges)))
        pieces = merge_empty(pieces)
        if not pieces:
            self._problems.mend("text without a token", document.where, "the text has no token, expected words")
            return []
        parts = [SentencePart(start, end, tokens) for start, end, tokens in pieces]
        firsts = [part.start for part in parts]
        owner = [max(bisect.bisect_right(firsts, start) - 1, 0) for _, start, _ in mentions]
        place: dict[int, int] = {}
        for number, (kind, start, end) in enumerate(mentions):
            part = parts[owner[number]]
            before, position = len(part.entities), part.add_entity(kind, start, end, placed.scores[number])
            text = show_text(document.text[start : min(end, start + SHOWN)])
            if position is None:
                shown = f"{show_name(kind)} {text} has no token of its own"
                self._problems.mend("mention without a token", document.where, shown)
                continue
            place[number] = position
            if before == len(part.entities) and not self._source.predictions:
                shown = f"{show_name(kind)} {text} has the same tokens as another mention, expected them once"
                self._problems.mend("duplicate entity", document.where, shown)
        for relation, link in placed.links.items():
            head, tail = relation.head, relation.tail
            if head not in place or tail not in place:
                shown = f"{link.name} joins a mention that has no token of its own"
                self._problems.mend("relation on an omitted entity", link.where, shown)
            elif owner[head] != owner[tail]:
                texts = [show_text(document.text[slice(*mentions[end][1:])]) for end in (head, tail)]
                shown = f"{link.name} from {texts[0]} to {texts[1]} joins two sentences; see --join_sentences"
                self._problems.mend("relation across sentences", link.where, shown)
            elif place[head] == place[tail] and not self._source.predictions:
                shown = f"{link.name} joins two mentions that have the same tokens, expected two entities"
                self._problems.mend("self relation", link.where, shown)
            elif not parts[owner[head]].add_relation(Relation(relation.type, place[head], place[tail]), link.score):
                shown = f"{link.name} joins the same tokens as another relation, expected it once"
                self._problems.mend("duplicate relation", link.where, shown)
        return [
            part.make_sentence(document, document.id if len(parts) == 1 or not document.id else f"{document.id}.{n}")
            for n, part in enumerate(parts, start=1)
        ]

    def _tokenize(self, document: AnnotatedText, part: Span, spans: Sequence[Span], edges: Sequence[int]) -> list[Span]:
        """Return the tokens of a part of the text, cut at the edges of mentions.

        Args:
          document: the document.
          part: the part's first character and end.
          spans: the mentions that lie in it, in order.
          edges: the characters at which mentions begin or end, in order.
        """
        start, end = part
        if document.tokens is None:
            found = [
                (one + start, other + start) for _, one, other in self._tokenizer.tokenize(document.text[start:end])
            ]
        else:
            below, above = (bisect.bisect_left(document.tokens, (place, 0)) for place in part)
            found = list(document.tokens[below:above])
        tokens, count = cut_tokens(document.text, found, edges)
        if count:
            self._problems.note("tokens_cut_at_the_edges_of_mentions", count)
        if document.tokens is None:  # characters that tokenizers leave out, such as a zero-width blank
            made, _ = cut_tokens(document.text, find_bare(spans, tokens), edges)
            if made:
                self._problems.note("tokens_made_of_characters_that_tokenizers_leave_out", len(made))
                tokens = sorted([*tokens, *made])
        return tokens


def _validate_names(document: AnnotatedText) -> None:
    """Check that UTF-8 can express the text and the names, and that no type is empty."""
    if any("\ud800" <= c <= "\udfff" for c in document.text):
        raise DataError(f"{document.where}: the text holds half a character (a lone surrogate), expected whole ones")
    if document.id and not is_token(document.id):
        raise DataError(f"{document.where}: id {ascii(document.id)[:40]}, expected text")
    for item in (*document.mentions, *document.links):
        if not is_token(item.type):
            expected = expect_token(item.type, "expected text that is not empty")
            raise DataError(f"{item.where}: type {ascii(item.type)[:40]}, {expected}")


def _cover(mentions: Sequence[tuple[str, int, int]], relation: Relation) -> Span:
    """Return the span from the first character of a relation's mentions to the last."""
    _, *one = mentions[relation.head]
    _, *other = mentions[relation.tail]
    return min(one[0], other[0]), max(one[1], other[1])
