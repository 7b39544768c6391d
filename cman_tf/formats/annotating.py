"""Sentences as texts with annotations, for writers of formats with character offsets."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence, validate_sentence
from cman_tf.formats.showing import show_name
from cman_tf.formats.text_types import AnnotatedText, Link, Mention, Span

_Item = TypeVar("_Item")


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

    >>> document = annotate_text([Sentence(("Ann", "left"), id="s1")])
    >>> document.id, document.text, document.tokens
    ('s1', 'Ann left', [(0, 3), (4, 8)])
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


def annotate_documents(
    sentences: Iterable[Sentence], problems: Problems, scores: bool = True
) -> Iterator[AnnotatedText]:
    r"""Yield the documents of some sentences, one at a time.

    Relations of tokens outside of entities are left out and reported, because a text with mentions cannot hold them.

    Args:
      sentences: the sentences. Neighbours with the same document id are one document.
      problems: the collector of what is left out.
      scores: whether the format holds scores. If not, sentences with scores are counted.

    Raises:
      DataError: for a sentence that no reader could have made.

    >>> ann = Sentence(("Ann", "left"), document_id="d")
    >>> [document.text for document in annotate_documents([ann, ann], Problems())]
    ['Ann left\nAnn left']
    """
    for number, group in enumerate(group_consecutive(_validate(sentences, problems, scores))):
        yield annotate_text(group, number)


def annotate_sentences(sentences: Iterable[Sentence], problems: Problems) -> Iterator[tuple[str, str, AnnotatedText]]:
    """Yield each sentence's name, its document's name and its text with annotations; see `annotate_documents`.

    A sentence without a name gets its number. The document's name may be empty. Where a sentence of a document has no
    text of its own, a blank ends its text, so that it does not run into the next one.
    """
    for number, sentence in enumerate(_validate(sentences, problems, scores=True)):
        document = annotate_text([sentence], number)
        if sentence.document_id and not sentence.offsets:
            document = dataclasses.replace(document, text=f"{document.text} ")
        yield sentence.id or str(number), sentence.document_id, document


def list_relations(document: AnnotatedText) -> tuple[list[Mention], list[tuple[Link, Mention, Mention]]]:
    """Return the mentions that are in no relation, and the relations, each with its two mentions."""
    mentions = {mention.key: mention for mention in document.mentions}
    used = {key for link in document.links for key in (link.head, link.tail)}
    alone = [mention for mention in document.mentions if mention.key not in used]
    return alone, [(link, mentions[link.head], mentions[link.tail]) for link in document.links]


def count_entity_scores(document: AnnotatedText, problems: Problems) -> None:
    """Count the entities whose score a format of relations cannot hold."""
    count = sum(mention.score is not None for mention in document.mentions)
    if count:
        problems.note("entity_scores_that_are_left_out", count)


def _validate(sentences: Iterable[Sentence], problems: Problems, scores: bool) -> Iterator[Sentence]:
    for number, sentence in enumerate(sentences):
        where = f"sentence {number}"
        validate_sentence(sentence, where)
        for kind, head, tail in sentence.unattached_relations:
            shown = f"{show_name(kind)} from token {head} to {tail}, which are not in entities, is left out"
            problems.mend("relation without entities", where, shown)
        if not scores and (sentence.entity_scores or sentence.relation_scores):
            problems.note("sentences_with_scores_that_are_left_out")
        yield sentence
