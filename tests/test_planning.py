"""The runs that an experiment consists of."""

import pytest

from cman_tf.errors import DataError
from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.planning import Options, changed_settings, find_flagfile, list_runs


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_run_has_a_result_file_of_its_own(name):
    experiment = EXPERIMENTS[name]
    options = Options("data", {"words": (), "minilm": ("--encoder=minilm",)}, (1, 2, 3), folds=(0, 1))
    runs = list_runs(name, experiment, options)
    assert len({run.result for run in runs}) == len(runs)
    assert len(runs) == len(experiment.rows) * 2 * 3 * (2 if experiment.corpus == "ade" else 1)
    assert {run.encoder_flags().get("encoder") for run in runs} == {None, "minilm"}
    assert {run.flag_value("seed") for run in runs} == {"1", "2", "3"}


def test_rows_of_another_experiment_keep_its_paths():
    runs = list_runs("label_gate", EXPERIMENTS["label_gate"], Options("data", {"words": ()}))
    assert [run.name for run in runs] == [
        "label_gate/dynamic_cman_no_gate-words-seed1",
        "conll04/dynamic_cman-words-seed1",
    ]
    assert runs[1].directory.parts[-2:] == ("conll04", "dynamic_cman-words-seed1")


def test_the_model_of_an_evaluation_with_gold_labels():
    _, gold = list_runs("label_source", EXPERIMENTS["label_source"], Options("data", {"words": ()}))
    directory, result = gold.predicted
    assert directory.parts[-2:] == ("conll04", "cman-words-seed1")
    assert result.parts[-2:] == ("conll04", "cman-words-seed1.json")


def test_words_alone_have_no_flags_of_an_encoder():
    options = Options("data", {"words": (), "minilm": ()}, extra=("--mixed_layers=1", "--epochs=2"))
    words, contextual = (run.flags for run in list_runs("conll04", EXPERIMENTS["conll04"], options)[::3][:2])
    assert "--mixed_layers=1" not in words
    assert "--mixed_layers=1" in contextual
    assert "--epochs=2" in words


def test_data_of_each_corpus(tmp_path):
    fold = list_runs("ade", EXPERIMENTS["ade"], Options("d", {"words": ()}, folds=(4,)))[0].flags
    assert {"--train_data=d/ade_split_4_train.json", "--test_data=d/ade_split_4_test.json"} <= {*fold}
    assert "--hold_out=0.1" in fold
    whole = list_runs("drec", EXPERIMENTS["drec"], Options(str(tmp_path), {"words": ()}))[0].flags
    assert f"--all_data={tmp_path}/drec.txt" in whole
    (tmp_path / "train.txt").touch()
    split = list_runs("drec", EXPERIMENTS["drec"], Options(str(tmp_path), {"words": ()}))[0].flags
    assert f"--data_dir={tmp_path}" in split


def test_changed_settings_and_flagfiles():
    rows = {row.key: row for row in EXPERIMENTS["cells"].rows}
    assert changed_settings(rows["dynamic_cman_gru"]) == {"model": "dynamic_cman", "cell": "gru"}
    assert changed_settings(rows["dynamic_cman"]) == {"model": "dynamic_cman"}
    with pytest.raises(DataError, match=r"nothing.flags: no such file"):
        find_flagfile("nothing")
