"""The baseline: its loss and decoding against NumPy, TensorFlow 1's initial values, its order and protocol."""

import dataclasses
import json

import numpy as np
import pytest
import reference
import tensorflow as tf
from conftest import ROOT, SMALL, run_command

from cman_tf.command_line.config_flags import config_from_flagfile
from cman_tf.data.batches import make_example
from cman_tf.data.bio import entities_from_tags
from cman_tf.data.bucketing import batch_order
from cman_tf.data.corpus import SPLITS, read_corpus
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.inference.predictor import make_decoder, predict_examples
from cman_tf.layers.lstm import LSTM
from cman_tf.models.factory import build_model
from cman_tf.training import protocols
from cman_tf.training.step import compute_gradients

CHANGES = {"model": "multihead", "relation_prior": 0.5, "bilstm_layers": 2}


def encoded(x, tags, model):
    """Features, potentials and scores of one sentence's representation."""
    for encoder in model.encoders:
        x = reference.bilstm(x, encoder)
    kernel, bias = (np.asarray(w, np.float64) for w in model.tag_layer.get_weights())
    potentials = reference.potentials(np.tanh(x @ kernel + bias), model.first_crf)
    if tags is None:
        tags = reference.viterbi(potentials, np.asarray(model.first_crf.transitions, np.float64))
    labels = [np.asarray(model.label_table, np.float64)[tags]] if model.config.label_size else []
    return potentials, reference.relation_scores(np.concatenate([x, *labels], -1), model.scorer)


@pytest.mark.parametrize("label_size", [0, 3])
def test_losses(label_size, make_model, make_batch, sentences, vocabulary):
    """A sum over all pairs and relations, "none" of a token to itself where it has no other."""
    model, batch = make_model(**CHANGES, label_size=label_size), make_batch(sentences)
    expected = {"re": [], "first_ner": []}
    none = len(vocabulary.relations)
    for example in (make_example(sentence, vocabulary) for sentence in sentences):
        x = reference.token_representation(example, model, vocabulary)
        potentials, scores = encoded(x, example.tags, model)
        heads = {int(row[0]) for row in example.relations}
        alone = [(i, i, none) for i in range(len(example.words)) if i not in heads]
        expected["re"].append(reference.relation_loss(scores, [*example.relations, *alone]))
        transitions = np.asarray(model.first_crf.transitions, np.float64)
        expected["first_ner"].append(reference.crf_nll(potentials, transitions, example.tags))
    labels = model.encode_labels(batch["tags"], batch["lengths"])
    total, parts = model.compute_losses(model.represent(batch), labels, batch, training=False)
    for task, values in expected.items():
        assert float(parts[task]) == pytest.approx(np.mean(values), rel=1e-4)
    assert float(total) == pytest.approx(sum(map(np.mean, expected.values())), rel=1e-4)
    for variable, gradient in zip(model.trainable_variables, compute_gradients(model, batch)[0]):
        assert np.isfinite(tf.convert_to_tensor(gradient)).all(), variable.name
        assert np.abs(tf.convert_to_tensor(gradient)).max() > 0, variable.name


def test_dropout_sites(make_model, make_batch, sentences):
    """On the input of the BiLSTMs and on the output of each, while training only."""
    model = make_model(**CHANGES, embedding_dropout=0.5, bilstm_dropout=0.5, hidden_size=32, word_size=64)
    batch = make_batch(sentences)
    real = tf.sequence_mask(batch["lengths"], tf.shape(batch["words"])[1])
    features, lengths = model.represent(batch), batch["lengths"]
    for site in (
        lambda x, t: model.input_dropout(x, training=t),
        *(lambda x, t, e=e: e(x, lengths, t) for e in model.encoders),
    ):
        dropped, features = site(features, True), site(features, False)
        values, kept = tf.boolean_mask(dropped, real).numpy(), tf.boolean_mask(features, real).numpy()
        assert 0.4 < (values == 0).mean() < 0.6
        np.testing.assert_allclose(values[values != 0], 2 * kept[values != 0], rtol=1e-5, atol=1e-6)
    trained, potentials = model.extract_features(model.represent(batch), lengths, training=True)
    assert 0.4 < (tf.boolean_mask(trained, real).numpy() == 0).mean() < 0.6
    np.testing.assert_allclose(model.first_crf(model.tag_layer(trained)), potentials, rtol=1e-5)


@pytest.mark.parametrize("label_size", [0, 3])
def test_decoding(label_size, make_model, make_batch, sentences, vocabulary):
    """All pairs of tokens above the threshold, and no others, lifted to predicted entities."""
    model = make_model(**CHANGES, label_size=label_size)
    decoder, examples = make_decoder(model), [make_example(sentence, vocabulary) for sentence in sentences]
    together = predict_examples(decoder, examples, vocabulary)
    seen = 0
    for row, example in enumerate(examples):
        x = reference.token_representation(example, model, vocabulary)
        potentials, scores = encoded(x, None, model)
        tags = reference.viterbi(potentials, np.asarray(model.first_crf.transitions, np.float64))
        entities, _ = entities_from_tags([vocabulary.tags[tag] for tag in tags])
        expected, outside = set(), 0
        for i, j, k in zip(*np.nonzero(scores[..., :-1] > 0)):
            ends = [[e for e in entities if e.start <= token < e.end] for token in (i, j)]
            if all(ends) and ends[0] != ends[1]:
                expected.add((vocabulary.relations[k], ends[0][0], ends[1][0]))
            else:
                outside += 1
        for prediction in (together[row].sentence, predict_examples(decoder, [example], vocabulary)[0].sentence):
            assert list(prediction.entities) == entities
            found = {(r.type, prediction.entities[r.head], prediction.entities[r.tail]) for r in prediction.relations}
            assert found == expected
            assert len(prediction.unattached_relations) == outside
        seen += len(expected) + outside
    assert seen


def test_tensorflow_1_values(vocabulary):
    config = dataclasses.replace(SMALL, **CHANGES, initial_values="tensorflow1", hidden_size=64, relation_size=64)
    tf.keras.utils.set_random_seed(1)
    model = build_model(config.resolved(), vocabulary)
    lstm = next(layer for layer in model.encoders[1].submodules if isinstance(layer, LSTM))
    limit = (6.0 / (128 + 64 + 256)) ** 0.5
    for weight in (lstm.cell.kernel, lstm.cell.recurrent_kernel):
        assert 0.95 * limit < np.abs(weight).max() <= limit
    np.testing.assert_array_equal(lstm.cell.bias, np.repeat([0.0, 1.0, 0.0, 0.0], 64))
    bias = model.tag_layer.bias.numpy()
    assert 0.18 < np.abs(bias).max() <= 0.2166  # Glorot of a vector of 64, as the recipe says
    assert np.abs(model.scorer.b).max() > 0.18
    assert np.abs(model.scorer.u - model.scorer.w).max() > 0.01  # of one shape, yet drawn apart
    tf.keras.utils.set_random_seed(1)
    keras = build_model(dataclasses.replace(config, initial_values="keras").resolved(), vocabulary, (3, 4))
    tf.keras.utils.set_random_seed(1)
    model = build_model(config.resolved(), vocabulary, (3, 4))
    assert {weight.shape.rank for weight in model.representation.mix.weights} == {0, 1}
    for layer, same in (
        (model.representation.words, keras.representation.words),
        (model.representation.mix, keras.representation.mix),
    ):
        assert layer.weights
        for weight, other in zip(layer.weights, same.weights):
            np.testing.assert_array_equal(weight, other)


def test_order_of_the_file():
    order = batch_order([5, 1, 9, 2, 2], 2, seed=1, epoch=3, kind="file")
    assert [rows.tolist() for rows in order] == [[0, 1], [2, 3], [4]]


TINY = ("--model=multihead", "--hidden_size=8", "--relation_size=8", "--char_size=4", "--char_hidden_size=4")


def test_two_stage_protocol(tmp_path, eight_sentences):
    """Stops on dev, then trains as many epochs anew on train and dev; goes on where it was, both times."""
    # With a rate of nothing no epoch is better than the first: stage one stops after 1 + 2 of at most 9.
    flags = (*TINY, "--protocol=two_stage", "--epochs=9", "--patience=2", "--batch_order=file", "--learning_rate=0")
    arguments = ("cman_tf.train", f"--data_dir={eight_sentences}", f"--model_dir={tmp_path}/run", *flags)
    process = run_command(*arguments)
    assert process.returncode == 0, process.stderr[-3000:]
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    stage = result["stage_one"]
    assert result["protocol"].startswith("two stages")
    assert result["epochs"] == result["best_epoch"] == stage["epochs"] == 3
    assert (stage["best_epoch"], result["flags"]["protocol"], result["flags"]["epochs"]) == (1, "two_stage", 9)
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
    again = run_command(*arguments)
    assert again.returncode == 0, again.stderr[-3000:]
    assert "epoch 1:" not in again.stderr  # nothing was trained again
    assert json.loads((tmp_path / "run" / "result.json").read_text())["test"] == result["test"]


def test_both_parts_are_trained_on(tmp_path, eight_sentences, monkeypatch):
    """Where the protocol says so, the epochs are over train and dev."""
    corpora = {split: read_corpus(eight_sentences / f"{split}.json") for split in SPLITS}
    vocabulary = Vocabulary.build(corpora["train"].sentences)
    seen = []
    monkeypatch.setattr(protocols, "train", lambda trainer, shown=None: seen.append(len(trainer.examples["train"])))
    config = dataclasses.replace(SMALL, **CHANGES, protocol="two_stage").resolved()
    vocabularies = {"train": vocabulary, "train_dev": vocabulary}
    protocols.train_by_protocol(config, corpora, vocabularies, str(tmp_path / "a"), None)
    config = dataclasses.replace(config, protocol="fixed_epochs")
    protocols.train_by_protocol(config, corpora, vocabularies, str(tmp_path / "b"), None)
    assert seen == [8, 16, 16]


def test_flagfile_is_the_authors_configuration():
    config = config_from_flagfile(ROOT / "flags" / "conll04_multihead.flags")
    assert (config.hidden_size, config.bilstm_layers, config.relation_size, config.label_size) == (64, 3, 64, 0)
    assert (config.char_size, config.char_hidden_size, config.word_size) == (25, 25, 50)
    assert (config.embedding_dropout, config.bilstm_dropout, config.relation_dropout) == (0.1, 0.1, 0.0)
    assert (config.learning_rate, config.adam_epsilon, config.adversarial_alpha) == (1e-3, 1e-8, 0.01)
    assert (config.batch_size, config.batch_order, config.initial_values) == (1, "file", "tensorflow1")
    assert (config.epochs, config.patience, config.loss_weighting) == (131, 40, "sum")
    drec = config_from_flagfile(ROOT / "flags" / "drec_multihead.flags")
    assert (drec.label_size, drec.embedding_dropout, drec.adversarial_alpha, drec.epochs) == (25, 0.3, 0.001, 61)
    assert (drec.use_characters, drec.char_size, drec.char_hidden_size, drec.word_size) == (True, 25, 25, 128)


def test_fixed_epochs_and_held_out_dev(tmp_path, eight_sentences):
    files = [f"--train_data={eight_sentences}/train.json", f"--test_data={eight_sentences}/test.json"]
    process = run_command("cman_tf.train", *files, f"--model_dir={tmp_path}/a", *TINY)
    assert process.returncode != 0
    assert "no dev data, expected --data_dir or --dev_data or --hold_out" in process.stderr
    process = run_command(
        "cman_tf.train",
        *files,
        f"--model_dir={tmp_path}/a",
        *TINY,
        "--hold_out=0.25",
        "--epochs=1",
        "--protocol=fixed_epochs",
    )
    assert process.returncode == 0, process.stderr[-3000:]
    result = json.loads((tmp_path / "a" / "result.json").read_text())
    assert (result["corpus"]["train"]["sentences"], result["corpus"]["dev"]["sentences"]) == (6, 2)
    assert (result["epochs"], result["best_epoch"]) == (1, 1)
    process = run_command("cman_tf.evaluate", f"--model_dir={tmp_path}/a", f"--data={eight_sentences}/test.json")
    assert process.returncode == 0, process.stderr[-3000:]
