"""--tune_encoder: a transformer as a part of the model."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from helpers import BASELINE, SMALL, call_command, fails_with, import_extra
from tiny_bert import SPELLING, write_bert, write_vocabulary

from cman_tf.data.batches import make_batch, make_example
from cman_tf.encoders.transformer import Transformer, TransformerLayer, TunedTransformer
from cman_tf.errors import DataError
from cman_tf.inference.loading import load_trained
from cman_tf.layers.random_draws import draws_of_step
from cman_tf.models.factory import build_model
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.step import compute_gradients, make_train_step

import_extra("transformers")
pytestmark = pytest.mark.extra(name="transformers")
PLAIN = {"xla": False, "embedding_dropout": 0.0, "bilstm_dropout": 0.0, "unknown_word_rate": 0.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    none = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return write_bert(tmp_path_factory.mktemp("bert"), SPELLING, **none)


@pytest.fixture
def model_and_batch(folder, sentences, vocabulary):
    """A small model with the encoder in it, and a batch of some long sentences."""
    encoder = TunedTransformer(folder, "tiny")

    def make(**changes):
        tf.keras.utils.set_random_seed(3)
        config = dataclasses.replace(SMALL, tune_encoder=True, **PLAIN, **changes).resolved()
        model = build_model(config, vocabulary, encoder)
        batch = make_batch([make_example(s, vocabulary) for s in sentences], model.layout.features)
        return model, {name: tf.constant(array) for name, array in batch.items()}

    return make


def test_untrained_it_gives_what_the_frozen_encoder_gives(model_and_batch, folder, sentences):
    """Sentences longer than its windows and padding included."""
    model, batch = model_and_batch()
    assert max(len("".join(s.tokens)) for s in sentences) > 10  # pieces a window
    frozen = Transformer(folder)
    mine = model.represent(batch).numpy()[..., -frozen.size :]
    for row, sentence in enumerate(sentences):
        (layers,) = frozen.encode([sentence.tokens])
        np.testing.assert_allclose(mine[row, : len(sentence.tokens)], layers.mean(1), atol=1e-5)
        assert not mine[row, len(sentence.tokens) :].any()


def test_gradient_of_the_encoder(model_and_batch):
    """Along a random direction of all the encoder's layers."""
    model, batch = model_and_batch(adversarial_alpha=0.0)
    variables = model.representation.encoder.trainable_variables
    assert variables and not any("embeddings" in variable.name or "pooler" in variable.name for variable in variables)
    by_variable = dict(zip([v.ref() for v in model.trainable_variables], compute_gradients(model, batch)[0]))
    direction = [tf.random.normal(variable.shape) for variable in variables]

    def loss(step):
        for variable, along in zip(variables, direction):
            variable.assign_add(step * along)
        labels = model.encode_labels(batch["tags"], batch["lengths"])
        total, _ = model.compute_losses(model.represent(batch), labels, batch)
        for variable, along in zip(variables, direction):
            variable.assign_sub(step * along)
        return float(total)

    expected = sum(float(tf.reduce_sum(by_variable[v.ref()] * along)) for v, along in zip(variables, direction))
    assert abs(expected) > 1e-3
    assert (loss(2e-4) - loss(-2e-4)) / 4e-4 == pytest.approx(expected, rel=0.03)


def test_its_dropout_depends_on_the_step_alone(tmp_path):
    """And so a run that is killed and started again has the same masks. No other operation draws."""
    layer = TransformerLayer(write_bert(tmp_path, SPELLING))  # with dropout
    ids, lengths = tf.ones([3, 6], tf.int32), tf.constant([6, 5, 2])

    def states(step):
        with draws_of_step(1, tf.constant(step, tf.int64)):
            return layer(ids, lengths, training=True).numpy()

    np.testing.assert_array_equal(states(4), states(4))
    assert (states(4) != states(5)).any()
    graph = layer._run.get_concrete_function(ids, tf.ones([3, 6], tf.int32), True, tf.zeros([2], tf.int64)).graph
    draws = {op.type for op in graph.get_operations() if "Random" in op.type}
    assert draws
    assert all(kind.startswith("Stateless") for kind in draws)


@pytest.mark.slow
def test_its_rate_is_its_own(model_and_batch):
    """Adam's first step is the rate wherever there is a gradient; embeddings stay."""
    model, batch = model_and_batch(learning_rate=1e-3, encoder_learning_rate=1e-5)
    encoder = model.representation.encoder
    own = {variable.ref() for variable in encoder.trainable_variables}
    before = [(variable, variable.numpy()) for variable in model.variables]
    step = make_train_step(model, ModelOptimizer(model))
    step(batch)
    moved = {True: 0.0, False: 0.0}
    for variable, value in before:
        change = float(np.abs(variable.numpy() - value).max())
        if variable.trainable:
            moved[variable.ref() in own] = max(moved[variable.ref() in own], change)
        else:
            assert change == 0.0
    assert moved[True] == pytest.approx(1e-5, rel=0.02)
    assert moved[False] == pytest.approx(1e-3, rel=0.02)


@pytest.mark.slow
@pytest.mark.e2e
def test_a_run(folder, eight_sentences, tmp_path):
    """Trained, kept with the model, found again by evaluate; no features are computed."""
    arguments = [f"--data_dir={eight_sentences}", f"--model_dir={tmp_path}/run", f"--encoder={folder}"]
    flags = [*BASELINE, "--epochs=4", "--tune_encoder", "--encoder_learning_rate=0.01"]
    process = call_command("cman_tf.train", *arguments, *flags, cwd=tmp_path)
    assert process.returncode == 0, process.stderr[-3000:]
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["inputs"].endswith(", tuned")
    assert not (tmp_path / "features").exists()
    out = tmp_path / "scores.json"
    again = ["cman_tf.evaluate", f"--model_dir={tmp_path}/run", f"--data={eight_sentences}/test.json", f"--json={out}"]
    process = call_command(*again)
    assert process.returncode == 0, process.stderr[-3000:]
    assert json.loads(out.read_text())["strict"] == result["test"]["strict"]
    trained = load_trained(tmp_path / "run").model.representation.encoder
    fresh = TransformerLayer(folder)
    for mine, was in zip(trained.encoder.weights, fresh.encoder.weights):
        same = np.array_equal(mine.numpy(), was.numpy())
        assert same or "/encoder/layer_" in mine.name
    assert not all(map(np.array_equal, trained.encoder.weights, fresh.encoder.weights))


@pytest.mark.e2e
def test_only_a_transformer_can_be_tuned(folder, eight_sentences, tmp_path):
    arguments = ("cman_tf.train", f"--data_dir={eight_sentences}", f"--model_dir={tmp_path}/run", "--tune_encoder")
    assert fails_with(call_command(*arguments), "--tune_encoder with no encoder: expected --encoder, a transformer")
    module = tmp_path / "elmo"
    module.mkdir()
    (module / "saved_model.pb").write_bytes(b"")
    message = f"--tune_encoder with --elmo={module}: expected --encoder, a transformer"
    assert fails_with(call_command(*arguments, f"--elmo={module}"), message)
    message = "--features with --tune_encoder, expected one of them"
    assert fails_with(call_command(*arguments, f"--encoder={folder}", f"--features={tmp_path}/features.h5"), message)
    assert not (tmp_path / "run").exists()


def test_the_baseline_keeps_its_weights(folder, vocabulary):
    """TensorFlow 1's initial values are for what its authors' code has."""
    encoder = TunedTransformer(folder, "tiny")
    config = dataclasses.replace(SMALL, model="multihead", tune_encoder=True, initial_values="tensorflow1").resolved()
    model = build_model(config, vocabulary, encoder)
    for mine, expected in zip(model.representation.encoder.weights, encoder.make_layer().weights):
        np.testing.assert_array_equal(mine.numpy(), expected.numpy())


SIZES = {
    "DistilBert": {"dim": 8, "n_layers": 1, "n_heads": 2, "hidden_dim": 16},
    "DebertaV2": {  # with Python conditions on tensors
        **{"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16},
        **{"relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    },
    "XLNet": {"d_model": 8, "n_layer": 1, "n_head": 2, "d_inner": 16},  # its embeddings are not found
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", SIZES)
def test_other_kinds_of_models(kind, tmp_path, sentences, vocabulary):
    import transformers

    transformers.BertTokenizerFast(write_vocabulary(tmp_path)).save_pretrained(tmp_path)
    config = getattr(transformers, f"{kind}Config")(vocab_size=len(SPELLING), **SIZES[kind])
    model = getattr(transformers, f"TF{kind}Model")(config)
    model(tf.constant([[2, 5, 3]]))
    model.save_pretrained(tmp_path)
    encoder = TunedTransformer(str(tmp_path), "tiny")
    if kind == "XLNet":
        with pytest.raises(DataError, match="a xlnet model, expected a model with `embeddings` for --tune"):
            encoder.make_layer()
        return
    config = dataclasses.replace(SMALL, tune_encoder=True, xla=False).resolved()
    model = build_model(config, vocabulary, encoder)
    batch = make_batch([make_example(s, vocabulary) for s in sentences[:2]], model.layout.features)
    step = make_train_step(model, ModelOptimizer(model))
    assert np.isfinite(step({name: tf.constant(array) for name, array in batch.items()})["gradient_norm"])
