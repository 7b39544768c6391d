"""The statements for a graph database."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import documents

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.formats.cypher import quote_name, quote_text, write_statements

STRING = r"'(?:[^'\\]|\\.)*'"
NAME = r"`(?:[^`]|``)*`"
NODE = rf"\(\w:{NAME} {{name: {STRING}}}\)"
STATEMENT = re.compile(
    rf"MERGE {NODE};|MERGE {NODE} MERGE {NODE} MERGE \(h\)-\[r:{NAME} {{sentence: {STRING}, sentence_id: {STRING}, "
    rf"document_id: {STRING}(?:, \w+: \d+){{4}}}}\]->\(t\)(?: SET r\.score = [\d.e-]+)?;"
)


def test_statements():
    entities = (Entity("Per", 0, 1), Entity("Loc", 3, 4), Entity("Act", 1, 2))
    sentence = Sentence(("Ann's", "home", "in", "Rome"), entities, (Relation("Live`In", 0, 1),), relation_scores=(0.5,))
    alone, joined = write_statements([sentence], Problems())
    assert alone == "MERGE (n:`Act` {name: 'home'});\n"
    assert joined == (
        "MERGE (h:`Per` {name: 'Ann\\'s'}) MERGE (t:`Loc` {name: 'Rome'}) MERGE (h)-[r:`Live``In` "
        "{sentence: 'Ann\\'s home in Rome', sentence_id: '0', document_id: '', "
        "head_start: 0, head_end: 5, tail_start: 14, tail_end: 18}]->(t) SET r.score = 0.5;\n"
    )


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("a\\", r"'a\\'"),
        ("\\u0027", r"'\\\u00750027'"),
        ("\\\\U0027", r"'\\\\\u00550027'"),
        ("a\n\t'\"\u2028", r"'a\n\t\'\"\u2028'"),
    ],
)
def test_text_cannot_end_its_quotation(text, quoted):
    assert quote_text(text) == quoted


def test_a_name_cannot_end_its_backticks():
    assert quote_name("a\\u0060b`c\n") == r"`a\u005Cu0060b``c\u000A`"


@given(corpus=st.lists(documents(), min_size=1, max_size=2), text=st.text())
def test_every_statement_is_one_line(corpus, text):
    for line in write_statements([s for document in corpus for s in document], Problems()):
        assert STATEMENT.fullmatch(line.rstrip("\n")) and len(line.splitlines()) == 1
    assert re.fullmatch(STRING, quote_text(text)) and re.fullmatch(NAME, quote_name(text))
