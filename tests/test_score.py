"""Scores by hand, and the score command."""

import json
import shutil
import subprocess
import sys

import pytest
from helpers import ROOT, call_command, fails_with, run_command
from hypothesis import given
from hypothesis import strategies as st
from strategies import annotated_twice
from strategies import sentences as any_sentences

from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.errors import DataError
from cman_tf.formats.spert_json import dump_json
from cman_tf.scoring.score import score_sentences, stop_score
from cman_tf.scoring.tables import score_table

TOKENS = tuple("abcdefgh")

A, B, C = Entity("Peop", 0, 2), Entity("Loc", 3, 4), Entity("Org", 5, 6)


def gold_and_predicted():
    gold = [
        Sentence(TOKENS, (A, B, C), (Relation("Live_In", 0, 1), Relation("Work_For", 0, 2))),
        Sentence(TOKENS, (B,)),
    ]
    predicted = [
        # C has the wrong type, so Work_For is wrong too; a relation backwards is wrong.
        Sentence(
            TOKENS,
            (Entity("Loc", 5, 6), B, A),
            (Relation("Work_For", 2, 0), Relation("Live_In", 2, 1), Relation("Live_In", 1, 2)),
        ),
        # B has the wrong span.
        Sentence(TOKENS, (Entity("Loc", 3, 5),)),
    ]
    return gold, predicted


def test_by_hand():
    scores = score_sentences(*gold_and_predicted())
    # Entities: right A and B; false Loc(5, 6) and Loc(3, 5); missed C and the second B.
    entities = scores["strict"]["micro"]["entities"]
    assert (entities["tp"], entities["fp"], entities["fn"]) == (2, 2, 2)
    assert (entities["precision"], entities["recall"], entities["f1"]) == (50.0, 50.0, 50.0)
    # Relations: right Live_In(A, B); false Work_For(A, Loc) and Live_In(B, A); missed Work_For.
    relations = scores["strict"]["micro"]["relations"]
    assert (relations["tp"], relations["fp"], relations["fn"]) == (1, 2, 1)
    assert relations["precision"] == pytest.approx(100 / 3)
    assert relations["recall"] == 50.0
    assert relations["f1"] == pytest.approx(40.0)
    loc = scores["strict"]["per_type"]["entities"]["Loc"]
    assert (loc["tp"], loc["fp"], loc["fn"]) == (1, 2, 1)
    work = scores["strict"]["per_type"]["relations"]["Work_For"]
    assert (work["tp"], work["fp"], work["fn"], work["f1"]) == (0, 1, 1, 0.0)
    assert scores["counts"] == {
        "sentences": 2,
        "tokens": 16,
        "gold_entities": 4,
        "predicted_entities": 4,
        "gold_relations": 2,
        "predicted_relations": 3,
    }
    assert stop_score(scores) == scores["stop_score"] == pytest.approx(45.0)
    json.dumps(scores)
    assert "entities, micro" in score_table(scores)
    assert "mean of strict micro F1 of both tasks: 45.00" in score_table(scores)


def test_nothing_to_score():
    empty = [Sentence(TOKENS)]
    micro = score_sentences(empty, empty)["strict"]["micro"]
    assert micro["entities"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "tp": 0, "fp": 0, "fn": 0}


def test_predictions_of_other_sentences():
    gold, predicted = gold_and_predicted()
    with pytest.raises(DataError, match="1 predicted sentences, expected 2"):
        score_sentences(gold, predicted[:1])
    with pytest.raises(DataError, match="sentence 1: predicted for 'x', expected"):
        score_sentences(gold, [predicted[0], Sentence(("x",))])


@pytest.mark.e2e
def test_score_needs_no_tensorflow(tmp_path, eight_sentences):
    gold = eight_sentences / "test.json"
    code = (
        "import runpy, sys; sys.modules['tensorflow'] = None;"
        f"sys.argv = ['score', '--gold={gold}', '--predictions={gold}'];"
        "runpy.run_module('cman_tf.score', run_name='__main__')"
    )
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert "100.00" in process.stdout


SAMPLE = ROOT / "cman_tf" / "sample"


@pytest.mark.e2e
def test_scores_do_not_overwrite_what_they_are_of(tmp_path):
    gold, found = (shutil.copy(SAMPLE / "dev.json", tmp_path / name) for name in ("gold.json", "found.json"))
    text = gold.read_text()
    for output in (gold, found):
        process = run_command("cman_tf.score", f"--gold={gold}", f"--predictions={found}", f"--json={output}")
        fails_with(process, f"{output}: would be overwritten while it is read, expected another file to write")
        assert output.read_text() == text


@pytest.mark.parametrize("command", ["score", "check", "evaluate"])
def test_a_file_that_exists_is_kept_without_overwrite(command, tmp_path):
    gold, kept = SAMPLE / "dev.json", tmp_path / "kept.json"
    kept.write_text("mine")
    arguments = {
        "score": (f"--gold={gold}", f"--predictions={gold}"),
        "check": (str(gold),),
        "evaluate": ("--model_dir=conll04", f"--data={gold}"),
    }[command]
    process = call_command(f"cman_tf.{command}", *arguments, f"--json={kept}")
    fails_with(process, f"{kept}: exists, expected the name of a new file; --overwrite replaces it")
    assert kept.read_text() == "mine"
    if command != "evaluate":
        assert call_command(f"cman_tf.{command}", *arguments, f"--json={kept}", "--overwrite").returncode == 0
        assert json.loads(kept.read_text())


@given(st.lists(any_sentences(flat=True), min_size=1, max_size=4))
def test_a_file_scored_against_itself_is_right(gold):
    scores = score_sentences(gold, gold)
    for convention in ("strict", "boundaries", "relaxed"):
        for task in ("entities", "relations"):
            rates = scores[convention]["micro"][task]
            expected = 100.0 if any(getattr(sentence, task) for sentence in gold) else 0.0
            assert (rates["precision"], rates["recall"], rates["f1"]) == (expected,) * 3
            assert rates["fp"] == rates["fn"] == 0


@given(annotated_twice())
def test_gold_and_predicted_swapped(both):
    """Precision and recall are swapped, too. Not in relaxed, where gold spans are given."""
    one, other = both
    scores, swapped = score_sentences(one, other), score_sentences(other, one)
    for convention in ("strict", "boundaries"):
        for task in ("entities", "relations"):
            rates, swapped_rates = (table[convention]["micro"][task] for table in (scores, swapped))
            assert rates["precision"] == swapped_rates["recall"]
            assert rates["recall"] == swapped_rates["precision"]
            assert rates["f1"] == swapped_rates["f1"]


def test_the_file_of_problems_replaces_nothing_else(tmp_path, sentences):
    """Neither what is read nor a file that is not its own; its own of an earlier call it does."""
    gold, other = tmp_path / "gold.json", tmp_path / "other.txt"
    gold.write_text(dump_json(sentences))
    other.write_text("kept")
    call = [f"--gold={gold}", f"--predictions={gold}"]
    for path, reason in ((gold, "exists and is no file of problems"), (other, "exists and is no file of problems")):
        before = path.read_text()
        process = call_command("cman_tf.score", *call, f"--problems={path}")
        assert process.returncode == 1 and reason in process.stderr and process.stderr.count("\n") == 1
        assert path.read_text() == before
    for _ in range(2):
        assert call_command("cman_tf.score", *call, f"--problems={tmp_path / 'new'}").returncode == 0


def test_odd_types_do_not_reach_the_terminal(tmp_path):
    """Control and bidirectional characters are replaced, and long names shortened."""
    kinds = ("\x1b[31mRED\n\rx", "\u202eabc", "x" * 3000)
    entities = tuple(Entity(kind, place, place + 1) for place, kind in enumerate(kinds))
    gold = tmp_path / "gold.json"
    gold.write_text(dump_json([Sentence(("a", "b", "c"), entities)]))
    process = call_command("cman_tf.score", f"--gold={gold}", f"--predictions={gold}")
    assert process.returncode == 0, process.stderr
    table = process.stdout.partition("\n\n")[2].partition("\n\n")[0]
    assert not {"\x1b", "\r", "\u202e"} & {*process.stdout} and "[31mRED" in table
    assert max(map(len, table.splitlines())) < 200 and len(table.splitlines()) == 2 + len(kinds) + 2
