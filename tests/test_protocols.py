"""Training protocols: two stages, a fixed number of epochs, a held-out dev set."""

import dataclasses
import json

import pytest
from helpers import BASELINE, SMALL, call_command

from cman_tf.data.corpus import SPLITS
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.training import protocols

CHANGES = {"model": "multihead", "relation_prior": 0.5, "bilstm_layers": 2}


@pytest.mark.e2e
def test_two_stage_protocol(tmp_path, eight_sentences):
    """Trains on train, then as many epochs anew on train and dev; goes on where it was, both times."""
    # With a rate of nothing nothing is found on dev: the newest epoch is the best, and patience does not begin.
    flags = (
        *BASELINE,
        "--use_characters",
        "--protocol=two_stage",
        "--epochs=3",
        "--patience=1",
        "--batch_order=file",
        "--learning_rate=0",
    )
    arguments = ("cman_tf.train", f"--data_dir={eight_sentences}", f"--model_dir={tmp_path}/run", *flags)
    process = call_command(*arguments)
    assert process.returncode == 0, process.stderr[-3000:]
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    stage = result["stage_one"]
    assert result["protocol"].startswith("two stages")
    assert result["epochs"] == result["best_epoch"] == stage["epochs"] == 3
    assert (stage["best_epoch"], result["flags"]["protocol"], result["flags"]["epochs"]) == (3, "two_stage", 3)
    assert "dev" not in result  # it was trained on
    assert "test" in result
    first = [json.loads(line) for line in (tmp_path / "run/stage_one/metrics.jsonl").read_text().splitlines()]
    second = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert len(first) == len(second) == stage["epochs"]
    assert "dev/entities/f1" in first[0]
    assert "dev/entities/f1" not in second[0]
    shown = b"".join(path.read_bytes() for path in (tmp_path / "run" / "tensorboard").iterdir())
    assert b"two_stage" in shown and b"fixed_epochs" not in shown  # the settings that the user gave
    (tmp_path / "run" / "result.json").unlink()
    (tmp_path / "run" / "results" / f"{eight_sentences.name}_multihead_seed1.json").unlink()
    again = call_command(*arguments)
    assert again.returncode == 0, again.stderr[-3000:]
    assert "epoch 1:" not in again.stderr  # nothing was trained again
    assert json.loads((tmp_path / "run" / "result.json").read_text())["test"] == result["test"]


def test_both_parts_are_trained_on(tmp_path, eight_sentences, monkeypatch):
    """Where the protocol says so, the epochs are over train and dev."""
    corpora = {split: read_corpus(eight_sentences / f"{split}.json") for split in SPLITS}
    vocabulary = Vocabulary.build(corpora["train"].sentences)
    seen = []
    monkeypatch.setattr(protocols, "train", lambda trainer, **_: seen.append(len(trainer.examples["train"])))
    config = dataclasses.replace(SMALL, **CHANGES, protocol="two_stage").resolved()
    vocabularies = {"train": vocabulary, "train_dev": vocabulary}
    protocols.train_by_protocol(config, corpora, vocabularies, str(tmp_path / "a"), None)
    config = dataclasses.replace(config, protocol="fixed_epochs")
    protocols.train_by_protocol(config, corpora, vocabularies, str(tmp_path / "b"), None)
    assert seen == [8, 16, 16]


@pytest.mark.e2e
def test_fixed_epochs_and_held_out_dev(tmp_path, eight_sentences):
    files = [f"--train_data={eight_sentences}/train.json", f"--test_data={eight_sentences}/test.json"]
    process = call_command("cman_tf.train", *files, f"--model_dir={tmp_path}/a", *BASELINE)
    assert process.returncode != 0
    assert "no dev data, expected --data, --data_dir or --dev_data or --hold_out" in process.stderr
    process = call_command(
        "cman_tf.train",
        *files,
        f"--model_dir={tmp_path}/a",
        *BASELINE,
        "--hold_out=0.25",
        "--epochs=1",
        "--protocol=fixed_epochs",
    )
    assert process.returncode == 0, process.stderr[-3000:]
    result = json.loads((tmp_path / "a" / "result.json").read_text())
    assert (result["corpus"]["train"]["sentences"], result["corpus"]["dev"]["sentences"]) == (6, 2)
    assert (result["epochs"], result["best_epoch"]) == (1, 1)
    process = call_command("cman_tf.evaluate", f"--model_dir={tmp_path}/a", f"--data={eight_sentences}/test.json")
    assert process.returncode == 0, process.stderr[-3000:]
