"""Every group of runs in one table, and a new result beside its paper's."""

from result_makers import make_result, write_results

from cman_tf.experiments.lines import ResultFolder
from cman_tf.experiments.overview import describe_timings, format_beside_paper, list_groups, make_overview_table


def test_like_runs_are_averaged_and_unlike_ones_apart(tmp_path):
    """By model, the unchanged model first."""
    results = (
        make_result(80.0, 1),
        make_result(82.0, 2),
        make_result(70.0, 1, label_gate=False),
        make_result(60.0, 1, hidden_size=64),
        make_result(50.0, 1, model="cman"),
        {**make_result(90.0, 1), "label_source": "gold"},  # stands there with predicted labels, too
    )
    write_results(tmp_path, {f"r{number}": content for number, content in enumerate(results)})
    table = make_overview_table(list_groups(ResultFolder(tmp_path).read_all()), "")
    assert [(row[1], row[3], row[5]) for row in table.rows] == [
        ("cman", "50.00", "1"),
        ("dynamic_cman", "81.00 ± 1.41", "2"),
        ("dynamic_cman, hidden_size=64", "60.00", "1"),
        ("dynamic_cman, label_gate=False", "70.00", "1"),
    ]


def test_settings_that_do_not_apply_are_not_named(tmp_path):
    fixed, best = (make_result(60.0, 1, protocol=name, epochs=20) for name in ("fixed_epochs", "best_dev"))
    write_results(tmp_path, {"a": {**fixed, "protocol": "fixed"}, "b": best})
    table = make_overview_table(list_groups(ResultFolder(tmp_path).read_all()), "")
    names = ["dynamic_cman, protocol=best dev epoch", "dynamic_cman, protocol=fixed, epochs=20"]
    assert sorted(row[1] for row in table.rows) == names


def test_timings(tmp_path):
    write_results(tmp_path, {"timing/good": make_result(80.0, 1), "timing/bad": {**make_result(80.0, 1), "time": []}})
    folder = ResultFolder(tmp_path, strict=False)
    (sentence,) = describe_timings(folder)
    assert "takes 12.5 s and scoring dev 1.5 s: median of 9 epochs on 2 cores" in sentence
    assert ["bad.json: time is []" in problem for problem in folder.problems] == [True]


def test_the_papers_row_beside_a_switched_model():
    """The last table of train names the switches by which a model is not the paper's."""
    assert "ours (cman), words" in format_beside_paper(make_result(80.0, 1, model="cman"))
    text = format_beside_paper(make_result(80.0, 1, label_gate=False, cell="gru"))
    assert "ours (dynamic_cman, cell=gru, label_gate=False), words" in text
    assert "-11.72" in text
    other = {**make_result(80.0, 1), "corpus": {"name": "mine"}}
    assert "paper" not in format_beside_paper(other)
