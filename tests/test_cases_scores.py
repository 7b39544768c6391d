"""Cases from the field that touch scores: each has a small test with the right value. See test_cases_formats.py."""

import json

import pytest
from case_inputs import record, row, run, write_json
from helpers import fails_with

ANN = record("Ann in Oslo", ("Per", 0, 1), ("Loc", 2, 3), relations=[("In", 0, 1)])


def score(folder, gold, predicted, *arguments, code=0):
    """Score records; returns the process and what --json writes."""
    files = [write_json(folder / f"{name}.json", *records) for name, records in (("gold", gold), ("found", predicted))]
    output = folder / "scores.json"
    process = run(
        "score",
        f"--gold={files[0]}",
        f"--predictions={files[1]}",
        f"--json={output}",
        "--overwrite",
        *arguments,
        code=code,
    )
    return process, json.loads(output.read_text(), parse_constant=pytest.fail) if not code else None


def micro(scores, task, convention="strict"):
    rates = scores[convention]["micro"][task]
    return tuple(rates[name] for name in ("tp", "fp", "fn", "f1"))


def test_case_36_nothing_to_score_is_not_zero(tmp_path):
    nothing = record("Ann left")
    process, scores = score(tmp_path, [nothing], [nothing])
    assert micro(scores, "entities") == (0, 0, 0, 0.0)  # a number, and counts that tell it apart
    lines = process.stdout.splitlines()
    for task in ("entities", "relations"):
        assert f"{task}: nothing to score, in the data or the predictions" in lines
        assert row(process, f"{task}, micro") == ["0", "0", "0", "-", "-", "-"]
    assert "mean of strict micro F1 of both tasks: -" in lines
    entities = {**ANN, "relations": []}
    process, scores = score(tmp_path, [entities], [entities])
    assert "entities: nothing" not in process.stdout and "relations: nothing to score" in process.stdout
    assert scores["stop_score"] == 100.0
    process, _ = score(tmp_path, [entities], [{**entities, "entities": []}])
    assert row(process, "entities, micro") == ["0", "0", "2", "0.00", "0.00", "0.00"]


def test_case_38_a_pair_that_was_no_candidate_is_a_miss(tmp_path):
    _, scores = score(tmp_path, [ANN], [{**ANN, "entities": ANN["entities"][:1], "relations": []}])
    assert micro(scores, "relations") == (0, 0, 1, 0.0) and micro(scores, "entities")[:3] == (1, 0, 1)
    process, scores = score(tmp_path, [ANN, ANN], [{**ANN, "relations": []}] * 2)
    assert micro(scores, "relations") == (0, 0, 2, 0.0)
    assert row(process, "relations, micro") == ["0", "0", "2", "0.00", "0.00", "0.00"]
    assert "relations: nothing to score" not in process.stdout


def test_case_39_duplicates_count_once(tmp_path):
    twice, thrice = ({**ANN, "relations": ANN["relations"] * count} for count in (2, 3))
    process, scores = score(tmp_path, [twice], [thrice])
    assert micro(scores, "relations") == (1, 0, 0, 100.0)
    assert process.stderr.startswith("1 duplicate relation: ") and "gold.json, record 0, relation 1" in process.stderr
    fails_with(score(tmp_path, [twice], [thrice], "--strict", code=1)[0], "relation 1: In from entity 0 to 1 is given")


def test_case_41_macro_names_its_types_and_is_a_mean_of_f1(tmp_path):
    """A and D have an F1 of 2/3, B is only predicted, C is in the training data alone.

    The mean of F1 over the four is 33.3; F1 of the mean precision and recall (37.5 each) would be 37.5.
    """
    tokens = "a b c d"
    gold = record(tokens, ("A", 0, 1), ("A", 1, 2), ("D", 2, 3))
    found = record(tokens, ("A", 0, 1), ("D", 2, 3), ("D", 1, 2), ("B", 3, 4))
    train = write_json(tmp_path / "train.json", record("a", ("C", 0, 1)))
    process, scores = score(tmp_path, [gold], [found], f"--labels_of={train}")
    macro = scores["strict"]["macro"]["entities"]
    assert scores["macro_rule"] == "all labels" and macro["types"] == 4
    assert (macro["precision"], macro["recall"]) == (37.5, 37.5) and macro["f1"] == pytest.approx(100 / 3)
    assert (
        "macro: mean over the types, all labels; F1 is the mean of their F1, not F1 of the mean P and R"
        in process.stdout
    )
    _, scores = score(tmp_path, [gold], [found])
    assert scores["macro_rule"] == "seen labels" and scores["strict"]["macro"]["entities"]["types"] == 3


def test_case_45_files_that_do_not_belong_together(tmp_path):
    bo = record('Bo left , and she went home after a long day with a " in it')
    quotes = {**bo, "tokens": [token.replace('"', "”") for token in bo["tokens"]]}
    fails_with(score(tmp_path, [ANN, bo], [ANN], code=1)[0], "1 predicted sentences, expected 2")
    message = (
        "sentence 0: predicted for 'Bo left , and she went home after a long', expected the gold file's 'Ann in Oslo'"
    )
    fails_with(score(tmp_path, [ANN, bo], [bo, ANN], code=1)[0], message)
    process, _ = score(tmp_path, [ANN, bo], [ANN, quotes], code=1)
    fails_with(process, "sentence 1: predicted for 'Bo left", "token 13 is '”', expected '\"'")
    process, _ = score(tmp_path, [ANN, bo], [ANN, {**bo, "tokens": bo["tokens"][:-1]}], code=1)
    fails_with(process, "15 tokens, expected 16")
