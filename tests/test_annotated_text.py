"""Texts with annotations become sentences, and sentences become such texts."""

import time

import pytest
from documents import list_spans, trim
from hypothesis import given
from hypothesis import strategies as st
from strategies import TYPES, documents

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation, Sentence, validate_sentence
from cman_tf.errors import DataError
from cman_tf.formats.annotated_text import (
    AnnotatedText,
    Link,
    Mention,
    TextConverter,
    annotate_text,
    group_consecutive,
    join_sentences,
)
from cman_tf.formats.source import ReadOptions, Source

TEXT = "Ann was born in 1950. Oslo is her home. She left."


def convert(document, strict=False, predictions=False, **options):
    problems = Problems(strict=strict)
    source = Source("a.ann", predictions, problems, ReadOptions(**options))
    return TextConverter(source).convert(document), problems


def mention(key, text, words, kind="X", **changes):
    start = text.index(words)
    return Mention(key, kind, start, start + len(words), words, "a.ann, line 1", **changes)


def make(text, *mentions, links=(), **changes):
    return AnnotatedText("d", text, mentions, links, "a.txt", **changes)


def test_sentences_with_offsets():
    sentences, problems = convert(make(TEXT, mention("T1", TEXT, "Oslo", "Loc")))
    assert [s.id for s in sentences] == ["d.1", "d.2", "d.3"] and {s.document_id for s in sentences} == {"d"}
    assert "".join(s.text for s in sentences) == TEXT
    assert sentences[1].entities == (Entity("Loc", 0, 1),) and not problems.counts


def test_a_mention_inside_a_token_cuts_it():
    text = "anti-Gadhafi forces took AHU-G1-V-1-Ctrl-Md"
    mentions = mention("T1", text, "Gadhafi", "Per"), mention("T2", text, "AHU-G1-V-1", "Part")
    (sentence,), problems = convert(make(text, *mentions, links=[Link("R", "T1", "T2")]), tokenizer="v1")
    assert [sentence.tokens[e.start : e.end] for e in sentence.entities] == [("Gadhafi",), ("AHU-G1-V-1",)]
    assert sentence.relations == (Relation("R", 0, 1),)
    assert problems.counts == {"tokens_cut_at_the_edges_of_mentions": 2}


GIVEN = [(0, 22), (22, 40), (40, 49)]


def test_relations_across_given_sentences():
    """Case 10: left out by name, or the sentences become one on request."""
    mentions = mention("T1", TEXT, "Ann"), mention("T2", TEXT, "Oslo")
    document = make(TEXT, *mentions, links=[Link("Live_In", "T1", "T2", "a.ann, line 3", "R1")], sentences=GIVEN)
    sentences, problems = convert(document)
    assert len(sentences) == 3 and not any(s.relations for s in sentences)
    (line,) = problems.summarize()
    assert line.startswith("1 relation across sentences: a.ann, line 3 (R1: Live_In from 'Ann' to 'Oslo' joins two")
    with pytest.raises(DataError, match="line 3: R1: Live_In"):
        convert(document, strict=True)
    sentences, problems = convert(document, join_sentences=True)
    assert [len(s.relations) for s in sentences] == [1, 0]
    assert problems.counts == {"sentences_joined_for_a_relation": 1}


def test_no_sentence_ends_within_a_mention_or_a_token():
    whole = mention("T1", TEXT, "1950. Oslo")
    sentences, _ = convert(make(TEXT, whole, sentences=GIVEN))
    assert len(sentences) == 2 and len(convert(make(TEXT, whole))[0]) == 2
    tokens = [(0, 3), (4, 26), (27, 29)]
    sentences, _ = convert(make(TEXT, tokens=tokens, sentences=GIVEN))
    assert [s.tokens for s in sentences] == [("Ann", TEXT[4:26], "is")]


def test_what_is_left_out_is_named():
    text = "Ann met  Bo"
    ann, twice, blank = mention("T1", text, "Ann"), mention("T2", text, "Ann"), mention("T3", text, "  ")
    wide, again = mention("T4", text, " Bo"), mention("T1", text, "met", "Y")
    pairs = [("T1", "T2"), ("T1", "T3"), ("T1", "T4"), ("T2", "T4"), ("T1", "T9")]
    links = [Link("R", *pair, "a.ann, line 9", f"R{n}") for n, pair in enumerate(pairs)]
    (sentence,), problems = convert(make(text, ann, twice, blank, wide, again, links=links))
    assert sentence.entities == (Entity("X", 0, 1), Entity("X", 2, 3), Entity("Y", 1, 2))
    assert sentence.relations == (Relation("R", 0, 1),)
    assert problems.counts == {
        "duplicate entity": 1,
        "blank mention": 1,
        "mention with blanks at its edges": 1,
        "name in use": 1,
        "self relation": 1,
        "duplicate relation": 1,
        "relation on an omitted entity": 2,
    }


def test_predictions_count_duplicates_once():
    text = "Ann met Bo"
    mentions = mention("T1", text, "Ann"), mention("T2", text, "Ann")
    (sentence,), problems = convert(make(text, *mentions, links=[Link("R", "T1", "T2")]), predictions=True)
    assert sentence.entities == (Entity("X", 0, 1),) and sentence.relations == (Relation("R", 0, 0),)
    assert not problems.counts


def test_scores():
    text = "Ann met Bo"
    mentions = mention("T1", text, "Ann", score=0.5), mention("T2", text, "Bo", score=0.25)
    document = make(text, *mentions, links=[Link("R", "T1", "T2", score=1.0), Link("R", "T2", "T1")])
    (sentence,), _ = convert(document)
    assert sentence.entity_scores == (0.5, 0.25) and sentence.relation_scores == ()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (make("Ann\ud800"), "a.txt: the text holds half a character"),
        (make("Ann", Mention("T1", " ", 0, 3, "", "a.ann, line 1")), "a.ann, line 1: type ' ', expected text"),
        (make("Ann", links=[Link("\ud800", "T1", "T1", "a.ann, line 2")]), r"a.ann, line 2: type '\\ud800'"),
    ],
)
def test_names_that_cannot_be_kept(document, message):
    with pytest.raises(DataError, match=message):
        convert(document)


def test_a_mention_of_what_tokenizers_leave_out_is_a_token():
    text = "Ann \u200b\u200c left\xad"
    mentions = [mention("T1", text, "\u200b"), mention("T2", text, "left"), mention("T3", text, "left\xad")]
    (sentence,), problems = convert(make(text, *mentions, links=[Link("R", "T2", "T3")]))
    assert sentence.tokens == ("Ann", "\u200b", "left") and sentence.text == text
    assert sentence.entities == (Entity("X", 1, 2), Entity("X", 2, 3)) and not sentence.relations
    made = "tokens_made_of_characters_that_tokenizers_leave_out"
    assert problems.counts == {made: 1, "duplicate entity": 1, "self relation": 1}


@pytest.mark.parametrize("text", ["", " \n", "\u200b"])
def test_texts_without_a_token(text):
    sentences, problems = convert(make(text))
    assert len(sentences) + problems.counts["text without a token"] == 1


@st.composite
def annotated_texts(draw):
    """Any text with mentions anywhere, and relations between any of them."""
    text = draw(st.text(st.sampled_from("ab .\n'-é😀\u0301\u200b北\t"), max_size=40))
    places = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(places, places).filter(lambda s: s[0] < s[1]), max_size=6)) if text else []
    mentions = [Mention(f"T{n}", draw(TYPES), *span, where="f") for n, span in enumerate(spans)]
    keys = st.sampled_from([m.key for m in mentions] + ["T9"])
    links = draw(st.lists(st.builds(Link, TYPES, keys, keys), max_size=4))
    borders = draw(st.none() | st.lists(places, max_size=3))
    cuts = None if borders is None else [*sorted({0, *borders})]
    sentences = None if cuts is None else list(zip(cuts, [*cuts[1:], len(text)]))
    return AnnotatedText("d", text, mentions, links, "f", sentences=sentences)


@given(document=annotated_texts(), join=st.booleans(), predictions=st.booleans())
def test_nothing_is_cut_or_lost_silently(document, join, predictions):
    sentences, problems = convert(document, predictions=predictions, join_sentences=join)
    if sentences:
        assert "".join(s.text for s in sentences) == document.text
    for sentence in sentences:
        validate_sentence(sentence, "here")
        assert len(set(sentence.entities)) == len(sentence.entities)
    if not sentences:
        return
    (spans,) = list_spans(sentences)
    wanted = set()
    for m in document.mentions:
        if document.text[m.start : m.end].strip():
            wanted.add((m.type, *trim(document.text, m.start, m.end)))
    assert spans.entities == wanted and not problems.counts["mention without a token"]
    if document.sentences is None or join:
        assert not problems.counts["relation across sentences"]


@given(document=documents())
def test_both_ways(document):
    annotated = annotate_text(document)
    assert annotated.text == "".join(s.text for s in document)
    for m in annotated.mentions:
        assert annotated.text[m.start : m.end] == m.text
    assert [annotated.text[start:end] for start, end in annotated.tokens] == [t for s in document for t in s.tokens]
    sentences, _ = convert(annotated)
    assert list_spans(sentences) == list_spans(document)


def test_group_consecutive():
    one, two, none = Sentence(("a",), document_id="1"), Sentence(("a",), document_id="2"), Sentence(("a",))
    assert [len(g) for g in group_consecutive([one, one, two, one, none, none])] == [2, 1, 1, 1, 1]


def test_sentences_without_a_text_stand_on_lines():
    ann = Sentence(("Ann", "left"), (Entity("Per", 0, 1),), document_id="d")
    document = annotate_text([ann, ann])
    assert document.text == "Ann left\nAnn left" and [m.start for m in document.mentions] == [0, 9]


def test_join_sentences():
    assert join_sentences([0, 10, 20, 30], [(25, 31), (5, 9), (1, 12), (20, 30)]) == [0, 20]


@pytest.mark.slow
@pytest.mark.parametrize("given_tokens", [True, False])
def test_many_mentions_and_relations_take_seconds(given_tokens):
    count = 30_000
    text = "Ann met Bo.\n" * count
    mentions = [Mention(f"T{n}", "Per", 12 * n, 12 * n + 3, "Ann", "f") for n in range(count)]
    mentions += [Mention(f"W{n}", f"X{n}", 0, len(text) - 1, "", "f") for n in range(count if given_tokens else 1)]
    links = [Link("R", f"T{n}", f"T{(7 * n) % count}", "f") for n in range(count)]
    tokens = [(12 * n + a, 12 * n + b) for n in range(count) for a, b in ((0, 3), (4, 7), (8, 10), (10, 11))]
    start = time.monotonic()
    sentences, _ = convert(make(text, *mentions, links=links, tokens=tokens if given_tokens else None))
    assert len(sentences) == 1 and len(sentences[0].tokens) >= 4 * count
    sentences, _ = convert(make(text, *mentions[:count], tokens=tokens if given_tokens else None))
    assert time.monotonic() - start < 20
