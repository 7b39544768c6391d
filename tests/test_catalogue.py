"""The rows of the papers' tables, and the functions that make them."""

import dataclasses

import pytest
from absl import flags

from cman_tf.command_line.config_flags import FIELDS, define_config_flags
from cman_tf.experiments.catalogue import EXPERIMENTS, Row
from cman_tf.experiments.catalogue.rows import give_gold_labels, repeat, vary
from cman_tf.experiments.planning import find_flagfile
from cman_tf.experiments.published import TABLES
from cman_tf.runs.flagfile import config_from_flagfile

ROW = Row("cman", "CMAN", "conll04_ijcai", home="conll04")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_flag_of_a_row_exists_and_changes_a_setting(name):
    for row in EXPERIMENTS[name].rows:
        values = flags.FlagValues()
        define_config_flags(values)
        values(["", *row.flags])  # an unknown name is an error
        path = find_flagfile(row.flagfile)
        plain, changed = config_from_flagfile(path), config_from_flagfile(path, row.flags)
        differ = {field.name for field in FIELDS if getattr(plain, field.name) != getattr(changed, field.name)}
        assert len(differ) == len(row.flags)
        assert row.home is None or row.key in {other.key for other in EXPERIMENTS[row.home].rows}


def test_every_published_row_is_in_the_catalogue():
    for source, rows in TABLES.items():
        keys = {
            row.key for experiment in EXPERIMENTS.values() if source in experiment.sources for row in experiment.rows
        }
        assert rows.keys() <= keys, source


def test_only_one_row_is_evaluated_with_gold_labels():
    rows = [row for experiment in EXPERIMENTS.values() for row in experiment.rows]
    assert [row.key for row in rows if row.gold_labels_of] == ["cman_gold_labels"]


def test_a_row_cannot_become_an_evaluation_with_gold_labels_by_omission():
    """A row with a new key and no flags is refused; gold labels are asked for by name."""
    with pytest.raises(ValueError, match="needs flags"):
        vary(ROW, "cman_no_gate", "without gate")
    with pytest.raises(ValueError, match="key of its own"):
        vary(ROW, "cman", "without gate", "--nolabel_gate")
    with pytest.raises(ValueError, match="key of its own"):
        give_gold_labels(ROW, "cman", "gold")
    with pytest.raises(ValueError, match="trains nothing"):
        dataclasses.replace(ROW, gold_labels_of="cman", flags=("--nolabel_gate",))
    with pytest.raises(ValueError, match="no home"):
        repeat(dataclasses.replace(ROW, home=None))
    assert vary(ROW, "cman_no_gate", "without gate", "--nolabel_gate").gold_labels_of is None
    assert repeat(ROW, "again") == dataclasses.replace(ROW, label="again")
    assert give_gold_labels(ROW, "cman_gold", "gold").gold_labels_of == "cman"
