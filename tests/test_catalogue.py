"""The rows of the papers' tables."""

from absl import flags

from cman_tf.command_line.config_flags import FIELDS, define_config_flags
from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.runs import FLAGS_DIRECTORY, Options, runs_of
from cman_tf.experiments.tables import GAP, HEADER, lines_of, table
from cman_tf.runs.flagfile import config_from_flagfile


def test_catalogue(tmp_path):
    """Every row has its flagfile and its own name; every gap is visible."""
    for name, content in EXPERIMENTS.items():
        options = Options("data", {"words": (), "minilm": ()}, (1, 2, 3), folds=(0, 1))
        runs = runs_of(name, content, options)
        assert len({run.result for run in runs}) == len(runs)
        for run in runs:
            path = f"{FLAGS_DIRECTORY / run.row.flagfile}.flags"
            values = flags.FlagValues()
            define_config_flags(values)
            values(["", *run.row.flags])  # an unknown name is an error
            plain, changed = config_from_flagfile(path), config_from_flagfile(path, run.row.flags)
            differ = {f.name for f in FIELDS if getattr(plain, f.name) != getattr(changed, f.name)}
            assert len(differ) == len(run.row.flags)  # each changes what it names
            assert run.row.home is None or run.row.key in {row.key for row in EXPERIMENTS[run.row.home].rows}
        rows = table(content, lines_of(name, content, tmp_path))
        assert all(len(row) == len(HEADER) for row in rows)
        assert sum(row.count(GAP) for row in rows) >= 2 * len(content.rows)
