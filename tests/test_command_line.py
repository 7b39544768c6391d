"""One line for a bad call of a command."""

import pytest
from helpers import ROOT, fails_with, run_command

pytestmark = pytest.mark.e2e

SAMPLE = ROOT / "cman_tf" / "sample"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--model_dir=x"], "no train data, expected --data, --data_dir or --train_data"),
        (["train", "--model_dir=x", "--data_dir=absent"], "absent: no such directory"),
        (["train", "--model_dir=x", "--attention_heads=7"], "expected a divisor of 2d = 256"),
        (["train", "--model_dir=x", "--bilstm_dropout=1"], "expected less than 1"),
        (["train", "--model_dir=x", "--modle=cman"], "Unknown command line flag 'modle'. Did you mean: model"),
        (["train", "--model_dir=x", "stray"], "'stray': not a flag"),
        (["train"], "train: expected --model_dir"),
        (["score"], "score: expected --gold and --predictions"),
        (["train", "--model_dir=x", "--flagfile=ace"], "--flagfile=ace: no such file, expected a path or one of ade,"),
        (["evaluate", "--model_dir=absent", f"--data={ROOT}/cman_tf/sample/test.json"], "no trained model here"),
        (["predict", "--model_dir=absent", "--input=missing"], "missing: no such file"),
        (["score", "--gold=absent", "--predictions=absent"], "absent: No such file"),
        (["train", "--model_dir=x", "--train_fraction=1.2"], "[0.01, 1]"),
        (["train", "--model_dir=x", "--learning_rate=nan"], "expected a finite number"),
        (["train", "--model_dir=x", "--seed=5000000000"], "4294967295"),
        (
            ["train", "--model_dir=x", "--model=multihead", "--noshare"],
            "--noshare: expected --model=cman",
        ),
        (["train", "--model_dir=x", "--protocol=two_stage", "--learning_rate_schedule=linear"], "a constant rate"),
        (["train", "--model_dir=x", "--all_data=a", "--test_data=b"], "--all_data and --test_data, expected one"),
        (
            ["train", "--model_dir=x", "--all_data=a", "--hold_out=0.1"],
            "--hold_out and one file for all splits, expected one",
        ),
        (["train", "--model_dir=x", "--hold_out=0.1", f"--data_dir={SAMPLE}"], "dev.json, expected one of them"),
        (["train", "--model_dir=x", "--model=multihead", "--relation_dropout=0.3"], "--relation_dropout: expected"),
        (["download", "ace"], "ace: expected one of conll04"),
        (["report", "--results_dir=absent"], "no result files"),
    ],
)
def test_bad_calls(arguments, message, tmp_path):
    process = run_command(f"cman_tf.{arguments[0]}", *arguments[1:], cwd=tmp_path)
    fails_with(process, message)
    assert len(process.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
