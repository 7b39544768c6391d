"""What an extraction shows and gives to writers."""

import json
import math

import cman_tf
from cman_tf.data.types import Entity, Relation, validate_sentence
from cman_tf.inference.extraction import ExtractedEntity, ExtractedRelation, Extraction
from cman_tf.inference.showing import show_extraction

TEXT = " Ann left.\n Bo Lee lives in Rome. "
TOKENS = ("Ann", "left", ".", "Bo", "Lee", "lives", "in", "Rome", ".")
OFFSETS = ((1, 4), (5, 9), (9, 10), (12, 14), (15, 18), (19, 24), (25, 27), (28, 32), (32, 33))
ANN = ExtractedEntity("Ann", "Peop", 0, 1, 1, 4, 0.912345)
BO = ExtractedEntity("Bo Lee", "Peop", 3, 5, 12, 18, 1.0)
ROME = ExtractedEntity("Rome", "Loc", 7, 8, 28, 32, math.nan)
FOUND = Extraction(
    TEXT,
    TOKENS,
    OFFSETS,
    (ANN, BO, ROME),
    (ExtractedRelation(BO, "Live_In", ROME, 0.75), ExtractedRelation(ANN, "Live_In", ROME, 0.6)),
    (ExtractedRelation(ROME, "Live_In", BO, 0.1),),
    (("Live_In", 1, 8), ("Live_In", 4, 6)),
    ((0, 3), (3, 9)),
    2,
)


def test_plain_values():
    plain = json.loads(json.dumps(FOUND.to_dict(), allow_nan=False))
    assert plain["entities"][0] == {
        "type": "Peop",
        "start": 0,
        "end": 1,
        "char_start": 1,
        "char_end": 4,
        "text": "Ann",
        "score": 0.9123,
    }
    assert plain["entities"][2]["score"] is None
    relation = {"type": "Live_In", "head": 1, "tail": 2, "score": 0.75, "head_text": "Bo Lee", "tail_text": "Rome"}
    assert plain["relations"][0] == relation
    assert plain["candidates"][0]["score"] == 0.1
    assert (plain["pieces"], plain["sentences"], len(plain["ungrounded"])) == (2, [[0, 3], [3, 9]], 2)
    assert Extraction().to_dict() == {"text": "", "tokens": [], "offsets": [], "entities": [], "relations": []}


def test_sentences_for_writers():
    one, two = sentences = list(FOUND.to_sentences("d", "d"))
    for sentence in sentences:
        validate_sentence(sentence, "here")
    assert "".join(sentence.text for sentence in sentences) == TEXT
    assert (one.entities, one.relations, one.id, one.document_id) == ((Entity("Peop", 0, 1),), (), "d.0", "d")
    assert two.entities == (Entity("Peop", 0, 2), Entity("Loc", 4, 5))
    assert (two.relations, two.relation_scores) == ((Relation("Live_In", 0, 1),), (0.75,))
    assert two.entity_scores == (1.0, 0.0)
    assert two.unattached_relations == (("Live_In", 1, 3),)
    assert list(Extraction("  ").to_sentences()) == []


def test_text_for_people():
    shown = show_extraction(FOUND)
    assert shown.startswith(TEXT + "\n  Peop: Ann (0.91)\n")
    assert shown.endswith("  Ann -- Live_In -> Rome (0.60)\n  ? Rome -- Live_In -> Bo Lee (0.10)")
    assert str(FOUND) == shown[: shown.index("\n  ?")]
    coloured = show_extraction(FOUND, colours=True)
    assert "\033[" in coloured and "\033[" not in shown
    assert "\033" not in show_extraction(Extraction("\033[31mAnn"))


def test_it_is_public():
    assert cman_tf.Extraction is Extraction
    assert repr(FOUND) == f"Extraction({TEXT!r}, 3 entities, 2 relations)"
