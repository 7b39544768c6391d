"""Tables of a cross-validation."""

import pytest
from result_makers import collect, write_everything

from cman_tf.experiments.folds import make_fold_table, make_pooled_table, pool


def test_pooled_over_folds_of_unlike_types():
    """Drug has 3 of 4 and 1 of 2 right and found; Effect is in one fold alone."""

    def row(tp, fp, fn):
        return {"tp": tp, "fp": fp, "fn": fn}

    one = {"Drug": row(3, 1, 1), "Effect": row(1, 0, 1)}
    other = {"Drug": row(1, 1, 1)}
    folds = [{"strict": {"per_type": {"entities": types}}} for types in (one, other)]
    for fold, counts in zip(folds, (row(4, 1, 2), row(1, 1, 1))):
        fold["strict"]["micro"] = {"entities": counts}
    assert pool(folds, "entities") == pytest.approx(100 * 2 * 5 / (2 * 5 + 2 + 3))
    # Drug 2 * 4 / (2 * 4 + 2 + 2), Effect 2 * 1 / (2 * 1 + 0 + 1)
    assert pool(folds, "entities", "macro") == pytest.approx(100 * (8 / 12 + 2 / 3) / 2)


def test_tables_of_two_folds(tmp_path):
    """Both folds are the same: of four relations two are found, F1 2 * 2 / (2 + 4)."""
    write_everything(tmp_path)
    lines = collect(tmp_path, "ade")
    pooled = make_pooled_table(lines)
    values = {row[2:4]: row[4:] for row in pooled.rows}
    assert values["micro", "all (4)"] == ("100.00 ± 0.00", "100.00", "66.67 ± 0.00", "66.67")
    assert values["macro", "without overlaps (2)"][:2] == ("100.00 ± 0.00", "100.00")
    folds = make_fold_table(lines)
    assert [row[0] for row in folds.rows] == ["0", "3"]
    assert folds.notes == ("Folds not run: 1, 2, 4, 5, 6, 7, 8, 9.",)
    for table in (pooled, folds):
        assert {len(row) for row in table.rows} == {len(table.header)}


def test_tables_without_any_fold(tmp_path):
    lines = collect(tmp_path, "ade")
    assert make_pooled_table(lines).rows == make_fold_table(lines).rows == ()
