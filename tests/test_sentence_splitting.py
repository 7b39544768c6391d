"""Cutting text into sentences."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.data.sentence_splitting import split_sentences

TEXTS = st.one_of(st.text(), st.text("aB. \n!?。”)\r'Dr1", max_size=60))


def cut(text, keep=()):
    return [text[start:end] for start, end in split_sentences(text, keep)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Dr. Lee left. | He lives in Rome.",
        "J. A. Smith met Robert F. Kennedy. | Then he left.",
        "He is in the U.S. Army. | She is in the U.S. | She left.",
        "It works for Acme Inc. of Ohio. | It grew in Jan. 1963. | The End.",
        "It was 3.5 km, at 5 p.m. and e.g. Rome, as Lee et al. (2010) say.",
        'Go! | Where? | "No!" he said. | "Stop." | (He did.) | Then…  so… | Well',
        "It rose in 1999. | 12 men left.",
        "see example.org. | It has www.a.b/c.d too.",
        "東京に住む。|「はい。」と言った。|本当？|はい",
        "张三住在北京。|他走了！|好",
        "वह गया।|वह आया।",
        "He said 'no.' | Then (as she saw.) | [Notes.] | “Why?” | So.",
    ],
)
def test_borders(text):
    parts = [part.strip() for part in text.split("|")]
    assert cut(text.replace("| ", "").replace("|", "")) == [part for part in parts if part]


def test_lines_are_joined_and_paragraphs_are_not():
    text = "Report on Orion Labs\n\nAda Reed, who was born in Rome,\nworks there.\r\nShe lives\nin Paris\r\n \r\nEnd"
    assert cut(text) == [
        "Report on Orion Labs",
        "Ada Reed, who was born in Rome,\nworks there.",
        "She lives\nin Paris",
        "End",
    ]


def test_nothing_is_cut_inside_of_a_mention_or_a_pair():
    text = "He works for Yahoo! Inc. there. He met Ann. Bob left."
    start = text.index("Ann")
    assert cut(text)[-2:] == ["He met Ann.", "Bob left."]
    assert cut(text, [(start, start + len("Ann. Bob"))])[-1] == "He met Ann. Bob left."
    assert cut("One\n\ntwo. Three", [(0, 7)]) == ["One\n\ntwo.", "Three"]
    assert cut("Ann. Bob", [(0, 4), (5, 8)]) == ["Ann.", "Bob"]


@given(TEXTS, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=5))
def test_every_character_lies_in_one_sentence(text, spans):
    keep = [(min(span), min(max(span), len(text))) for span in spans if min(span) < min(max(span), len(text))]
    found = split_sentences(text, keep)
    end_before = 0
    for start, end in found:
        assert end_before <= start < end and text[start:end] == text[start:end].strip()
        assert not text[end_before:start].strip()
        end_before = end
    assert not text[end_before:].strip()
    for start, end in keep:
        inner = text[start:end].strip()
        first = start + len(text[start:end]) - len(text[start:end].lstrip())
        assert not inner or any(s <= first and first + len(inner) <= e for s, e in found)


@pytest.mark.parametrize("piece", [".", " ", ". ", "\n", "\n ", ".)", "a", "(. ", "。"])
def test_time_is_linear(piece):
    text = piece * (200_000 // len(piece))
    begin = time.process_time()
    split_sentences(text, [(i, i + 3) for i in range(0, len(text), 10)])
    assert time.process_time() - begin < 3
