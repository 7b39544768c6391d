"""A document of DyGIE++ with annotations that count the document's tokens, and its sentences."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from typing import NamedTuple

from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.errors import DataError
from cman_tf.formats.annotated_text import join_sentences
from cman_tf.formats.json_records import quote, shorten
from cman_tf.formats.source import Source


class Mention(NamedTuple):
    """An entity: its type, its first and its last token in the document, its score and its place in the file."""

    type: str
    start: int
    last: int
    score: float | None
    where: str


class Arguments(NamedTuple):
    """A relation: its type, the first and the last token of each argument, its score and its place in the file."""

    type: str
    head: tuple[int, int]
    tail: tuple[int, int]
    score: float | None
    where: str


class DygieDocument:
    """A document, to which annotations are added.

    Args:
      name: its name.
      sentences: the tokens of each sentence. Blank tokens are left out.
      where: its place in the file, for messages.
      source: the file.
    """

    def __init__(self, name: str, sentences: Sequence[Sequence[str]], where: str, source: Source) -> None:
        self.name, self.sentences, self._where = name, sentences, where
        self._source, self._problems = source, source.problems
        self._tokens = [token for sentence in sentences for token in sentence]
        self._starts = [0, *itertools.accumulate(len(sentence) for sentence in sentences)]
        self._mentions: list[Mention] = []
        self._relations: list[Arguments] = []

    def add_mention(self, sentence: int, mention: Mention) -> None:
        """Add an entity that the file lists for a sentence.

        Raises:
          DataError: if its tokens are not in the document, or if it begins in another sentence.
        """
        self._check_span(mention.start, mention.last, mention.where)
        first, end = self._starts[sentence], self._starts[sentence + 1]
        if not first <= mention.start < end:
            raise DataError(
                f"{mention.where}: span {mention.start} to {mention.last}, expected tokens {first} to {end - 1}, "
                "which are this sentence's when the tokens of the document are counted"
            )
        if mention.last >= end and not self._source.options.join_sentences:
            shown = f"{shorten(mention.type)} from token {mention.start} to {mention.last} ends after its sentence"
            self._problems.mend("mention across sentences", mention.where, shown)
            return
        self._mentions.append(mention)

    def add_relation(self, relation: Arguments) -> None:
        """Add a relation.

        Raises:
          DataError: if its arguments' tokens are not in the document.
        """
        for start, last in (relation.head, relation.tail):
            self._check_span(start, last, relation.where)
        self._relations.append(relation)

    def _check_span(self, start: int, last: int, where: str) -> None:
        if not 0 <= start <= last < len(self._tokens):
            shown = f"span {shorten(str(start), 20)} to {shorten(str(last), 20)}"
            hint = ""
            if last == len(self._tokens):
                hint = "; ends are included in this format"
            raise DataError(f"{where}: {shown}, expected start <= end, both below {len(self._tokens)} tokens{hint}")

    def make_sentences(self) -> list[Sentence]:
        """Return the sentences, and report what is left out."""
        numbers = {start: number for number, start in enumerate(self._starts[:-1]) if self.sentences[number]}
        empty = len(self.sentences) - len(numbers)
        if empty:
            self._problems.mend("sentence without tokens", self._where, f"{empty} sentences have no token")
        starts = list(numbers)
        if self._source.options.join_sentences:
            joined = join_sentences(starts, self._find_joining_spans())
            self._problems.note("sentences_joined_for_a_relation", len(starts) - len(joined))
            starts = joined
        names = [str(numbers[start] + 1) for start in starts]
        return _Cutter(self._tokens, starts, self._where, self._source).cut(
            self._mentions, self._relations, self.name, names
        )

    def _find_joining_spans(self) -> list[tuple[int, int]]:
        """Return the spans that must lie within one sentence: the mentions, and from argument to argument."""
        known = {(mention.start, mention.last) for mention in self._mentions}
        spans = [(start, last + 1) for start, last in known]
        for relation in self._relations:
            if relation.head in known and relation.tail in known:
                places = (*relation.head, *relation.tail)
                spans.append((min(places), max(places) + 1))
        return spans


class _Cutter:
    """Cuts a document into sentences that begin at some tokens."""

    def __init__(self, tokens: Sequence[str], starts: Sequence[int], where: str, source: Source) -> None:
        self._tokens, self._starts, self._where, self._source = tokens, starts, where, source
        self._problems = source.problems
        # For each token, and for the end, the number of tokens before it that are not blank.
        self._kept = [0, *itertools.accumulate(bool(token.strip()) for token in tokens)]
        self._entities: list[list[Entity]] = [[] for _ in starts]
        self._entity_scores: list[list[float | None]] = [[] for _ in starts]
        self._relations: list[dict[Relation, float | None]] = [{} for _ in starts]
        self._unattached: list[dict[tuple[str, int, int], None]] = [{} for _ in starts]
        self._at_place: dict[tuple[int, int], tuple[int, int]] = {}  # to the sentence and the entity's position in it
        self._ambiguous: set[tuple[int, int]] = set()

    def cut(
        self, mentions: Sequence[Mention], relations: Sequence[Arguments], name: str, numbers: Sequence[str]
    ) -> list[Sentence]:
        """Return the sentences.

        Args:
          mentions: the entities.
          relations: the relations.
          name: the document's name.
          numbers: the number of each sentence in the document.
        """
        blank = len(self._tokens) - self._kept[-1]
        if blank:
            self._problems.mend("blank token", self._where, f"{blank} tokens are blank, expected text")
        self._place_mentions(mentions)
        for relation in relations:
            self._place_relation(relation)
        sentences: list[Sentence] = []
        for number, (start, end) in enumerate(zip(self._starts, [*self._starts[1:], len(self._tokens)])):
            tokens = tuple(token for token in self._tokens[start:end] if token.strip())
            if not tokens:
                self._problems.mend("sentence without tokens", self._where, "all tokens of a sentence are blank")
                continue
            sentences.append(
                Sentence(
                    tokens,
                    tuple(self._entities[number]),
                    tuple(self._relations[number]),
                    f"{name}.{numbers[number]}" if name and len(self._starts) > 1 else name,
                    tuple(self._unattached[number]),
                    document_id=name,
                    entity_scores=_complete(self._entity_scores[number]),
                    relation_scores=_complete(list(self._relations[number].values())),
                )
            )
        return sentences

    def _place_mentions(self, mentions: Sequence[Mention]) -> None:
        known: set[tuple[int, Entity]] = set()
        for mention in mentions:
            sentence, start = self._locate(mention.start)
            _, end = self._locate(mention.last, sentence)
            end += bool(self._tokens[mention.last].strip())
            if start >= end:
                self._problems.mend("blank mention", mention.where, f"{shorten(mention.type)} has blank tokens only")
                continue
            entity, place = Entity(mention.type, start, end), (mention.start, mention.last)
            if (sentence, entity) in known:
                if not self._source.predictions:
                    shown = f"{shorten(mention.type)} at tokens {start} to {end} is given twice, expected it once"
                    self._problems.mend("duplicate entity", mention.where, shown)
                continue
            known.add((sentence, entity))
            if place in self._at_place:
                self._ambiguous.add(place)
            self._at_place.setdefault(place, (sentence, len(self._entities[sentence])))
            self._entities[sentence].append(entity)
            self._entity_scores[sentence].append(mention.score)

    def _locate(self, token: int, sentence: int | None = None) -> tuple[int, int]:
        """Return the sentence of a token of the document, and the token's place in it."""
        if sentence is None:
            sentence = bisect.bisect_right(self._starts, token) - 1
        return sentence, self._kept[token] - self._kept[self._starts[sentence]]

    def _place_relation(self, item: Arguments) -> None:
        name, where, predictions = shorten(item.type), item.where, self._source.predictions
        head, tail = self._at_place.get(item.head), self._at_place.get(item.tail)
        if head is None or tail is None:
            if predictions and self._place_unattached(item):
                return
            start, last = item.head if head is None else item.tail
            shown = f"{name} at tokens {start} to {last} of the document, which are no entity of `ner`"
            self._problems.mend("relation without an entity", where, shown)
            return
        if head[0] != tail[0]:
            texts = [quote(" ".join(self._tokens[start : start + 3])) for start, _ in (item.head, item.tail)]
            shown = f"{name} from {texts[0]} to {texts[1]} joins two sentences; see --join_sentences"
            self._problems.mend("relation across sentences", where, shown)
            return
        if item.head in self._ambiguous or item.tail in self._ambiguous:
            shown = f"{name}: an argument's tokens are two entities, of which the first is taken"
            self._problems.mend("relation on one of several types", where, shown)
        relation, found = Relation(item.type, head[1], tail[1]), self._relations[head[0]]
        if head == tail and not predictions:
            shown = f"{name} from an entity to itself, expected two entities"
            self._problems.mend("self relation", where, shown)
        elif relation in found and not predictions:
            self._problems.mend("duplicate relation", where, f"{name} is given twice, expected it once")
        else:
            found.setdefault(relation, item.score)

    def _place_unattached(self, item: Arguments) -> bool:
        """Keep a predicted relation that has no two entities by the last tokens of its arguments."""
        last = [end for _, end in (item.head, item.tail)]
        (sentence, head), (other, tail) = map(self._locate, last)
        if sentence != other or not all(self._tokens[end].strip() for end in last):
            return False
        self._unattached[sentence][(item.type, head, tail)] = None
        return True


def _complete(scores: Sequence[float | None]) -> tuple[float, ...]:
    """Return the scores if all are there."""
    found = [score for score in scores if score is not None]
    return tuple(found) if len(found) == len(scores) else ()
