"""The page of tune-thresholds in a real browser, with types that hold anything."""

import numpy as np
import pytest
from browser import overflows, visit
from mistakes import HOSTILE

from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.inference.decoding import Output
from cman_tf.tuning.page import render_thresholds
from cman_tf.tuning.tables import format_tuning
from cman_tf.tuning.tune import tune

KINDS = [*HOSTILE, "Live_In"]


def make_report():
    """A report of some sentences whose relations have all these types."""
    generator = np.random.default_rng(0)
    pairs = np.array([[0, 1], [1, 0]])
    gold, outputs = [], []
    for number in range(40):
        entities = (Entity("Peop", 0, 1), Entity("Loc", 1, 2))
        relation = Relation(KINDS[number % len(KINDS)], 0, 1)
        gold.append(Sentence(("Ann", "Rome"), entities, (relation,)))
        scores = generator.random((2, len(KINDS)))
        outputs.append(Output(["B-Peop", "B-Loc"], generator.uniform(0.5, 1, 2), pairs, scores))
    labels = {"entities": ["Loc", "Peop"], "relations": KINDS}
    _, report = tune(gold, outputs, KINDS, labels, fewest=0)
    data = {"file": HOSTILE[0], "sentences": len(gold)}
    source = {"model_dir": HOSTILE[1], "checkpoint": "best/ckpt-1", "data": data, "constrain_types": HOSTILE[2]}
    return {"source": source, **report}


@pytest.mark.parametrize(("width", "scheme"), [("phone", "dark"), ("desktop", "light")])
def test_the_page(chromium, tmp_path, width, scheme):
    report, path = make_report(), tmp_path / "page.html"
    path.write_text(render_thresholds(report))
    with visit(chromium, path, width, scheme) as page:
        assert not overflows(page)
        assert page.locator("figure svg").count() == len(KINDS) + 1 + 3
        assert page.locator("main script, main img, main b").count() == 0
        shown = page.locator("table").first.locator("tr td:first-child").all_text_contents()
        assert shown == ["entities", *KINDS]
        page.locator("summary").first.focus()
        page.keyboard.press("Enter")
        assert page.locator("details[open] table").is_visible()
    assert "Live_In" in format_tuning(report)
