"""What POST /extract takes: every body gives records and options, or one line with a status."""

import json

import pytest
from helpers import import_extra
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.data.types import Entity, Sentence
from cman_tf.serving.limits import Limits, Refusal

import_extra("serve")
from cman_tf.serving.requests import parse_request  # noqa: E402

pytestmark = pytest.mark.extra(name="serve")
LIMITS = Limits(texts=3, characters=20, entities=1, pair_characters=10)
GIVEN = {"tokens": ["Ann", "left"], "entities": [{"type": "Peop", "start": 0, "end": 1}]}


def parse(value, limits=LIMITS):
    return parse_request(value if isinstance(value, bytes) else json.dumps(value).encode(), limits)


def test_texts_records_and_options():
    records, options = parse({"texts": ["Ann", {"id": 7, "text": ""}, {"tokens": ["東京", "x"]}]})
    assert [record.content for record in records] == ["Ann", "", Sentence(("東京", "x"))]
    assert [record.id for record in records] == [None, 7, None]
    assert options == {"all_scores": False, "split_sentences": False, "given_entities": False, "on_long": "window"}
    _, options = parse({"texts": [], "relation_threshold": 1, "entity_threshold": None, "split_sentences": True})
    assert options["relation_threshold"] == 1 and options["split_sentences"] and "entity_threshold" not in options
    records, _ = parse({"texts": [GIVEN], "given_entities": True})
    assert records[0].content.entities == (Entity("Peop", 0, 1),)


def test_a_byte_order_mark_is_read_over():
    assert parse(b'\xef\xbb\xbf{"texts": ["a"]}')[0][0].content == "a"


@pytest.mark.parametrize(
    "body, status, message",
    [
        (b"", 400, "not JSON (Expecting value"),
        (b"[1", 400, "not JSON ("),
        (b'{"texts": ["\xff"]}', 400, "byte 0xff is not UTF-8"),
        (b"[" * 100_000, 400, "nested too deeply"),
        (b'{"texts": [], "relation_threshold": NaN}', 400, "NaN is no number of JSON"),
        (b'{"texts": [' + b"9" * 5000 + b"]}", 400, "a number of 5000 digits"),
        ([], 422, "[], expected an object such as"),
        ("a\nb", 422, '"a\\nb", expected an object such as'),
        ({}, 422, "no texts, expected an object such as"),
        ({"texts": "Ann"}, 422, 'texts: "Ann", expected a list of texts'),
        ({"texts": None}, 422, "texts: null, expected a list of texts"),
        ({"texts": ["a", 5]}, 422, "texts, item 1: 5, expected a text, or an object"),
        ({"texts": [["a"]]}, 422, "texts, item 0: a list, expected a text, or an object"),
        ({"texts": [{"id": 1}]}, 422, "texts, item 0: no text, expected an object with"),
        ({"texts": [{"tokens": [" "]}]}, 422, "texts, item 0: token 0 is ' '"),
        (b'{"texts": ["\\ud800"]}', 422, "texts, item 0: text with a lone surrogate, which cannot be written as UTF-8"),
        ({"text": ["a"]}, 422, "'text' is an unknown field, did you mean texts?"),
        (b'{"texts": ["a"], "\\ud800": 1}', 422, "'\\ud800' is an unknown field, expected some of texts,"),
        (b'{"texts": ["a"], "on_long": "\\ud800"}', 422, "on_long: "),
        (b'{"texts": [{"id": 1e999, "text": "a"}]}', 422, "texts, item 0: id is Infinity, expected text or a number"),
        (b'{"texts": [{"id": "\\ud800", "text": "a"}]}', 422, "a lone surrogate in it cannot be written as UTF-8"),
        (b'{"texts": [{"tokens": ["\\ud800"]}]}', 422, "token 0 is '\\ud800', a lone surrogate in it cannot be"),
        (b'{"texts": ["a"], "texts": ["b"]}', 422, "the field 'texts' is given 2 times in an object, expected it once"),
        (b'{"texts": [{"text": "a", "text": "b"}]}', 422, "the field 'text' is given 2 times"),
        ({"texts": [{"tokens": ["a"], "entities": 5}]}, 422, "item 0: entities is 5, expected a list of objects with"),
        ({"texts": [{**GIVEN, "tokens": []}]}, 422, "texts, item 0: entities without tokens, expected the tokens"),
        ({"texts": ["", "a"], "given_entities": True}, 422, "texts, item 1: no tokens, expected tokens and entities"),
        ({"texts": [], "<b>": 1}, 422, "'<b>' is an unknown field, expected some of texts,"),
        ({"texts": [], "all_scores": 1}, 422, "all_scores: 1, expected true or false"),
        ({"texts": [], "relation_threshold": 1.5}, 422, "relation_threshold: 1.5, expected a number from 0 to 1"),
        ({"texts": [], "relation_threshold": "0.5"}, 422, 'relation_threshold: "0.5", expected a number from 0 to 1'),
        ({"texts": [], "relation_threshold": True}, 422, "relation_threshold: true, expected a number from 0 to 1"),
        ({"texts": [], "on_long": "cut"}, 422, 'on_long: "cut", expected window or error'),
        ({"texts": ["a"] * 4}, 413, "a request: 4 texts, expected at most 3"),
        ({"texts": ["a", "b" * 21]}, 413, "texts, item 1: 21 characters, expected at most 20"),
        ({"texts": [{"tokens": ["b" * 11] * 2}]}, 413, "texts, item 0: 22 characters, expected at most 20"),
        ({"texts": ["b" * 11], "all_scores": True}, 413, "11 characters, expected at most 10"),
        ({"texts": ["b" * 11], "relation_threshold": 0}, 413, "11 characters, expected at most 10"),
        ({"texts": [GIVEN, GIVEN], "given_entities": True}, 413, "2 given entities, expected at most 1"),
    ],
)
def test_what_is_refused(body, status, message):
    with pytest.raises(Refusal) as caught:
        parse(body)
    assert caught.value.status == status and message in caught.value.message
    assert caught.value.message.isprintable() and len(caught.value.message) < 510


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["texts", "relation_threshold", "entity_threshold", "all_scores", "on_long", "given_entities"])
BODIES = st.binary(max_size=30) | st.dictionaries(NAMES, JSON, max_size=4).map(lambda value: json.dumps(value).encode())


@given(BODIES)
def test_any_body_is_read_or_refused(body):
    try:
        records, options = parse_request(body, LIMITS)
    except Refusal as refusal:
        assert refusal.status in (400, 413, 422) and refusal.message.isprintable()
    else:
        assert len(records) <= LIMITS.texts and set(options) >= {"all_scores", "on_long"}
