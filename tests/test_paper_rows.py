"""The README's six rows."""

from result_makers import baseline_flags, collect, make_result, make_scores, write_results

from cman_tf.experiments.paper_rows import choose_on_dev, make_paper_rows
from cman_tf.experiments.rendering import render_readme_block


def write_models(folder):
    """On dev dynamic CMAN is better with MiniLM, the baseline with words; on test it is the other way round."""
    for name, test, dev, flags in (
        ("conll04/dynamic_cman-words", 90.0, 60.0, {}),
        ("conll04/dynamic_cman-minilm", 80.0, 70.0, {}),
        ("conll04/multihead-words", 70.0, 60.0, baseline_flags()),
        ("conll04/multihead-minilm", 75.0, 50.0, baseline_flags()),
        ("tuned/dynamic_cman_tuned-minilm", 85.0, 75.0, {"adversarial_alpha": 0.1, "weight_average": 0.995}),
    ):
        for seed in (1, 2):
            content = make_result(test + seed, seed)
            content["flags"].update(flags)
            content["dev"] = make_scores(dev)
            content["test"]["counts"] = {"sentences": 288}
            write_results(folder, {f"{name}-seed{seed}": content})


def test_the_encoder_is_chosen_on_dev(tmp_path):
    write_models(tmp_path)
    lines = collect(tmp_path)
    assert choose_on_dev(lines, "dynamic_cman").inputs == "minilm"
    assert choose_on_dev(lines, "multihead").inputs == "words"
    assert choose_on_dev(lines, "cman") is None


def test_few_runs_count_only_where_there_are_no_more(tmp_path):
    write_models(tmp_path)
    content = {**make_result(60.0, 3), "dev": make_scores(60.0)}
    write_results(tmp_path, {"conll04/dynamic_cman-words-seed3": content})
    assert choose_on_dev(collect(tmp_path), "dynamic_cman").inputs == "words"


def test_six_rows(tmp_path):
    write_models(tmp_path)
    table = make_paper_rows(collect(tmp_path), collect(tmp_path, "tuned"))
    rows = {row[0]: row[1:] for row in table.rows}
    assert len(table.rows) == 6
    assert rows["dynamic CMAN, paper"] == ("words + ELMo", "91.72", "73.46", "not stated")
    assert rows["dynamic CMAN, ours"] == ("words + MiniLM", "81.50 ± 0.71", "81.50 ± 0.71", "2")
    assert rows["Multi-head + AT, ours"] == ("words", "71.50 ± 0.71", "71.50 ± 0.71", "2")
    assert rows["CMAN, ours"] == ("", "not run", "not run", "0")
    assert len(table.notes) == 2
    assert "read MiniLM" in table.notes[0]
    assert "288 test sentences" in table.notes[1]
    assert "dynamic CMAN has 86.50 / 86.50 (2 runs, MiniLM)" in table.notes[1]


def test_rows_are_narrow_and_without_links(tmp_path):
    write_models(tmp_path)
    block = render_readme_block(make_paper_rows(collect(tmp_path), collect(tmp_path, "tuned")))
    rows = [line for line in block.splitlines() if line.startswith("|")]
    assert len(rows) == 8
    assert max(map(len, rows)) <= 160
    assert not any("](" in row for row in rows)


def test_without_results(tmp_path):
    table = make_paper_rows(collect(tmp_path), collect(tmp_path, "tuned"))
    assert [row[2] for row in table.rows[3:]] == ["not run"] * 3
    assert table.notes == ()
