"""Models that need an encoder, through the commands: embedded, trained, evaluated on the fly."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from helpers import BASELINE, call_command, elmo_flags, fails_with
from hub_module import write_hub_module
from tiny_bert import SPELLING, write_bert

from cman_tf.encoders.feature_cache import prepare_features
from cman_tf.encoders.opening import open_encoder
from cman_tf.encoders.source import find_source
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.inference.loading import load_trained


@pytest.mark.e2e
def test_training_with_an_encoder(elmo, eight_sentences, tmp_path):
    run, features = tmp_path / "run", tmp_path / "features.h5"
    train = ["cman_tf.train", f"--data_dir={eight_sentences}", f"--model_dir={run}", f"--features={features}"]
    train += [*BASELINE, "--epochs=2"]
    process = call_command(*train, *elmo_flags(elmo))
    assert process.returncode == 0, process.stderr[-3000:]
    assert "features: --elmo_options=" in process.stdout and "3 layers of 32" in process.stdout
    assert features.exists()
    assert "elmo_weights" in json.loads((run / "result.json").read_text())["inputs"]
    # The encoder's own weights are in no checkpoint; what mixes its layers is.
    saved = dict(tf.train.list_variables(str(run / "best")))
    mixing = {name.split("/")[3]: shape for name, shape in saved.items() if "/mix/" in name and "SLOT" not in name}
    assert mixing == {"gamma": [], "w": [3]}
    assert [261, 4] not in saved.values()  # its characters

    # On the fly, from where it was; the same as from the cache.
    evaluate = ["cman_tf.evaluate", f"--model_dir={run}", f"--data={eight_sentences / 'test.json'}"]
    scores = tmp_path / "scores.json"
    assert call_command(*evaluate, f"--json={scores}").returncode == 0
    trained = json.loads((run / "result.json").read_text())
    assert json.loads(scores.read_text())["strict"]["micro"] == trained["test"]["strict"]["micro"]

    moved = elmo.with_name("moved")
    elmo.rename(moved)
    fails_with(call_command(*evaluate), "the model needs the features of --elmo_options=", "options.json: no such file")
    predicted = call_command("cman_tf.predict", f"--model_dir={run}", *elmo_flags(moved), input="Lee lives in Rome.\n")
    assert predicted.returncode == 0, predicted.stderr[-3000:]
    assert json.loads(predicted.stdout)["tokens"][0] == "Lee"
    options = json.loads((moved / "options.json").read_text())
    options["lstm"]["use_skip_connections"] = True
    (moved / "options.json").write_text(json.dumps(options))
    fails_with(call_command(*evaluate, *elmo_flags(moved)), "is another encoder")
    fails_with(call_command(*train, *elmo_flags(moved)), "holds another run (the contextual encoder differs)")
    train[2] = f"--model_dir={tmp_path / 'second'}"
    fails_with(call_command(*train, *elmo_flags(moved)), "features.h5: features of another encoder")


@pytest.mark.e2e
def test_an_encoder_that_cannot_be_read_claims_no_directory(elmo, eight_sentences, tmp_path):
    """Put right, training in the same directory begins."""
    weights, run = elmo / "lm_weights.hdf5", tmp_path / "run"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:1000])
    train = ["cman_tf.train", f"--data_dir={eight_sentences}", f"--model_dir={run}", *BASELINE, "--epochs=1"]
    fails_with(call_command(*train, *elmo_flags(elmo), cwd=tmp_path), "expected an HDF5 file of weights")
    weights.write_bytes(whole)
    process = call_command(*train, *elmo_flags(elmo), cwd=tmp_path)
    assert process.returncode == 0, process.stderr[-3000:]
    assert len(json.loads((run / "result.json").read_text())["encoder_fingerprint"]) == 64
    fails_with(call_command(*train, f"--features={tmp_path}/f.h5"), "--features without an encoder, expected --encoder")


def test_cached_features_are_those_on_the_fly(elmo, sentences, tmp_path):
    files = {"elmo_options": str(elmo / "options.json"), "elmo_weights": str(elmo / "lm_weights.hdf5")}
    source, tokens = find_source(files), [sentence.tokens for sentence in sentences]
    encoder = open_encoder(source)
    cached = prepare_features(tmp_path / "features.h5", source, tokens, lambda: encoder).encode(tokens)
    for mine, one in zip(cached, tokens):
        np.testing.assert_allclose(mine, encoder.encode([one])[0], atol=1e-5)


@pytest.fixture(params=[pytest.param("encoder", marks=pytest.mark.extra(name="transformers")), "elmo"])
def frozen(request, tmp_path):
    """A flag and the directory of an encoder that the test makes."""
    if request.param == "elmo":
        return "elmo", write_hub_module(tmp_path / "module")
    folder = tmp_path / "bert"
    folder.mkdir()
    return "encoder", write_bert(folder, SPELLING)


@pytest.mark.e2e
def test_a_frozen_encoder_through_the_commands(frozen, eight_sentences, tmp_path):
    """Embedded once, trained with, evaluated on the fly; none of its weights are kept."""
    name, location = frozen
    flag, data = f"--{name}={location}", f"--data_dir={eight_sentences}"
    process = call_command("cman_tf.embed", data, flag, cwd=tmp_path)
    assert process.returncode == 0, process.stderr[-3000:]
    (features,) = (tmp_path / "features").glob("*.h5")
    made = features.stat().st_mtime_ns
    source = find_source({name: location})
    sentences = [s.tokens for s in read_corpus(eight_sentences / "train.json").sentences]
    encoder = open_encoder(source)
    for cached, one in zip(prepare_features(features, source, sentences, None).encode(sentences), sentences):
        np.testing.assert_allclose(cached, encoder.encode([one])[0], atol=1e-5)

    run = tmp_path / "run"
    process = call_command("cman_tf.train", data, flag, f"--model_dir={run}", *BASELINE, "--epochs=2", cwd=tmp_path)
    assert process.returncode == 0, process.stderr[-3000:]
    assert "3 layers of 8" in process.stdout
    assert features.stat().st_mtime_ns == made
    result = json.loads((run / "result.json").read_text())
    assert f"--{name}=" in result["inputs"]
    shapes = dict(tf.train.list_variables(str(run / "best"))).values()
    assert {"elmo": [50, 4], "encoder": [len(SPELLING), 8]}[name] not in shapes  # its table
    assert [3] in shapes  # what mixes its layers

    scores = tmp_path / "scores.json"
    evaluate = ["cman_tf.evaluate", f"--model_dir={run}", f"--data={eight_sentences}/test.json", f"--json={scores}"]
    evaluate.append("--overwrite")
    if name == "elmo":  # its graph is run only where the caller says so
        fails_with(call_command(*evaluate), "if you trust it, name it with --elmo")
        evaluate.append(flag)
    process = call_command(*evaluate)
    assert process.returncode == 0, process.stderr[-3000:]
    assert json.loads(scores.read_text())["strict"] == result["test"]["strict"]
    evaluate = evaluate[:5]
    shutil.move(location, tmp_path / "moved")
    fails_with(call_command(*evaluate), f"the model needs the features of --{name}=")
    assert call_command(*evaluate, f"--{name}={tmp_path / 'moved'}").returncode == 0


@pytest.mark.slow
@pytest.mark.e2e
def test_some_layers_mixed(tmp_path, eight_sentences):
    """Those that are named, times what is asked for; kept with the model. Others are refused in one line."""
    location = write_bert(tmp_path, SPELLING)
    run = tmp_path / "run"
    train = ["cman_tf.train", f"--data_dir={eight_sentences}", f"--model_dir={run}", *BASELINE, "--epochs=1"]
    refused = "--mixed_layers=0,3: expected numbers below 3, the encoder's layers"
    fails_with(call_command(*train, f"--encoder={location}", "--mixed_layers=0,3", cwd=tmp_path), refused)
    fails_with(call_command(*train, "--mixed_layers=top"), "--mixed_layers=top: expected all, or different numbers")
    fails_with(call_command(*train, "--tune_word_vectors"), "--tune_word_vectors without --word_vectors")
    fails_with(call_command(*train, "--mix_scale=2"), "--mixed_layers or --mix_scale without an encoder")
    assert not (run / "run.json").exists()
    process = call_command(
        *train, f"--encoder={location}", "--mixed_layers=2,0", "--mix_scale=50", "--learning_rate=0.001", cwd=tmp_path
    )
    assert process.returncode == 0, process.stderr[-3000:]
    mix = load_trained(run).model.representation.mix
    assert mix.w.shape == [2] and list(mix.chosen) == [0, 2]
    assert 49.9 < mix.gamma < 50.1
