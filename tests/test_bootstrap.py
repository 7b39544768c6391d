"""The paired bootstrap over sentences."""

import dataclasses
import json

import pytest
from helpers import fails_with, run_command

from cman_tf.data.types import Entity, Sentence
from cman_tf.errors import DataError
from cman_tf.formats.spert_json import dump_json
from cman_tf.scoring.bootstrap import paired_bootstrap
from cman_tf.scoring.score import score_sentences


def corpus(count):
    return [Sentence((f"w{number}", "x"), (Entity("Loc", 0, 1),)) for number in range(count)]


def without_entities(gold, numbers):
    return [dataclasses.replace(s, entities=()) if n in numbers else s for n, s in enumerate(gold)]


def test_difference_is_that_of_the_scores(sentences):
    worse = [dataclasses.replace(s, relations=s.relations[:1], entities=s.entities) for s in sentences]
    for convention in ("strict", "boundaries", "relaxed"):
        found = paired_bootstrap(sentences, sentences, worse, convention, samples=50)
        for task in ("entities", "relations"):
            both = [score_sentences(sentences, side)[convention]["micro"][task]["f1"] for side in (sentences, worse)]
            assert found[task].difference == pytest.approx(both[0] - both[1])


def test_a_clear_difference_is_beyond_chance_and_a_small_one_is_not():
    gold = corpus(100)
    clear = paired_bootstrap(gold, gold, without_entities(gold, range(30)), samples=1000)["entities"]
    assert clear.p < 0.01
    assert 0 < clear.low < clear.difference < clear.high
    a, b = without_entities(gold, {0, 1, 2, 3}), without_entities(gold, {4, 5, 6, 7, 8})
    unclear = paired_bootstrap(gold, a, b, samples=1000)["entities"]
    assert unclear.p > 0.5
    assert unclear.low < 0 < unclear.high


def test_swapping_the_models_swaps_the_sign():
    gold = corpus(40)
    a, b = without_entities(gold, {0, 1, 2, 3}), without_entities(gold, {2})
    one, other = paired_bootstrap(gold, a, b)["entities"], paired_bootstrap(gold, b, a)["entities"]
    assert (other.difference, other.low, other.high) == pytest.approx((-one.difference, -one.high, -one.low))
    assert other.p == one.p
    assert one == paired_bootstrap(gold, a, b)["entities"]  # the same seed draws the same samples


def test_the_p_value_keeps_its_promise():
    """Where both models err on random sentences, p is below 0.1 in about a tenth of the corpora."""
    import random

    generator = random.Random(1)
    gold = corpus(60)
    below = 0
    for _ in range(100):
        a, b = ({n for n in range(60) if generator.random() < 0.3} for _ in range(2))
        found = paired_bootstrap(gold, without_entities(gold, a), without_entities(gold, b), samples=300)
        below += found["entities"].p < 0.1
    assert 2 <= below <= 22


def test_the_same_predictions():
    gold = corpus(5)
    assert paired_bootstrap(gold, gold, gold, samples=20)["entities"] == (0, 0, 0, 1)


@pytest.mark.e2e
def test_score_compares_two_prediction_files(tmp_path):
    gold = corpus(50)
    for name, sentences in (("gold", gold), ("good", gold), ("poor", without_entities(gold, range(20)))):
        (tmp_path / f"{name}.json").write_text(dump_json(sentences))
    files = [f"--gold={tmp_path}/gold.json", f"--predictions={tmp_path}/good.json", f"--json={tmp_path}/s.json"]
    process = run_command("cman_tf.score", *files, f"--compare_with={tmp_path}/poor.json")
    assert process.returncode == 0, process.stderr
    found = json.loads((tmp_path / "s.json").read_text())
    assert found["bootstrap"]["entities"]["difference"] == pytest.approx(25.0)
    assert found["source"]["compare_with"]["file"] == "poor.json"
    line = next(line for line in process.stdout.splitlines() if line.startswith("entities, strict micro"))
    assert "+25.00" in line
    short = tmp_path / "short.json"
    short.write_text(dump_json(gold[:3]))
    fails_with(
        run_command("cman_tf.score", *files, f"--compare_with={short}", "--overwrite"),
        "3 predicted sentences, expected 50",
    )


def test_other_sentences_and_none():
    gold = corpus(3)
    with pytest.raises(DataError, match="2 predicted sentences, expected 3"):
        paired_bootstrap(gold, gold, gold[:2])
    with pytest.raises(DataError, match="no sentences"):
        paired_bootstrap([], [], [])
