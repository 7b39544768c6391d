"""Sentences as annotated texts, for writers of formats with character offsets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cman_tf.data.problems import Problems
from cman_tf.data.types import Sentence, validate_sentence
from cman_tf.formats.annotated_text import AnnotatedText, Link, Mention, annotate_text, group_consecutive
from cman_tf.formats.showing import show_name


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

    A sentence without a name gets its number. The document's name may be empty.
    """
    for number, sentence in enumerate(_validate(sentences, problems, scores=True)):
        yield sentence.id or str(number), sentence.document_id, annotate_text([sentence], number)


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
