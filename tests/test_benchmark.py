"""The benchmark: its counts by hand, its modes on little data, its messages."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from helpers import ROOT, SMALL, call_command, fails_with, run_command

import cman_tf
from cman_tf.benchmark import changes, extract, growth, inputs, memory, speed, work, workers
from cman_tf.benchmark.tables import show
from cman_tf.config import Config
from cman_tf.data.batches import make_example
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.sample import DIRECTORY
from cman_tf.training.step import compute_gradients

# Where it does not matter which model is timed.
CHEAP = dataclasses.replace(SMALL, model="cman", adversarial_alpha=0.0).resolved()


def test_flops_by_hand():
    config = Config(hidden_size=2, label_size=3, attention_heads=2, relation_size=5).resolved()
    parts = work.forward_flops(config, inputs=7, tags=4, relations=2, length=10)
    attention = 2 * (4 * 4 * 4 + 2 * 10 * 4)  # four projections; scores and weighted sum
    lstm = {n: 2 * 2 * 8 * (n + 2) for n in (7, 4, 3, 8)}  # two directions, four gates of 2
    assert parts == {
        "self-attention units": 10 * (lstm[7] + lstm[4] + 2 * attention),
        "label encoding": 10 * 2 * lstm[3],
        "label attention, gates, fusing": 10 * (lstm[8] + 2 * attention + 2 * 2 * 2 * 4 * 4),
        "relation scorer": 10 * 2 * 2 * 4 * 2 * 5,
        "CRF": 10 * 2 * 2 * 4 * 4,
    }
    once = 3 * sum(parts.values())
    assert work.step_flops(config, 7, 4, 2, 10) == 2 * once - 3 * parts["label encoding"]
    assert work.matrix_rate(64, 1) > 0


@pytest.fixture
def made(sentences):
    vocabulary = Vocabulary.build(sentences, None)
    examples = [make_example(sentence, vocabulary) for sentence in sentences]
    config = SMALL.resolved()
    model = inputs.build_random_model(config, vocabulary, 7)
    batches = inputs.make_batches(examples, [np.array([0, 1]), np.array([2, 3])], model)
    return config, vocabulary, model, batches


@pytest.mark.slow
@pytest.mark.e2e
def test_training_and_decoding_are_timed(made):
    _, _, model, batches = made
    assert batches[0]["contextual"].shape == (2, 8, 1, 7)
    weights = [weight.numpy() for weight in model.trainable_variables]
    decoded = speed.time_decoding(model, batches, 1, 1e9)
    assert decoded["sentences"] == 4 and decoded["sentences_per_second"] > 0
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.trainable_variables))
    trained = speed.time_training(model, batches, 1, 1e9)
    assert trained["gflop"] > decoded["gflop"] > 0
    assert any(not np.array_equal(a, b) for a, b in zip(weights, model.trainable_variables))  # it really trains
    parts = speed.time_parts(model, batches[0], 1)
    assert len(parts) == 6 and min(parts.values()) > 0
    assert memory.peak() >= memory.framework() > 50


def results_of(model, batch, training):
    """What a variant must not change: losses and gradients, or what is decoded."""
    if not training:
        return model.decode(batch)
    total, logs = compute_gradients(model, batch)
    return {**logs, **{f"gradient {n}": tf.convert_to_tensor(g) for n, g in enumerate(total) if g is not None}}


@pytest.mark.slow
@pytest.mark.parametrize("table", ["TRAINING", "DECODING"])
def test_changes(table, made):
    """Every variant computes the same as the unchanged model."""
    config, vocabulary, _, batches = made
    variants = getattr(changes, table)
    expected = None
    for name, (change, *_) in variants.items():
        model = inputs.build_random_model(config, vocabulary, 7)
        change(model)
        found = results_of(model, batches[0], table == "TRAINING")
        expected = expected or found  # the first variant is unchanged
        assert list(found) == list(expected)
        for part, value in found.items():
            np.testing.assert_allclose(value, expected[part], rtol=1e-3, atol=1e-5, err_msg=f"{name}: {part}")


@pytest.mark.slow
def test_changes_are_timed(sentences, made, monkeypatch):
    vocabulary = made[1]
    for table in ("TRAINING", "DECODING"):
        monkeypatch.setattr(changes, table, dict(list(getattr(changes, table).items())[:2]))
    data = {"train": sentences, "test": sentences, "vocabulary": vocabulary}
    result = changes.measure(CHEAP, data, {"contextual_size": 3, "repeats": 1, "outside_bias": 1.0})
    for rows in result.values():
        assert [row["variant"] for row in rows] == ["unchanged", "LSTMs by Keras"]
        assert [row["times_as_long"] for row in rows] == [1.0, rows[1]["seconds"] / rows[0]["seconds"]]


@pytest.mark.slow
def test_growth(sentences, made, tmp_path):
    vocabulary = made[1]
    data = {"train": sentences, "vocabulary": vocabulary}
    result = growth.measure(CHEAP, data, 3, ["3", "30"], ["5"])
    assert [row["at"] for row in result["by_length"]] == [3, 30]
    assert [row["at"] for row in result["by_size"]] == [5]
    assert len(inputs.make_example_of_length(30, sentences, vocabulary).words) == 30
    growth.draw(result, str(tmp_path / "growth.png"))
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.e2e
def test_command_with_a_peer(tmp_path):
    peer = tmp_path / "peer.json"
    peer.write_text(
        'noise\n{"train_sentences_per_second": 1.0, "decode_sentences_per_second": 0.5, "peak_memory_mib": 1}\n'
    )
    found = tmp_path / "decode.json"
    process = run_command(
        "cman_tf.benchmark",
        "decode",
        f"--data_dir={DIRECTORY}",
        "--limit=8",
        "--repeats=1",
        "--hidden_size=8",
        "--attention_heads=2",
        "--contextual_size=0",
        f"--peer={peer}",
        f"--json={found}",
    )
    assert process.returncode == 0, process.stderr[-3000:]
    result = json.loads(found.read_text())
    assert result["sentences"] == 8
    assert f"ratio {result['sentences_per_second'] / 0.5:.2f}" in process.stdout


@pytest.mark.slow
@pytest.mark.e2e
def test_memory_of_one_case_in_a_process():
    small = ("--limit=8", "--hidden_size=8", "--attention_heads=2", "--contextual_size=0", "--noxla")
    process = run_command("cman_tf.benchmark", "memory", f"--data_dir={DIRECTORY}", *small, "--case=train:30x2")
    assert process.returncode == 0, process.stderr[-3000:]
    case = json.loads(process.stdout.strip().splitlines()[-1])
    assert case["largest_batch"] == [2, 32]
    assert case["peak_mib"] > case["framework_mib"] > 50
    fails_with(
        run_command("cman_tf.benchmark", "memory", f"--data_dir={DIRECTORY}", "--case=train:5"),
        "--case=train:5: expected train or decode, or either with a shape",
    )


@pytest.mark.slow
def test_extraction_is_timed(sentences):
    model = cman_tf.load(ROOT / "tests" / "golden" / "dynamic_cman")
    result = extract.measure(model, sentences, 1)
    assert (result.pop("texts"), result.pop("calls")) == (4, 4)
    assert len(result) == 6 and min(result.values()) > 0


def test_largest_batch_of_a_gpu_by_hand(monkeypatch):
    """1000 MiB loaded, 200 fixed, 50 a sentence: (11e9 bytes - 1 GiB - 200 MiB) / 50 MiB = 185.3."""

    def in_a_process(case):
        count = int(case.split("x")[1]) if "x" in case else 16
        return {"largest_batch": [count, 40], "framework_mib": 1000.0, "peak_mib": 1200.0 + 50.0 * count}

    monkeypatch.setattr(memory, "_in_a_process", in_a_process)
    result = memory.measure(30, [40])
    assert list(result["memory"]) == ["train", "decode", "train:30x1", "decode:30x1"]
    assert result["gpu_11_gb"] == [{"tokens": 40, "fixed_mib": 200.0, "mib_per_sentence": 50.0, "largest_batch": 185}]


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (),
            "nothing: expected one of train, decode, memory, growth, changes, start, extract, serve, workers, "
            "retrieval, then flags",
        ),
        (("fast",), "fast: expected one of train"),
        (("start",), "start: expected --model_dir"),
        (("extract",), "extract: expected --model_dir"),
        (("serve", "--model_dir=/absent", "--clients=a"), "expected whole numbers between commas"),
        (("train", "--model=multihead"), "--model=multihead: expected cman or dynamic_cman"),
        (("growth", "--lengths=a"), "expected whole numbers between commas"),
        (("start", "--model_dir=/absent"), "/absent: no trained model here (no such directory)"),
        (("train", "--peer=/absent"), "/absent: "),
        (("train", "--peer=" + __file__), "expected a last line of JSON with train_sentences_per_second"),
    ],
)
def test_bad_arguments(arguments, message):
    fails_with(run_command("cman_tf.benchmark", *arguments, f"--data_dir={DIRECTORY}"), message)


@pytest.mark.slow
@pytest.mark.e2e
def test_workers_beside_predict(trained, sentences, capsys):
    """Both commands are run, give the same answers, and their rates are in the table."""
    pytest.importorskip("ray", reason="needs pip install 'cman-tf[ray]'")
    result = workers.measure(trained("multihead"), sentences, 40, [1], 1)
    show("workers", result, {})
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == ["40", "-" * len("extract, workers: 1"), "predict", "extract,"]
    assert [row["command"] for row in result["rounds"]] == ["predict", "1"]


@pytest.mark.e2e
def test_an_index_of_generated_text(tmp_path):
    """A small one: what is measured is in the file and on the terminal."""
    pytest.importorskip("bm25s", reason="needs pip install 'cman-tf[retrieval]'")
    record = tmp_path / "r.json"
    process = call_command(
        "cman_tf.benchmark.__main__", "retrieval", "--passages=300", "--queries=2", f"--json={record}"
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.endswith("the limits are met\n")
    result = json.loads(record.read_text())
    assert result["passages"] == result["flags"]["passages"] == 300 and result["queries"]["number"] == 2
    assert min(result["index"].values()) > 0 and result["queries"]["per_second"] > 0
