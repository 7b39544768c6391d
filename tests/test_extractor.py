"""Extraction from Python: texts, tokens, given entities, thresholds, threads."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers import ROOT

import cman_tf
from cman_tf import Document, Entity, Sentence
from cman_tf.errors import DataError
from cman_tf.inference.pieces import MAX_TOKENS

GOLDEN = ROOT / "tests" / "golden" / "dynamic_cman"
TEXT = "In Rome, Ann Lee works for Fox."


@pytest.fixture(scope="module")
def model(golden):
    return golden(GOLDEN.name)


@pytest.fixture(scope="module")
def found(model):
    return model.extract(TEXT)


def places(found):
    """The types and places of what was found, without the scores, which depend on the batch in their last digits."""
    entities = [(e.type, e.start, e.end, e.start_char, e.text) for e in found.entities]
    return entities, [(r.head.start, r.type, r.tail.start) for r in found.relations]


def test_what_is_found(found):
    assert [(e.type, e.text) for e in found.entities] == [("Loc", "Rome"), ("Peop", "Ann Lee"), ("Org", "Fox")]
    for entity in found.entities:
        assert found.text[entity.start_char : entity.end_char] == entity.text
        assert " ".join(found.tokens[entity.start : entity.end]) == entity.text
        assert 0 < entity.score <= 1
    assert {(r.head.text, r.type, r.tail.text) for r in found.relations} >= {("Ann Lee", "Work_For", "Fox")}
    assert all(r.head in found.entities and r.tail in found.entities and r.score > 0.5 for r in found.relations)
    assert (found.pieces, found.sentences) == (1, ((0, len(found.tokens)),))


def test_an_extraction_is_still_read_as_a_dictionary(found):
    assert found["entities"] == found.to_dict()["entities"] == dict(found)["entities"]
    assert found["relations"][0]["head"] in range(3)


def test_the_model_says_what_it_knows(model):
    assert model.entity_types == ("Loc", "Org", "Peop")
    assert "Work_For" in model.relation_types
    assert "dynamic_cman" in repr(model) and "Work_For" in repr(model)


def test_every_kind_of_input_gives_the_same(model, found):
    sentence = Sentence(found.tokens, text=found.text, offsets=found.offsets)
    assert model.extract(sentence) == model.extract(Document("d", (sentence,))) == found
    together = model.extract([TEXT, "", sentence])
    assert [places(one) for one in together] == [places(found), ([], []), places(found)]
    tokens = model.extract(tokens=list(found.tokens))
    assert tokens.text == " ".join(found.tokens)
    assert [(e.type, e.start, e.end) for e in tokens.entities] == [(e.type, e.start, e.end) for e in found.entities]
    assert all(tokens.text[e.start_char : e.end_char] == e.text for e in tokens.entities)
    assert model.extract("").tokens == model.extract(tokens=[]).tokens == ()


def test_a_stream_is_read_in_blocks(model, found):
    read = []

    def texts():
        for number in range(1300):
            read.append(number)
            yield TEXT if number == 1200 else "Ann left."

    stream = model.stream(texts())
    next(stream)
    assert len(read) < 1000  # not all before the first result
    assert places(list(stream)[1199]) == places(found)
    with pytest.raises(TypeError, match="text 600 is int"):
        list(model.stream(["Ann left."] * 600 + [3]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"Ann", r"text is bytes, expected str.*decode\('utf-8'\)"),
        (None, "text is NoneType, expected str"),
        (3, "text is int, expected str"),
        ({"text": "Ann"}, "text is dict, expected str"),
        (["Ann", None], "text 1 is NoneType, expected str"),
        (["Ann", b"Bo"], "text 1 is bytes, expected str"),
        ((text for text in ["Ann"]), "text is generator.*for many texts call stream"),
    ],
)
def test_wrong_texts(model, text, message):
    with pytest.raises(TypeError, match=message):
        model.extract(text)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tokens": "Ann"}, TypeError, "tokens is one text, expected a list of tokens"),
        ({"tokens": 3}, TypeError, "tokens is int, expected a list of tokens"),
        ({"tokens": ["Ann", 3]}, TypeError, "tokens: item 1 is int"),
        ({"tokens": ["Ann", " "]}, DataError, "tokens: item 1 is ' '"),
        ({"text": "Ann", "tokens": ["Ann"]}, TypeError, "both given"),
        ({"text": "Ann", "entities": []}, TypeError, "entities without tokens"),
        ({"tokens": ["Ann"], "entities": [("Peop", 0, 2)]}, DataError, "span 0 to 2.*within 1 tokens"),
        ({"tokens": ["Ann"], "entities": [("Ship", 0, 1)]}, DataError, "type 'Ship', expected one of Loc, Org, Peop"),
        ({"tokens": ["Ann"], "entities": "Peop"}, TypeError, "entities is str, expected a list of entities"),
        ({"tokens": ["Ann"], "entities": [3]}, TypeError, "entity 0 is 3, expected cman_tf.Entity"),
        ({"text": "Ann", "relation_threshold": "0.5"}, TypeError, "relation_threshold is str"),
        ({"text": "Ann", "entity_threshold": float("nan")}, DataError, "entity_threshold is nan"),
        ({"text": "Ann", "on_long": "cut"}, DataError, "on_long is 'cut', expected one of window, error"),
        ({"text": "Ann", "batch_tokens": 0}, DataError, "batch_tokens is 0"),
        ({"text": "Ann\ud83d"}, DataError, "character 3 is a lone surrogate, which cannot be written as UTF-8"),
    ],
)
def test_wrong_options(model, options, error, message):
    with pytest.raises(error, match=message):
        model.extract(**options)


def test_a_text_where_texts_are_expected(model):
    for call in (model.extract_all, model.stream):
        with pytest.raises(TypeError, match="expected a list"):
            call("Ann")


def test_a_stream_takes_no_entities(model):
    with pytest.raises(TypeError, match="entities is no option of stream"):
        model.stream(["Ann"], entities=[])


def test_relations_of_given_entities(model, found):
    given = model.extract(tokens=found.tokens, entities=found.entities)
    assert [(e.type, e.start, e.end) for e in given.entities] == [(e.type, e.start, e.end) for e in found.entities]
    assert [(r.head.text, r.type, r.tail.text) for r in given.relations] == [
        (r.head.text, r.type, r.tail.text) for r in found.relations
    ]
    nested = [Entity("Org", 0, 8), ("Peop", 3, 5), {"type": "Org", "start": 7, "end": 8}, ("Org", 7, 8)]
    overlapping = model.extract(tokens=found.tokens, entities=nested, all_scores=True)
    assert [(e.start, e.end) for e in overlapping.entities] == [(0, 8), (3, 5), (7, 8), (7, 8)]
    count = len(overlapping.relations) + len(overlapping.candidates)
    assert count == 12 * len(model.relation_types)
    sentence = Sentence(found.tokens, tuple(Entity(e.type, e.start, e.end) for e in found.entities))
    assert model.extract([sentence], given_entities=True) == [given]


@pytest.mark.parametrize("name", ["dynamic_cman", "multihead"])
def test_thresholds_and_candidates(name, golden):
    model = golden(name)
    found, every = model.extract(TEXT), model.extract(TEXT, all_scores=True)
    assert every.relations == found.relations
    assert every.candidates and all(r.score <= 0.5 for r in every.candidates)
    pairs = len(found.entities) * (len(found.entities) - 1)
    assert len(every.relations) + len(every.candidates) == pairs * len(model.relation_types)
    assert every.unattached_relations == found.unattached_relations
    low = model.extract(TEXT, relation_threshold=0.001)
    assert {r for r in (*every.relations, *every.candidates) if r.score > 0.001} == {*low.relations}
    assert model.extract(TEXT, relation_threshold=1).relations == ()
    scores = sorted(e.score for e in found.entities)
    high = model.extract(TEXT, entity_threshold=scores[1])
    assert len(high.entities) == len(scores) - 1
    assert all(r.head in high.entities and r.tail in high.entities for r in high.relations)
    # The relations of given entities are those that are found for them.
    given = model.extract(tokens=found.tokens, entities=found.entities)
    assert [(r.head.start, r.type, r.tail.start) for r in given.relations] == [
        (r.head.start, r.type, r.tail.start) for r in found.relations
    ]


def test_allowed_types_and_symmetric_relations(found, tmp_path):
    kind = found.relations[0].type
    pair = [found.relations[0].head.type, found.relations[0].tail.type]
    file = tmp_path / "types.json"
    file.write_text(json.dumps({kind: [pair[::-1]]}))
    model = cman_tf.load(GOLDEN, constrain_types=file, symmetric_relations=[kind])
    assert sum(r.type == kind for r in model.extract(TEXT).relations) == 1
    with pytest.raises(DataError, match="no signatures.json, as an earlier version"):
        cman_tf.load(GOLDEN, constrain_types="train")
    with pytest.raises(DataError, match="symmetric relation 'Spouse', expected one of"):
        cman_tf.load(GOLDEN, symmetric_relations=["Spouse"])
    with pytest.raises(TypeError, match="one text, expected a list"):
        cman_tf.load(GOLDEN, symmetric_relations="Spouse")


def test_long_text(model, found):
    """Case 57: 1,000 tokens, entities near the end, and a relation across token 400, where a window ends."""
    tokens = (list(found.tokens) * 125)[:1000]
    long = model.extract(tokens=tokens)
    assert len(long.tokens) == 1000 and long.pieces == long.to_dict()["pieces"] == 3
    assert [e.start for e in long.entities if e.text == "Rome"] == [*range(1, 1000, len(found.tokens))]
    assert all(long.text[e.start_char : e.end_char] == e.text for e in long.entities)
    assert len({(e.start, e.end) for e in long.entities}) == len(long.entities)
    assert len({(r.head, r.type, r.tail) for r in long.relations}) == len(long.relations)
    near, far = ("Peop", 395, 397), ("Org", 403, 404)
    given = model.extract(tokens=tokens, entities=[near, far, ("Org", 900, 901)], all_scores=True)
    pairs = {(r.head.start, r.tail.start) for r in (*given.relations, *given.candidates)}
    assert pairs == {
        (395, 403),
        (403, 395),
    }  # across token 400, where a window ends; the third entity is in no window with another
    with pytest.raises(DataError, match=f"a sentence of 1000 tokens, expected at most {MAX_TOKENS}"):
        model.extract(tokens=tokens, on_long="error")


def test_texts_are_split_into_sentences(model):
    document = model.extract(f"{TEXT} {TEXT}\n\nAnn left.", split_sentences=True)
    assert len(document.sentences) == document.pieces == 3
    assert len(document.to_dict()["sentences"]) == 3
    half = len(model.extract(TEXT).tokens)
    assert all((r.head.start < half) == (r.tail.start < half) for r in document.relations)
    assert all(document.text[e.start_char : e.end_char] == e.text for e in document.entities)
    assert model.extract(Document("d", (), document.text)) == document


def test_batches_and_order_do_not_matter(model):
    """Case 27 and 48: falling and rising lengths, alone or together, in batches of any size."""
    texts = [" ".join([TEXT] * count) for count in (5, 1, 3, 0, 2, 4)] + ["Oslo"]
    alone = [model.extract(text) for text in texts]
    for batch_tokens in (1, 30, 10_000):
        together = model.extract(texts, batch_tokens=batch_tokens)
        for one, other in zip(alone, together):
            assert [(e.type, e.start, e.text) for e in one.entities] == [
                (e.type, e.start, e.text) for e in other.entities
            ]
            assert [e.score for e in one.entities] == pytest.approx([e.score for e in other.entities], abs=1e-5)
            assert [r.score for r in one.relations] == pytest.approx([r.score for r in other.relations], abs=1e-5)


def test_eight_threads(model):
    texts = [" ".join(["x"] * (number % 7) + [TEXT] * (1 + number % 3)) for number in range(200)]
    expected = [model.extract(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(model.extract, texts)) == expected


def test_old_names(model, found):
    assert model.extract_all([TEXT], 100) == [found]
    with pytest.raises(DataError, match="no trained model here"):
        cman_tf.load("absent")


def test_nothing_is_compiled_twice(model):
    """Case 52: lengths from 1 to 120 in any order run the same compiled functions."""
    for length in (1, 120, 7, 60, 2):
        model.extract(tokens=["x"] * length)
    decoders = model._predictor._decoders.values()
    assert all(decoder.experimental_get_tracing_count() <= 1 for decoder in decoders)
