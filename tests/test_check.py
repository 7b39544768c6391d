"""`cman-tf check`: what a corpus holds, what cannot be learned, what splits share, whether training would start."""

import json

from helpers import ROOT, call_command

from cman_tf.checking.check_corpus import check_sentences
from cman_tf.checking.page import render_page
from cman_tf.checking.statistics import Statistics
from cman_tf.data.types import Entity, Relation, Sentence

BANK = Sentence(
    ("Bank", "of", "China", "opened"),
    (Entity("Org", 0, 3), Entity("Loc", 2, 3), Entity("Agent", 0, 3)),
    (Relation("In", 0, 1), Relation("Own", 2, 1), Relation("Has", 0, 2)),
)


def test_overlapping_entities_and_the_recall_that_is_left():
    """One BIO tag a token holds one of three overlapping entities, and none of the relations (case 15)."""
    statistics = Statistics()
    statistics.add(BANK)
    summary = statistics.summary()
    assert summary["overlapping_entities"] == 2
    assert summary["relations_on_overlapping_entities"] == 3
    assert summary["reachable_recall"] == {"entities": 33.33, "relations": 0.0}
    checked = check_sentences("train", "a.json", [BANK], "default")
    assert checked.statistics.examples["entities"] == ["Org: Bank of China", "Loc: China", "Agent: Bank of China"]


def test_lengths_distances_signatures_and_duplicates():
    one = Sentence(("a", "b", "c", "d"), (Entity("X", 0, 1), Entity("Y", 3, 4)), (Relation("R", 1, 0),))
    statistics = Statistics()
    for sentence in (one, Sentence(("a",)), one):
        statistics.add(sentence)
    summary = statistics.summary()
    assert summary["lengths"] == {"smallest": 1, "mean": 3.0, "largest": 4, "median": 4, "95_percent": 4}
    assert summary["distances"]["largest"] == 2  # b and c stand between
    assert summary["signatures"] == [{"type": "R", "head": "Y", "tail": "X", "count": 2}]
    assert summary["duplicate_sentences"] == 1


def test_a_mention_inside_a_token_of_the_predict_tokenizer():
    """Case 8: a model that reads raw text cannot find it, and check says so."""
    sentence = Sentence(
        ("anti-", "Gadhafi", "forces"),
        (Entity("Peop", 1, 2),),
        text="anti-Gadhafi forces",
        offsets=((0, 5), (5, 12), (13, 19)),
    )
    fit = check_sentences("train", "a", [sentence], "default").summary()["tokenizer"]
    assert (fit["mentions_inside_tokens"], fit["agreeing_percent"]) == (1, 0.0)
    assert fit["examples_inside_tokens"] == ["Gadhafi"]
    assert check_sentences("train", "a", [sentence], "hyphens").summary()["tokenizer"]["mentions"] == 1


def test_the_sample_would_train(tmp_path):
    process = call_command("cman_tf.check", "sample", f"--json={tmp_path}/c.json", f"--html={tmp_path}/c.html")
    assert process.returncode == 0, process.stderr
    result = json.loads((tmp_path / "c.json").read_text())
    assert [corpus["name"] for corpus in result["corpora"]] == ["train", "dev", "test"]
    train = json.loads((ROOT / "cman_tf" / "sample" / "train.json").read_text())
    assert result["corpora"][0]["sentences"] == len(train)
    assert result["ready"] and "training would start" in process.stdout
    page = (tmp_path / "c.html").read_text()
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")


def test_what_stops_training_gives_an_exit_code(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"tokens": ["a"]}\n' * 5)
    process = call_command("cman_tf.check", str(path))
    assert process.returncode == 1
    assert "a.jsonl: no entities, expected some to train on" in process.stdout
    assert process.stdout.endswith("training would not start\n")


def test_the_page_escapes_everything():
    hostile = '<script>alert("x")</script>'
    sentence = Sentence((hostile, "b"), (Entity(hostile, 0, 1), Entity("Y", 1, 2)), (Relation(hostile, 0, 1),))
    checked = check_sentences(hostile, hostile, [sentence], "default")
    page = render_page(
        {
            "corpora": [checked.summary()],
            "shared": {},
            "remarks": [hostile],
            "problems": [hostile],
            "problem_counts": {},
            "obstacles": [hostile],
            "ready": False,
        }
    )
    assert "<script" not in page and page.count("&lt;script&gt;") > 5
