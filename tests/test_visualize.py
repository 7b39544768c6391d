"""`cman-tf visualize`: counts that equal the score's, and the page in a real browser."""

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter

import pytest
from browser import expect, overflows, visit
from helpers import ROOT as REPOSITORY
from helpers import call_command, fails_with
from hypothesis import given, settings
from mistakes import HOSTILE, hostile_sentences, make_mistakes, thousand_sentences, write_records
from strategies import annotated_twice

from cman_tf.data.types import ROOT, Entity, Relation, Sentence
from cman_tf.formats.corpus_files import write_corpus
from cman_tf.scoring.conventions import CONVENTIONS
from cman_tf.scoring.score import TASKS, score_sentences
from cman_tf.visualizing.items import describe_alone
from cman_tf.visualizing.page import make_page
from cman_tf.visualizing.scored import score_sentence

STATES = {"hit": "tp", "false": "fp", "miss": "fn"}


@settings(max_examples=50)
@given(annotated_twice())
def test_items_are_what_the_score_counts(pair):
    """As many hits, false alarms and misses as the score has, by every convention; the strict ones by type, too."""
    scores = score_sentences(*pair)
    for convention in CONVENTIONS:
        found = Counter()
        for gold, predicted in zip(*pair):
            scored = score_sentence(gold, predicted, convention)
            for item in (*scored.entities, *scored.relations):
                if item.kind.counted:
                    found[item.kind.task, item.type, item.kind.states[0]] += 1
            for item in scored.relations:  # relations end at entities, counterparts are on the other side
                ends = scored.entities[item.first], scored.entities[item.last]
                assert all(0 <= end.first < end.last <= len(gold.tokens) for end in ends)
            for items in (scored.entities, scored.relations):
                for item in items:
                    if item.counterpart >= 0:
                        assert {item.kind.states, items[item.counterpart].kind.states} == {("miss",), ("false",)}
        for task in TASKS:
            for state, count in STATES.items():
                by_type = {kind: row[count] for kind, row in scores[convention]["per_type"][task].items() if row[count]}
                shown = {kind: n for (of_task, kind, its), n in found.items() if (of_task, its) == (task, state)}
                assert sum(shown.values()) == scores[convention]["micro"][task][count]
                if convention != "boundaries":
                    assert shown == by_type


def test_the_line_about_a_page():
    one = Sentence(("a", "b"), (Entity("X", 0, 1), Entity("X", 1, 2)), (Relation("R", 0, 1),))
    bare = Sentence(("a", "b"))
    nothing = "1 sentence; entities: 0 found, 0 missed, 0 false; relations: 0 found, 0 missed, 0 false"
    assert make_page([bare], [bare], "t").describe() == nothing
    assert make_page([one], None, "t").describe() == "1 sentence; 2 entities; 1 relation"
    assert make_page(None, [bare, one], "t").describe() == "2 sentences; 2 entities; 1 relation"
    both = "1 sentence; entities: 0 found, 2 missed, 0 false; relations: 0 found, 1 missed, 0 false"
    assert make_page([one], [bare], "t").describe() == both


def test_the_root_is_drawn_and_not_counted():
    """DREC's relations to the root have an end that is no entity of the score."""
    sentence = Sentence(("a", "b"), (Entity("Loc", 0, 1), Entity(ROOT, 1, 2)), (Relation("R", 0, 1),))
    scored = [score_sentence(sentence, sentence, convention)[:2] for convention in CONVENTIONS]
    for entities, relations in (describe_alone(sentence), *scored):
        assert [(item.type, item.kind.counted) for item in entities] == [("Loc", True), (ROOT, False)]
        assert (relations[0].first, relations[0].last) == (0, 1)


def test_relations_without_entities():
    """One between two tokens of an entity is a false relation of it to itself; one outside of entities is left out."""
    gold = Sentence(("a", "b", "c"), (Entity("Loc", 0, 2),))
    predicted = Sentence(gold.tokens, gold.entities, unattached_relations=(("R", 0, 1), ("R", 0, 2)))
    for convention in ("strict", "boundaries"):
        (item,) = score_sentence(gold, predicted, convention).relations
        assert (item.first, item.last, item.kind.name, item.kind.states) == (0, 0, "spurious", ("false",))
    page = make_page([gold], [predicted], "t")
    assert page.counts["relations", "false"] == 1
    assert "1 predicted relations have a token in no predicted entity" in page.html


def test_scores_of_predictions_are_kept():
    sentence = Sentence(("a", "b"), (Entity("X", 0, 1), Entity("Y", 1, 2)), (Relation("R", 0, 1),))
    scored = Sentence(*list(vars(sentence).values())[:3], entity_scores=(0.25, 0.5), relation_scores=(0.75,))
    for convention in CONVENTIONS:
        items = score_sentence(sentence, scored, convention)
        assert [item.scores for item in (*items.entities, *items.relations)] == [(0.25,), (0.5,), (0.75,)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """1,000 gold sentences, predictions for them, their page, and their scores, which `score` wrote."""
    folder = tmp_path_factory.mktemp("thousand")
    gold = thousand_sentences()
    write_records(folder / "gold.json", gold)
    write_records(folder / "found.json", make_mistakes(gold))
    data = ("--gold=gold.json", "--predictions=found.json")
    process = call_command("cman_tf.visualize", *data, "--html=page.html", cwd=folder)
    assert process.returncode == 0, process.stderr
    assert call_command("cman_tf.score", *data, "--json=scores.json", cwd=folder).returncode == 0
    (folder / "line.txt").write_text(process.stdout)
    return folder


def scores_of(files):
    return json.loads((files / "scores.json").read_text())


def test_the_command(files):
    """It prints one line, whose counts are the score's; the page is small."""
    micro = scores_of(files)["strict"]["micro"]
    parts = [f"{t}: {micro[t]['tp']} found, {micro[t]['fn']} missed, {micro[t]['fp']} false" for t in TASKS]
    assert (files / "line.txt").read_text() == f"page.html: 1000 sentences; {'; '.join(parts)}\n"
    assert (files / "page.html").stat().st_size < 5_000_000


def test_what_exists_is_kept(files):
    arguments = ("--predictions=found.json", "--html=kept.html")
    (files / "kept.html").write_text("mine")
    process = call_command("cman_tf.visualize", *arguments, cwd=files)
    assert fails_with(process, "kept.html: exists, expected the name of a new file; --overwrite replaces it")
    assert (files / "kept.html").read_text() == "mine"
    process = call_command("cman_tf.visualize", *arguments, "--overwrite", cwd=files)
    assert process.returncode == 0
    assert "1000 sentences; " in process.stdout and " entities; " in process.stdout


def test_mistakes_of_users_are_one_line(tmp_path):
    gold = [Sentence(("a", "b"), (Entity("Loc", 0, 1),))]
    write_records(tmp_path / "gold.json", gold)
    write_records(tmp_path / "other.json", [Sentence(("a", "c"))])
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "folder").mkdir()

    def message(*arguments, command="cman_tf.visualize"):
        process = call_command(command, *arguments, cwd=tmp_path)
        assert process.returncode and not process.stdout and process.stderr.count("\n") == 1, process.stderr
        return process.stderr

    html = "--html=page.html"
    assert "expected --html" in message("--gold=gold.json")
    assert "expected --gold, --predictions, or both" in message(html)
    assert "token 1 is 'c', expected 'b'" in message("--gold=gold.json", "--predictions=other.json", html)
    assert "empty.json: the file is empty" in message("--gold=gold.json", "--predictions=empty.json", html)
    assert "absent.json: No such file" in message("--gold=absent.json", html)
    assert "folder: is a folder" in message("--gold=gold.json", "--html=folder")
    assert "would be overwritten" in message("--gold=gold.json", "--html=gold.json", "--overwrite")
    assert "gold.json: an input, expected --attention with it" in message("gold.json", html)
    assert not (tmp_path / "page.html").exists()


def test_files_of_other_formats(tmp_path):
    """Gold in columns, predictions in DyGIE's lines: what `score` accepts."""
    gold = [
        Sentence(("Ann", "left", "Rome"), (Entity("Peop", 0, 1), Entity("Loc", 2, 3)), (Relation("Left", 0, 1),), "s")
    ]
    write_corpus(gold, str(tmp_path / "gold.txt"), "multihead")
    write_corpus(gold, str(tmp_path / "found.jsonl"), "dygie")
    process = call_command(
        "cman_tf.visualize", "--gold=gold.txt", "--predictions=found.jsonl", "--html=page.html", cwd=tmp_path
    )
    assert "entities: 2 found, 0 missed, 0 false; relations: 1 found" in process.stdout, process.stderr


def test_the_command_starts_at_once():
    """Without TensorFlow, and without the template engine."""
    code = "import sys, cman_tf.visualize, cman_tf.compare; print({'tensorflow', 'jinja2'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def open_all(page):
    """Unfold every part of the page."""
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")


def expect_found(page, text):
    """Wait until the line about what was found begins with this."""
    expect(page.locator("#found")).to_have_text(re.compile(f"^{text} "))


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_a_thousand_sentences_open_at_once(chromium, files, width):
    begin = time.perf_counter()
    with visit(chromium, files / "page.html", width) as page:
        page.locator(".entry .arc").first.wait_for(state="attached")
        assert time.perf_counter() - begin < 3
        assert page.locator(".entry").count() == 20
        assert not overflows(page)
        open_all(page)
        assert not overflows(page)


def cells(page, selector):
    """The texts of a table's rows."""
    return [
        [cell.strip() for cell in row.locator("th, td").all_text_contents()] for row in page.locator(selector).all()
    ]


def test_counts_on_the_page_are_those_of_score(chromium, files):
    scores = scores_of(files)
    with visit(chromium, files / "page.html") as page:
        rows = {tuple(row[:2]): row[2:] for row in cells(page, "#scores tbody tr")}
        for convention in CONVENTIONS:
            for task in TASKS:
                row = scores[convention]["micro"][task]
                rates = [f"{row[name]:.2f}" for name in ("precision", "recall", "f1")]
                assert rows[convention, task] == [*(str(row[name]) for name in ("tp", "fp", "fn")), *rates]
        for task in TASKS:
            micro, types = scores["strict"]["micro"][task], scores["strict"]["per_type"][task]
            shown = {row[0]: row[1:4] for row in cells(page, f".types[data-task={task}] tbody tr")}
            assert shown == {kind: [str(row[name]) for name in ("tp", "fp", "fn")] for kind, row in types.items()}
            kinds = cells(page, f".errors[data-task={task}] tbody tr")
            assert [sum(int(row[n]) for row in kinds) for n in (1, 2)] == [micro["fp"], micro["fn"]]
            assert all(int(row[1]) + int(row[2]) for row in kinds), kinds  # the test has errors of every kind
            head, *matrix = cells(page, f".matrix[data-task={task}] tr")
            numbers = [[int(cell) if cell != "·" else 0 for cell in row[1:]] for row in matrix]
            for number, kind in enumerate(head[1:-1]):
                assert numbers[number][number] == types[kind]["tp"]
                assert sum(numbers[number]) == types[kind]["tp"] + types[kind]["fn"]
                assert sum(row[number] for row in numbers) == types[kind]["tp"] + types[kind]["fp"]
        # What the page's script counts by itself.
        for label, name in (("Hits", "tp"), ("False alarms", "fp"), ("Missed", "fn")):
            expected = sum(scores["strict"]["micro"][task][name] for task in TASKS)
            page.select_option("#kind", label=f"{label} ({expected})")
            assert f"with {expected} selected" in page.locator("#found").inner_text()


def shown_numbers(page):
    return [int(entry.get_attribute("data-number")) for entry in page.locator(".entry").all()]


def test_filters_search_and_sorting(chromium, files):
    with visit(chromium, files / "page.html", "phone") as page:
        page.set_viewport_size({"width": 390, "height": 700})
        assert shown_numbers(page) == list(range(20))
        options = page.locator("#kind option").all_text_contents()
        for text in ("Entities: boundary", "Entities: missed", "Relations: direction", "Relations: argument"):
            assert any(option.startswith(text) for option in options)
        # A kind of error: every sentence has one, and what is not selected is dimmed.
        label = next(option for option in options if option.startswith("Relations: direction"))
        page.select_option("#kind", label=label)
        for entry in page.locator(".entry").all():
            assert "direction" in entry.locator(".facts").inner_text()
            selected = entry.locator(".facts li:not(.dim)").all_inner_texts()
            assert selected and all("direction" in line for line in selected)
        count = int(label.rpartition("(")[2].rstrip(")"))
        assert f"with {count} selected" in page.locator("#found").inner_text()
        # A type beside it.
        before = page.locator("#found").inner_text()
        choices = page.locator("#type option").all_text_contents()
        page.select_option("#type", label=next(choice for choice in choices if "Live_In" in choice))
        assert page.locator("#found").inner_text() != before
        for entry in page.locator(".entry").all():
            assert all("Live_In" in line for line in entry.locator(".facts li:not(.dim)").all_inner_texts())
        page.click("button[type=reset]")
        expect_found(page, "1000 of")
        # Sorting.
        page.select_option("#sort", "marks")
        marks = [int(re.search(r"\d+", text)[0]) for text in page.locator(".entry h3 span").all_inner_texts()]
        assert marks == sorted(marks, reverse=True) and marks[0] > 2
        page.select_option("#sort", "length")
        lengths = [entry.locator(".cell").count() for entry in page.locator(".entry").all()]
        assert lengths == sorted(lengths, reverse=True)
        page.select_option("#sort", "order")
        # Pages, by keyboard.
        page.focus("#next")
        page.keyboard.press("Enter")
        assert shown_numbers(page) == list(range(20, 40))
        page.click("#previous")
        assert shown_numbers(page)[0] == 0 and page.is_disabled("#previous")
        # Search in the text, whatever its case, and in ids.
        word = page.locator(".entry").nth(3).locator(".token").first.inner_text().strip()
        page.fill("#search", word.upper())
        expect_found(page, r"\d{1,3} of")
        assert all(word.lower() in text.lower() for text in page.locator(".entry .tokens").all_inner_texts())
        page.fill("#search", "nothing has this text")
        expect_found(page, "0 of")
        assert page.locator(".entry").count() == 0 and page.is_disabled("#next")
        assert not overflows(page)


def test_ids_are_found(chromium, tmp_path):
    gold = [Sentence(("a",), (Entity("X", 0, 1),), f"doc-{number}") for number in range(3)]
    gold = [Sentence(s.tokens, s.entities, (), f"name {n}", document_id="d") for n, s in enumerate(gold)]
    path = tmp_path / "page.html"
    path.write_text(make_page(gold, None, "t").html)
    with visit(chromium, path) as page:
        page.fill("#search", "NAME 1")
        expect_found(page, "1 of")
        assert shown_numbers(page) == [1]
        assert "Sentence 1 (d) (name 1)" in page.locator(".entry h3").inner_text()


@pytest.mark.parametrize("alone", [False, True])
def test_hostile_text_stays_text(chromium, tmp_path, alone):
    """Nothing in types, tokens and ids runs or leaves its place, at phone width and with every part open."""
    gold = hostile_sentences()
    predicted = [Sentence(s.tokens, (*s.entities[1:], Entity(s.tokens[0], 1, 2)), ()) for s in gold]
    path = tmp_path / "page.html"
    path.write_text(make_page(gold, None if alone else predicted, HOSTILE[1]).html)
    with visit(chromium, path, "phone") as page:
        open_all(page)
        assert page.locator(".entry").count() == len(gold)
        assert page.locator("script").count() == 2 and page.locator("img, [onmouseover], a").count() == 0
        assert not overflows(page)
        for text in HOSTILE[:5]:
            page.fill("#search", text)
            expect(page.locator(".entry .token").first).to_have_text(text)
        assert page.title() == HOSTILE[1]


def test_every_control_has_a_name(chromium, files):
    with visit(chromium, files / "page.html") as page:
        for role in ("combobox", "searchbox", "button"):
            for control in page.get_by_role(role).all():
                assert control.evaluate("(e) => (e.labels?.[0] || e).textContent.trim().length > 1")
        assert page.locator("[role=status]").count() == 1


@pytest.mark.slow
def test_the_screenshots_of_the_documentation(chromium, tmp_path):
    """The script takes them, and those that are there are small."""
    gold = thousand_sentences()[:40]
    paths = [write_records(tmp_path / "gold.json", gold)]
    paths += [write_records(tmp_path / f"{seed}.json", make_mistakes(gold, seed)) for seed in (1, 2)]
    command = [sys.executable, str(REPOSITORY / "scripts" / "screenshots.py"), *map(str, paths), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    names = {path.name for path in tmp_path.glob("*.png")}
    assert names == {"visualize_desktop.png", "visualize_phone.png", "compare_desktop.png"}
    for name in names:
        assert (REPOSITORY / "docs" / "figures" / name).stat().st_size < 150_000
