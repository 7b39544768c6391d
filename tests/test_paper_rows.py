"""The README's six rows."""

from result_makers import collect
from test_recipe import choose, write_models

from cman_tf.experiments.paper_rows import make_paper_rows
from cman_tf.experiments.rendering import render_readme_block


def test_six_rows(tmp_path):
    write_models(tmp_path)
    table = make_paper_rows(choose(tmp_path))
    rows = {row[0]: row[1:] for row in table.rows}
    assert len(table.rows) == 6
    assert rows["dynamic CMAN, paper"] == ("words + ELMo", "91.72", "73.46", "not stated")
    assert rows["dynamic CMAN, ours"] == ("words + MiniLM", "81.50 ± 0.71", "81.50 ± 0.71", "2")
    assert rows["Multi-head + AT, ours"] == ("words + MiniLM", "76.50 ± 0.71", "76.50 ± 0.71", "2")
    assert rows["CMAN, ours"] == ("", "not run", "not run", "0")
    assert len(table.notes) == 2
    assert "read MiniLM" in table.notes[0]
    assert "288 test sentences" in table.notes[1]
    assert "the flagfiles' settings" in table.notes[1]


def test_rows_are_narrow_and_without_links(tmp_path):
    write_models(tmp_path)
    block = render_readme_block(make_paper_rows(choose(tmp_path)))
    rows = [line for line in block.splitlines() if line.startswith("|")]
    assert len(rows) == 8
    assert max(map(len, rows)) <= 160
    assert not any("](" in row for row in rows)


def test_without_results(tmp_path):
    assert collect(tmp_path)
    table = make_paper_rows({})
    assert [row[2] for row in table.rows[3:]] == ["not run"] * 3
    assert table.notes == ()
