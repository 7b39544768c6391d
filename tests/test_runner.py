"""Which commands an experiment's runs call; test_experiment.py runs them."""

import pytest

from cman_tf.errors import DataError
from cman_tf.experiments import runner
from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.planning import Options, list_runs


@pytest.fixture
def called(monkeypatch):
    """The commands that would be called; they end with `code`."""
    commands = []

    class Process:
        def __init__(self, command, pass_fds):
            assert pass_fds  # the child holds the lock, too
            commands.append(command)
            self.returncode = 1 if "--seed=9" in command else 0

        def wait(self):
            return self.returncode

    monkeypatch.setattr(runner.subprocess, "Popen", Process)
    return commands


def runs_of(name, tmp_path, seed):
    options = Options("data", {"words": ("--word_vectors=v",)}, (seed,), (), tmp_path / "results", tmp_path / "runs")
    return list_runs(name, EXPERIMENTS[name], options)


def test_training(tmp_path, called, capsys):
    gru = runs_of("cells", tmp_path, 1)[1]
    runner.run_training(gru)
    (command,) = called
    assert command[1:3] == ["-m", "cman_tf.train"]
    assert command[3].endswith("conll04.flags")
    expected = ["--cell=gru", "--data_dir=data", "--word_vectors=v", "--seed=1", f"--model_dir={gru.directory}"]
    assert command[4:9] == expected
    assert f"--results_dir={tmp_path}/results/cells" in command
    assert "--result_name=dynamic_cman_gru-words-seed1" in command
    assert capsys.readouterr().out == "cells/dynamic_cman_gru-words-seed1: training\n"


def test_a_training_that_fails(tmp_path, called):
    with pytest.raises(DataError, match="cman_tf.train: ended with 1; run the experiment again to resume"):
        runner.run_training(runs_of("cells", tmp_path, 9)[1])


def test_gold_labels_need_a_trained_model(tmp_path, called):
    with pytest.raises(DataError, match="no trained model with a result; run the row cman first"):
        runner.run_training(runs_of("label_source", tmp_path, 1)[1])
    assert called == []


def test_a_finished_run_is_left_alone(tmp_path, called, monkeypatch, capsys):
    monkeypatch.setattr(runner, "has_finished", lambda run: True)
    runner.run_training(runs_of("cells", tmp_path, 1)[1])
    assert called == []
    assert capsys.readouterr().out.endswith(": done\n")
