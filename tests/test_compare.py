"""`cman-tf compare`: what one system finds and another misses, and the page about it."""

import json

import pytest
from browser import overflows, visit
from helpers import call_command, fails_with
from hypothesis import given, settings
from hypothesis import strategies as st
from mistakes import HOSTILE, hostile_sentences, make_mistakes, thousand_sentences, write_records
from strategies import annotated_twice, sentences

from cman_tf.comparing.comparison import compare_predictions
from cman_tf.comparing.outcomes import OUTCOMES, compare_sentence
from cman_tf.comparing.page import render_comparison
from cman_tf.comparing.tables import format_comparison
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.scoring.bootstrap import paired_bootstrap
from cman_tf.scoring.conventions import CONVENTIONS
from cman_tf.scoring.score import TASKS, score_sentences

TOKENS = tuple("abcdef")
A, B, C = Entity("X", 0, 1), Entity("X", 2, 3), Entity("Y", 4, 6)
GOLD = Sentence(TOKENS, (A, B, C), (Relation("R", 0, 1), Relation("R", 1, 2)))


def test_by_hand():
    one = Sentence(TOKENS, (A, B, Entity("Y", 4, 5)), (Relation("R", 0, 1),))
    other = Sentence(TOKENS, (A, C, Entity("Y", 4, 5)), (Relation("R", 0, 1),))
    comparison = compare_predictions([GOLD], [one], [other])
    assert {name: n for name, n in comparison.totals("entities").items() if n} == {
        **{"both": 1, "only_a": 1, "only_b": 1, "false_both": 1}
    }
    assert comparison.by_type["entities"]["Y"]["only_b"] == 1
    # B's relation ends at an entity of another span, so that it is false.
    counts = {name: n for name, n in comparison.by_type["relations"]["R"].items() if n}
    assert counts == {"only_a": 1, "neither": 1, "false_b": 1}
    assert comparison.summary()["sentences"] == [
        {
            "number": 0,
            "id": "",
            "entities": {"only_a": [("X", 2, 3)], "only_b": [("Y", 4, 6)]},
            "relations": {"only_a": [("R", ("X", 0, 1), ("X", 2, 3))], "false_b": [("R", ("X", 0, 1), ("Y", 4, 6))]},
        }
    ]


@st.composite
def annotated_thrice(draw):
    gold, one = draw(annotated_twice())
    return gold, one, [draw(sentences(tokens=sentence.tokens)) for sentence in gold]


@settings(max_examples=30)
@given(annotated_thrice(), st.sampled_from(list(CONVENTIONS)))
def test_sums_are_those_of_the_scores(corpora, convention):
    """Hits, misses and false alarms of both are the score's, by type; exchanging A and B exchanges the outcomes."""
    gold, one, other = corpora
    found = [compare_sentence(*row, convention) for row in zip(gold, one, other)]
    swapped = [compare_sentence(*row, convention) for row in zip(gold, other, one)]
    names = {"only_a": "only_b", "only_b": "only_a", "false_a": "false_b", "false_b": "false_a"}
    for ours, theirs in zip(found, swapped):
        assert ours.differs == theirs.differs
        for facts, exchanged in zip(ours.outcomes, theirs.outcomes):
            assert {fact: names.get(name, name) for fact, name in facts.items()} == exchanged
    for view, predicted in enumerate((one, other)):
        scores = score_sentences(gold, predicted)[convention]["per_type"]
        for number, task in enumerate(TASKS):
            for kind, row in scores[task].items():
                states = [
                    OUTCOMES[outcome][1][view]
                    for sentence in found
                    for fact, outcome in sentence.outcomes[number].items()
                    if fact[0] == kind
                ]
                counts = [states.count(state) for state in ("hit", "false", "miss")]
                assert counts == [row["tp"], row["fp"], row["fn"]]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Gold sentences and two prediction files, and what the command writes about them."""
    folder = tmp_path_factory.mktemp("compared")
    gold = thousand_sentences()[:200]
    write_records(folder / "gold.json", gold)
    write_records(folder / "a.json", make_mistakes(gold, 1))
    write_records(folder / "b.json", make_mistakes(gold, 2))
    arguments = ("a.json", "b.json", "--gold=gold.json", "--html=page.html", "--json=result.json")
    process = call_command("cman_tf.compare", *arguments, cwd=folder)
    assert process.returncode == 0, process.stderr
    (folder / "shown.txt").write_text(process.stdout)
    return folder


def test_the_command(files):
    """The difference and its interval are those of score --compare_with; the table has every type."""
    result, shown = json.loads((files / "result.json").read_text()), (files / "shown.txt").read_text()
    score = call_command(
        "cman_tf.score",
        *("--gold=gold.json", "--predictions=a.json", "--compare_with=b.json", "--json=scores.json"),
        cwd=files,
    )
    assert score.returncode == 0
    scores = json.loads((files / "scores.json").read_text())
    assert result["difference"] == scores["bootstrap"]
    for task in TASKS:
        assert result["a"]["micro"][task] == scores["strict"]["micro"][task]
        assert result["a"]["per_type"][task] == scores["strict"]["per_type"][task]
        totals, it = result["totals"][task], result["difference"][task]
        assert totals["both"] + totals["only_a"] == result["a"]["micro"][task]["tp"]
        assert totals["both"] + totals["only_b"] == result["b"]["micro"][task]["tp"]
        assert totals["neither"] + totals["only_a"] == result["b"]["micro"][task]["fn"]
        assert totals["false_both"] + totals["false_b"] == result["b"]["micro"][task]["fp"]
        assert f"{it['difference']:+.2f} {it['low']:+.2f} to {it['high']:+.2f}" in " ".join(shown.split())
        for kind in result["by_type"][task]:
            assert f"\n{kind} " in shown
    assert shown.startswith("A: a.json\nB: b.json\n200 sentences, A and B differ in ")
    assert result["counts"]["different_sentences"] == len(result["sentences"])


def test_the_same_files_do_not_differ(files):
    process = call_command("cman_tf.compare", "a.json", "./a.json", "--gold=gold.json", cwd=files)
    assert "A: a.json\nB: ./a.json\n200 sentences, A and B differ in 0\n" in process.stdout
    assert "+0.00  +0.00 to +0.00  1.0000" in process.stdout


def test_other_conventions():
    """By boundaries, a wrong type is no difference; the bootstrap is of the same convention."""
    gold, one = [GOLD], [Sentence(TOKENS, (A, Entity("Z", 2, 3)))]
    other = [Sentence(TOKENS, (A, B))]
    assert compare_predictions(gold, one, other).sentences[0].differs
    comparison = compare_predictions(gold, one, other, "boundaries")
    assert not comparison.sentences[0].differs
    assert comparison.differences == paired_bootstrap(gold, one, other, "boundaries")
    assert "boundaries, micro" in format_comparison(comparison)


def test_mistakes_of_users_are_one_line(files):
    (files / "kept.json").write_text("mine")
    (files / "empty.json").write_text("")
    write_records(files / "short.json", [GOLD])
    gold = "--gold=gold.json"
    for arguments, message in (
        (("a.json", gold), "1 arguments, expected two"),
        (("a.json", "b.json"), "expected --gold"),
        (
            ("a.json", "b.json", gold, "--json=kept.json"),
            "kept.json: exists, expected the name of a new file",
        ),
        (("a.json", "b.json", gold, "--html=x", "--json=x"), "x: named for two outputs"),
        (("a.json", "b.json", gold, "--html=a.json", "--overwrite"), "a.json: would be overwritten"),
        (("a.json", "empty.json", gold), "empty.json: the file is empty"),
        (("a.json", "short.json", gold), "1 predicted sentences, expected 200"),
    ):
        process = call_command("cman_tf.compare", *arguments, cwd=files)
        assert fails_with(process, message) and process.stderr.count("\n") == 1 and not process.stdout
    assert (files / "kept.json").read_text() == "mine"


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_the_page(chromium, files, width):
    """It has the counts of the JSON, opens with what differs, and its filter shows what one system finds."""
    result = json.loads((files / "result.json").read_text())
    with visit(chromium, files / "page.html", width) as page:
        assert not overflows(page)
        for task in TASKS:
            cells = page.locator(f".outcomes[data-task={task}] tr.all td").all_inner_texts()
            assert [int(cell) for cell in cells] == [result["totals"][task][name] for name in OUTCOMES]
        found = page.locator("#found").inner_text()
        assert found.startswith(f"{len(result['sentences'])} of {len(result['sentences'])} sentences")
        entry = page.locator(".entry").first
        assert int(entry.get_attribute("data-number")) == result["sentences"][0]["number"]
        assert [title[:2] for title in entry.locator("h4").all_inner_texts()] == ["A:", "B:"]
        count = result["totals"]["relations"]["only_a"]
        page.select_option("#kind", label=f"Relations: only A finds it ({count})")
        assert f"with {count} selected" in page.locator("#found").inner_text()
        for drawing, symbol in enumerate("✓○"):
            drawn = page.locator(".entry").first.locator(".sentence").nth(drawing)
            assert drawn.locator(".facts li:not(.dim) .symbol").first.inner_text() == symbol
        assert not overflows(page)


def test_hostile_text_stays_text(chromium, tmp_path):
    gold = hostile_sentences()
    one = [Sentence(s.tokens, s.entities[1:], ()) for s in gold]
    comparison = compare_predictions(gold, one, gold)
    path = tmp_path / "page.html"
    path.write_text(render_comparison(comparison, [HOSTILE[1], HOSTILE[3]]))
    assert json.loads(json.dumps(comparison.summary()))["counts"]["different_sentences"] == len(gold)
    with visit(chromium, path, "phone") as page:
        assert page.locator(".entry").count() == len(gold)
        assert page.locator("script").count() == 2 and page.locator("img, [onmouseover], a").count() == 0
        assert not overflows(page)
