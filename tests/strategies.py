"""Hypothesis strategies: sentences of every kind that the formats can hold."""

import dataclasses
import itertools

from hypothesis import strategies as st

from cman_tf.data.bio import flat_entities
from cman_tf.data.types import Entity, Relation, Sentence

# Nothing that ends a line or a column, no half characters, and at least one character that is not blank.
_CHARACTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\t\n\r")
TEXTS = st.text(_CHARACTERS, min_size=1, max_size=8).filter(lambda text: bool(text.strip()))
# Few, so that sentences agree in some of them. The columns reserve "N" and "ROOT".
_TYPES = ["Peop", "Loc", "Other", "B-x", "東 京", "it's", '"', "O"]
TYPES = st.sampled_from(_TYPES)


@st.composite
def entities(draw, length, flat=False):
    """Different spans of a sentence of this length; flat: none overlaps another, in text order."""
    spans = st.tuples(st.integers(0, length - 1), st.integers(1, length)).filter(lambda span: span[0] < span[1])
    found = draw(st.lists(st.builds(lambda kind, span: Entity(kind, *span), TYPES, spans), max_size=6, unique=True))
    return tuple(flat_entities(found) if flat else found)


@st.composite
def sentences(draw, flat=False, tokens=None):
    """A sentence with entities and relations; flat: no entity overlaps another.

    Args:
      draw: Hypothesis' own.
      flat: whether one BIO tag a token can hold the entities.
      tokens: the sentence's; none: any.
    """
    if tokens is None:
        tokens = tuple(draw(st.lists(TEXTS, min_size=1, max_size=8)))
    spans = draw(entities(len(tokens), flat))
    pairs = list(itertools.permutations(range(len(spans)), 2))
    relations = st.builds(lambda kind, pair: Relation(kind, *pair), TYPES, st.sampled_from(pairs)) if pairs else None
    found = draw(st.lists(relations, max_size=4, unique=True)) if pairs else []
    return Sentence(tokens, spans, tuple(found), draw(TEXTS).strip())


@st.composite
def corpora(draw, flat=True):
    """Sentences of plain words in documents, with names that every format can hold.

    Args:
      draw: Hypothesis' own.
      flat: whether one BIO tag a token can hold the entities.
    """
    names = {kind: f"Type{number}" for number, kind in enumerate(_TYPES)}
    words = st.text("abcdefgh", min_size=1, max_size=5)
    found = []
    for document, length in enumerate(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))):
        for _ in range(length):
            tokens = tuple(draw(st.lists(words, min_size=1, max_size=8)))
            sentence = draw(sentences(flat, tokens))
            found.append(
                dataclasses.replace(
                    sentence,
                    entities=tuple(dataclasses.replace(e, type=names[e.type]) for e in sentence.entities),
                    relations=tuple(dataclasses.replace(r, type=names[r.type]) for r in sentence.relations),
                    id=f"s{len(found)}",
                    document_id=f"d{document}",
                )
            )
    return found


@st.composite
def annotated_twice(draw):
    """Two lists of the same sentences, annotated independently."""
    one = draw(st.lists(sentences(), min_size=1, max_size=4))
    return one, [draw(sentences(tokens=sentence.tokens)) for sentence in one]


@st.composite
def documents(draw):
    """The sentences of one document with a text: tokens, anything blank between them, entities, relations, scores."""
    blanks = st.sampled_from(["", " ", "  ", "\n", "\r\n", " \t", "\u2028", "\xa0"])
    name, plain = draw(TEXTS).strip(), draw(st.lists(sentences(), min_size=1, max_size=3))
    made = []
    for number, sentence in enumerate(plain):
        text, offsets = draw(blanks), []
        # Every sentence has a character that tokenizers do not leave out.
        tokens = (f"w{sentence.tokens[0]}", *sentence.tokens[1:])
        for token in tokens:
            offsets.append((len(text), len(text) + len(token)))
            text += token + draw(blanks)
        scores = draw(st.none() | st.floats(0, 1))
        made.append(
            dataclasses.replace(
                sentence,
                tokens=tokens,
                text=text,
                offsets=tuple(offsets),
                document_id=name,
                id=f"{name}.{number}",
                entity_scores=() if scores is None else (scores,) * len(sentence.entities),
                relation_scores=() if scores is None else (scores,) * len(sentence.relations),
            )
        )
    return made
