"""The page about attention: which sentences, the numbers in it, and its controls in a real browser."""

import base64
import json
import re

import numpy as np
import pytest
from browser import expect, overflows, visit
from helpers import ROOT, call_command, fails_with
from mistakes import HOSTILE

from cman_tf.attention_view.page import pack, render_attention, write_attention_page
from cman_tf.attention_view.selection import choose_sentences, parse_numbers
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.errors import DataError
from cman_tf.inference.attended import SentenceAttention
from cman_tf.inference.decoding import Prediction

GOLDEN = ROOT / "tests" / "golden"


def make_attention(tokens, kinds=("Live_In", "Work_For")):
    """Two heads that attend to the token itself, and to all alike."""
    length = len(tokens)
    weights = np.stack([np.eye(length), np.full((length, length), 1 / length)])
    entities = (Entity("Peop", 0, 1), Entity("Loc", length - 1, length))
    prediction = Prediction(Sentence(tuple(tokens), entities, (Relation(kinds[0], 0, 1),)), (0.9, 0.8), (0.75,))
    pairs = np.zeros((length, length, len(kinds)))
    pairs[0, -1, 1] = 0.625
    units = {"self_attention_1": weights, "label_attention_1": weights}
    gates = {"label_gate_1": np.linspace(0, 1, 4 * length).reshape(length, 4)}
    return SentenceAttention(tuple(tokens), ("B-Peop", *["O"] * (length - 1)), prediction, kinds, units, gates, pairs)


def test_numbers():
    assert parse_numbers("1,3-5") == [1, 3, 4, 5] and parse_numbers(" 2 , 2") == [2]
    for text in ("", "0", "1,", "3-1", "a", "1-", "-1", "1.5", "١"):
        with pytest.raises(DataError, match="expected numbers from 1 and ranges, as in 1,3-5"):
            parse_numbers(text)
    for text in ("1-21", "1-999999999", ",".join(map(str, range(1, 22)))):
        with pytest.raises(DataError, match="expected at most 20 sentences"):
            parse_numbers(text)


def test_sentences_are_counted_over_all_inputs(tmp_path):
    (tmp_path / "a.txt").write_text("Ann left.\n\nBo is in Rome.\n")
    (tmp_path / "b.jsonl").write_text('{"tokens": ["Ann", "Lee"]}\n{"text": "' + "x " * 121 + '"}\n')
    paths = [str(tmp_path / "a.txt"), str(tmp_path / "b.jsonl")]
    found = choose_sentences(paths, [3, 1], "auto", "default")
    assert [(number, s.tokens) for number, s in found] == [(3, ("Ann", "Lee")), (1, ("Ann", "left", "."))]
    with pytest.raises(DataError, match="sentence 4: 121 tokens, expected at most 120"):
        choose_sentences(paths, [4], "auto", "default")
    with pytest.raises(DataError, match="--sentences=9: .* has 4 sentences, expected one from 1 to 4"):
        choose_sentences(paths, [9], "auto", "default")
    with pytest.raises(DataError, match="no such file"):
        choose_sentences([str(tmp_path / "c")], [1], "auto", "default")


def test_the_numbers_are_in_the_page():
    html = render_attention([(7, make_attention(("Ann", "in", "Rome")))], "runs/<x>")
    assert "runs/&lt;x&gt;" in html and "<x>" not in html
    data = json.loads(re.search(r'id="data">(.*?)</script>', html, re.S)[1])
    (sentence,) = data["sentences"]
    assert sentence["number"] == 7 and sentence["units"][0]["entropy"] == [0.0, 1.58]
    raw = np.frombuffer(base64.b64decode(sentence["units"][0]["heads"][1]), ">u2") / 65535
    np.testing.assert_allclose(raw, 1 / 3, atol=1e-5)
    assert len(pack(np.zeros((3, 3)))) == 24


@pytest.mark.parametrize(("width", "scheme"), [("phone", "dark"), ("desktop", "light")])
def test_the_page(chromium, tmp_path, width, scheme):
    path = tmp_path / "page.html"
    shown = [(1, make_attention(("Ann", "lives", "in", "Rome"))), (4, make_attention(("Bo", "left")))]
    write_attention_page(path, shown, "runs/x")
    with visit(chromium, path, width, scheme) as page:
        assert not overflows(page)
        titles = ["Label gate", "Self-attention 1", "Label attention 1", "Relation scores"]
        assert page.locator("#sentence h2").all_text_contents() == titles
        expect(page.locator("table tr")).to_have_count(5)
        section = page.locator("section").first
        section.get_by_role("button", name="head 1").click()
        expect(section.locator("button[aria-pressed=true]")).to_contain_text("head 1")
        large = section.locator(".large canvas")
        large.focus()
        expect(section.locator(".readout")).to_contain_text("attends to")
        assert "with 1.0000" in section.locator(".readout").inner_text()
        page.keyboard.press("ArrowRight")
        assert re.search("Ann.*attends to.*lives.*with 0.0000", section.locator(".readout").inner_text())
        last = page.locator("section").last
        expect(last.locator("button[aria-pressed=true]")).to_contain_text("Work_For")  # which has the highest score
        page.get_by_label("Sentence").select_option("1")
        expect(page.locator("table tr")).to_have_count(3)


def test_hostile_text_stays_text(chromium, tmp_path):
    tokens = [*HOSTILE[:6], "x" * 10_000, "Rome"]
    path = tmp_path / "page.html"
    write_attention_page(path, [(1, make_attention(tokens, (HOSTILE[0], "y" * 10_000)))], HOSTILE[0])
    with visit(chromium, path, "phone") as page:
        assert not overflows(page)
        assert page.locator("#sentence img, #sentence script, #sentence b").count() == 0
        expect(page.locator("section")).to_have_count(3)


@pytest.mark.e2e
def test_the_command(tmp_path):
    (tmp_path / "text.txt").write_text("Ann left.\nIn Rome, Ann Lee works for Fox.\n")
    arguments = ["--attention", f"--html={tmp_path}/page.html", "--sentences=2,1", f"{tmp_path}/text.txt"]
    process = call_command("cman_tf.visualize", f"--model_dir={GOLDEN}/dynamic_cman", *arguments)
    assert process.returncode == 0, process.stderr
    assert process.stdout == f"{tmp_path}/page.html: attention in 2 sentences\n"
    data = json.loads(re.search(r'id="data">(.*?)</script>', (tmp_path / "page.html").read_text(), re.S)[1])
    assert [s["number"] for s in data["sentences"]] == [2, 1] and data["sentences"][0]["entities"]
    for wrong, message in (
        ([], "page.html: exists, expected the name of a new file"),
        (["--overwrite", "--gold=x"], "--attention and --gold, expected one of them"),
        (["--overwrite", f"--model_dir={GOLDEN}/multihead"], "the multi-head baseline, which has no attention"),
        (["--overwrite", "--sentences=3"], "has 2 sentences, expected one from 1 to 2"),
        (["--overwrite", "--sentences=x"], "expected numbers from 1 and ranges"),
    ):
        process = call_command("cman_tf.visualize", f"--model_dir={GOLDEN}/dynamic_cman", *arguments, *wrong)
        fails_with(process, message)
    fails_with(call_command("cman_tf.visualize", *arguments[:2]), "expected one or more files")
    fails_with(
        call_command("cman_tf.visualize", "--html=x.html", "text.txt"), "text.txt: an input, expected --attention"
    )
