"""The report's tables of scores, conventions and training details (experiments/tables.py)."""

from result_makers import collect, full_scores, make_result, write_everything, write_results

from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.figure_leads import make_figure_lead_table
from cman_tf.experiments.lines import ResultFolder
from cman_tf.experiments.tables import (
    Table,
    format_mean,
    make_cited_table,
    make_convention_tables,
    make_score_table,
    make_training_table,
    print_table,
)


def by_model(table):
    return {row[0]: dict(zip(table.header, row)) for row in table.rows}


def test_scores_beside_the_papers(tmp_path):
    for seed, f1 in ((1, 80.0), (2, 82.0)):
        write_results(tmp_path, {f"cells/dynamic_cman_gru-words-seed{seed}": make_result(f1, seed, cell="gru")})
    table = make_score_table(EXPERIMENTS["cells"], collect(tmp_path, "cells"))
    assert by_model(table)["dynamic CMAN, GRU"]["entities F1"] == "81.00 ± 1.41"
    assert table.rows[1][2:] == ("81.00 ± 1.41", "88.58", "-7.58", "81.00 ± 1.41", "69.57", "+11.43", "2")
    assert by_model(table)["dynamic CMAN, BiLSTM"]["entities F1"] == "not run"
    assert table.notes == ("Paper: TNNLS table VI.", "The characters' BiLSTM stays in every row.")


def test_columns_without_content_are_left_out(tmp_path):
    table = make_score_table(EXPERIMENTS["label_gate"], collect(tmp_path, "label_gate"))
    assert table.header == ("model", "inputs", "entities F1", "relations F1", "runs")
    assert Table("", ("a", "b"), (("", "x"), ("", ""))).without_empty_columns().header == ("b",)


def test_ade_is_macro(tmp_path):
    scores = full_scores()
    scores["strict"]["macro"]["relations"]["f1"] = 12.0
    content = {**make_result(0, 1), "test": scores}
    write_results(tmp_path, {"ade/dynamic_cman-words-fold0-seed1": content})
    table = make_score_table(EXPERIMENTS["ade"], collect(tmp_path, "ade"))
    assert table.caption == "Strict macro F1 on test"
    row = by_model(table)["dynamic CMAN"]
    assert (row["relations F1"], row["runs"]) == ("12.00", "1 of 10")


def test_other_systems():
    table = make_cited_table("conll04")
    assert ("SpERT, Eberts and Ulges 2019 (BERT)", "88.94", "71.47", "IJCAI table 1, TNNLS table I") in table.rows
    assert "as printed" in table.notes[0]
    assert make_cited_table("ade").notes == ()


def test_conventions(tmp_path):
    """Results that hold strict micro scores only are left out."""
    write_everything(tmp_path)
    write_results(tmp_path, {"conll04/cman-words-seed1": make_result(50.0, 1, model="cman")})
    entities, relations = make_convention_tables(collect(tmp_path), "CoNLL04")
    assert [row[0] for row in entities.rows] == ["Multi-head + AT", "dynamic CMAN"]
    assert by_model(entities)["dynamic CMAN"]["strict micro"] == "100.00"
    assert (
        by_model(relations)["dynamic CMAN"]["relaxed macro"]
        == f"{full_scores()['relaxed']['macro']['relations']['f1']:.2f}"
    )
    assert "strict macro without Other" in entities.header
    assert [*make_convention_tables([], "ADE")] == []


def test_training_details(tmp_path):
    """Each run in a row of its own: how it ended, and its protocol where not all have the same."""
    ends = {"a": (180, 100, 30), "b": (130, 100, 30), "c": (90, 80, 30), "d": (90, 80, 0)}
    for name, (epochs, best, patience) in ends.items():
        content = {**make_result(50.0, 1), "epochs": epochs, "best_epoch": best}
        content["flags"]["patience"] = patience
        write_results(tmp_path, {f"sub/{name}": content})
    results = [ResultFolder(tmp_path).read(path) for path in (tmp_path / "sub").iterdir()]
    table = make_training_table(results, tmp_path)
    assert [(row[0], row[-1]) for row in table.rows] == [
        ("sub/a.json", "limit"),
        ("sub/b.json", "patience"),
        ("sub/c.json", "neither"),
        ("sub/d.json", "neither"),
    ]
    assert table.notes[-1] == "Protocol of every run: best dev epoch."
    results[0]["protocol"] = "two stages"
    assert make_training_table(results, tmp_path).header[-1] == "protocol"


def test_leads_in_a_figures_last_group(tmp_path):
    write_everything(tmp_path)
    table = make_figure_lead_table(collect(tmp_path), "length", "by_length")
    assert table.rows == (("dynamic CMAN", "words", "test", "+0.00", "+11.06", "+0.00", "+22.03", "2 and 1"),)
    assert table.caption.endswith("(50 and more)")
    assert make_figure_lead_table([], "length", "by_length").rows == ()


def test_print_table(capsys):
    print_table(Table("caption", ("a", "b"), (("x", "1"),), ("a note",)), "title")
    assert capsys.readouterr().out == "\ntitle: caption\na  b\n-  -\nx  1\na note\n"


def test_format_mean():
    assert [format_mean(values) for values in ([], [80.0], [80.0, 82.0])] == ["not run", "80.00", "81.00 ± 1.41"]
