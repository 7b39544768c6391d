"""Transformers as frozen encoders."""

import json
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf
from helpers import import_extra
from tiny_bert import WORDS, write_bert, write_vocabulary

from cman_tf.encoders.resolve import transformer_folder
from cman_tf.encoders.source import find_source
from cman_tf.encoders.transformer import Transformer, TransformerLayer, TunedTransformer
from cman_tf.encoders.wordpieces import cut_windows
from cman_tf.errors import DataError

transformers = import_extra("transformers")
pytestmark = pytest.mark.extra(name="transformers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_bert(tmp_path_factory.mktemp("bert"))


def test_a_word_is_the_mean_of_its_pieces(folder):
    encoder = Transformer(folder)
    assert (encoder.layers, encoder.size) == (3, 8)
    sentence = ("Lee", "lives", "in", "Romes", "\u200d", "xyzzy", ".")
    ids, words = encoder.tokenizer.split_sentence(sentence)
    # "Romes" has three pieces; a word without any, and one unknown, are [UNK].
    assert [WORDS[i] for i in ids] == ["lee", "lives", "in", "ro", "##me", "##s", "[UNK]", "[UNK]", "."]
    assert list(words) == [0, 1, 2, 3, 3, 3, 4, 5, 6]
    (features,) = encoder.encode([sentence])
    model = transformers.TFBertModel.from_pretrained(folder, output_hidden_states=True)
    hidden = model(tf.constant([[2, *ids, 3]])).hidden_states
    for layer in range(3):
        vectors = hidden[layer][0, 1:-1].numpy()
        for word in range(len(sentence)):
            np.testing.assert_allclose(features[word, layer], vectors[words == word].mean(0), atol=1e-5)


def test_features_do_not_depend_on_the_batch(folder):
    encoder = Transformer(folder)
    sentences = [("Lee",), ("Lee", "lives", "in", "Rome", "."), ("Rome", ".") * 20]
    together = encoder.encode(sentences)
    for sentence, mine in zip(sentences, together):
        assert mine.shape == (len(sentence), 3, 8)
        np.testing.assert_allclose(mine, encoder.encode([sentence])[0], atol=1e-5)


def test_byte_level_tokenizers(tmp_path):
    """RoBERTa's cut words with a blank before them, and have two special positions more."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "\u0120", "L", "e", "o", "R", "m", "\u0120R"]
    (tmp_path / "vocab.json").write_text(json.dumps({piece: number for number, piece in enumerate(pieces)}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n\u0120 R\n")
    files = str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt")
    transformers.RobertaTokenizerFast(*files).save_pretrained(tmp_path)
    config = transformers.RobertaConfig(
        vocab_size=len(pieces), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=12, pad_token_id=1, bos_token_id=0, eos_token_id=2,
    )  # fmt: skip
    model = transformers.TFRobertaModel(config)
    model(tf.constant([[0, 2]]))
    model.save_pretrained(tmp_path)
    encoder = Transformer(str(tmp_path))
    ids, words = encoder.tokenizer.split_sentence(("Lee", "Rome"))
    assert [pieces[i] for i in ids] == ["\u0120", "L", "e", "e", "\u0120R", "o", "m", "e"]
    assert list(words) == [0] * 4 + [1] * 4
    (short,), (long,) = encoder.encode([("Lee",)]), encoder.encode([("Lee", "Rome") * 9])
    assert short.shape == (1, 2, 8) and long.shape == (18, 2, 8) and np.isfinite(long).all()


SMALL_MODEL = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 8, "intermediate_size": 8}


def write_model(kind, folder, **changes):
    """A model of this class of configurations with random weights and BERT's tokenizer; its directory."""
    transformers.BertTokenizerFast(write_vocabulary(folder, WORDS), model_max_length=60).save_pretrained(folder)
    tf.keras.utils.set_random_seed(1)
    config = kind(vocab_size=len(WORDS), initializer_range=0.5, **{**SMALL_MODEL, **changes})
    model = transformers.TFAutoModel.from_config(config)
    model(tf.constant([[2] * 8]))
    model.save_pretrained(folder)
    return str(folder)


def test_an_encoder_that_padding_disturbs_reads_one_sentence_at_a_time(tmp_path):
    """ConvBERT's convolutions see the neighbours of a short sentence's last pieces, padding or not."""
    folder = write_model(transformers.ConvBertConfig, tmp_path, embedding_size=8)
    encoder = Transformer(folder)
    sentences = [("Lee", "lives"), ("Lee", "lives", "in", "Rome", ".") * 8]
    assert TransformerLayer(folder).sees_padding(encoder.tokenizer)
    for sentence, mine in zip(sentences, encoder.encode(sentences)):
        np.testing.assert_allclose(mine, encoder.encode([sentence])[0], atol=1e-5)
    with pytest.raises(DataError, match="padding changes the vectors of this convbert model, expected for --tune"):
        TunedTransformer(folder, "tiny").make_layer()


def test_an_encoder_that_cannot_be_read_alike(tmp_path):
    """Funnel pools pieces away between layers, so that its layers have no vectors of the same pieces."""
    kind = {"block_sizes": [2, 2], "d_model": 8, "n_head": 2, "d_head": 4, "d_inner": 8, "num_decoder_layers": 1}
    transformers.BertTokenizerFast(write_vocabulary(tmp_path, WORDS), model_max_length=60).save_pretrained(tmp_path)
    model = transformers.TFFunnelModel(transformers.FunnelConfig(vocab_size=len(WORDS), **kind))
    model(tf.constant([[2] * 20]))
    model.save_pretrained(tmp_path)
    with pytest.raises(DataError, match="expected a model and its tokenizer for TensorFlow") as error:
        Transformer(str(tmp_path))
    assert "\n" not in str(error.value)


def test_positions_after_the_paddings(tmp_path):
    """A prenorm RoBERTa of 12 positions has 10 for pieces: two of them special, eight of the sentence."""
    kind = {"max_position_embeddings": 12, "pad_token_id": 1}
    encoder = Transformer(write_model(transformers.RobertaPreLayerNormConfig, tmp_path, **kind))
    assert encoder.tokenizer.split([("lee",) * 9]).ids.shape == (2, 10)
    (features,) = encoder.encode([("lee",) * 9])
    assert features.shape == (9, 3, 8) and np.isfinite(features).all()


def test_long_sentences_are_read_whole(folder):
    """The middle window of a long sentence sees just its own pieces."""
    encoder = Transformer(folder)
    sentence = ("lee", "lives", "in", ".") * 6  # 24 pieces, 10 a window
    (features,) = encoder.encode([sentence])
    window = cut_windows(24, 10)[1]
    (alone,) = encoder.encode([sentence[window.start : window.end]])
    rows = slice(window.read_from, window.read_to)
    inside = slice(window.read_from - window.start, window.read_to - window.start)
    np.testing.assert_allclose(features[rows], alone[inside], atol=1e-5)
    assert np.abs(features).sum((1, 2)).min() > 0


def test_directories_that_lack_something(folder, tmp_path):
    with pytest.raises(DataError, match="no config.json"):
        find_source({"encoder": str(tmp_path)})
    shutil.copy(pathlib.Path(folder) / "config.json", tmp_path)
    with pytest.raises(DataError, match="no tokenizer .*expected it beside config.json"):
        find_source({"encoder": str(tmp_path)})
    shutil.copy(pathlib.Path(folder) / "vocab.txt", tmp_path)
    with pytest.raises(DataError, match="no weights"):
        find_source({"encoder": str(tmp_path)})
    (tmp_path / "tf_model.h5").write_bytes(b"not one")
    assert find_source({"encoder": str(tmp_path)}).kind == "transformer"
    with pytest.raises(DataError, match="expected a model and its tokenizer for TensorFlow"):
        Transformer(str(tmp_path))


@pytest.mark.parametrize("name", ["tf_model.h5", "tokenizer.json", "config.json"])
def test_damaged_files(folder, tmp_path, name):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / name).write_bytes((copy / name).read_bytes()[:200])
    with pytest.raises(DataError, match="expected a model and its tokenizer for TensorFlow"):
        Transformer(str(copy))


def test_weights_that_are_missing_are_not_made_up(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    config = json.loads((copy / "config.json").read_text())
    config["num_hidden_layers"] = 3
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(DataError, match="no weights for .*layer_._2.*expected those of config.json"):
        Transformer(str(copy))


def gelu(x):
    from math import erf

    return 0.5 * x * (1.0 + np.vectorize(erf)(x / 2**0.5))


def bert(weights, ids, heads):
    """All hidden states of a BERT in NumPy, float64, from a safetensors file."""

    def dense(x, name):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    table = {part: weights[f"embeddings.{part}_embeddings.weight"] for part in ("word", "position", "token_type")}
    x = table["word"][ids] + table["position"][: len(ids)] + table["token_type"][0]
    states = [norm(x, "embeddings.LayerNorm")]
    for layer in range(6):
        prefix, x = f"encoder.layer.{layer}", states[-1]
        q, k, v = (
            dense(x, f"{prefix}.attention.self.{part}").reshape(len(ids), heads, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 2, 1) / q.shape[-1] ** 0.5
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(ids), -1)
        x = norm(x + dense(mixed, f"{prefix}.attention.output.dense"), f"{prefix}.attention.output.LayerNorm")
        inner = dense(gelu(dense(x, f"{prefix}.intermediate.dense")), f"{prefix}.output.dense")
        states.append(norm(x + inner, f"{prefix}.output.LayerNorm"))
    return states


@pytest.mark.extra(name="minilm")
def test_minilm_against_numpy():
    try:
        folder = transformer_folder("minilm")
    except DataError as error:
        pytest.skip(str(error))
    from safetensors.numpy import load_file

    weights = {name: value.astype(np.float64) for name, value in load_file(f"{folder}/model.safetensors").items()}
    encoder = Transformer(folder)
    assert (encoder.layers, encoder.size) == (7, 384)
    sentence = ("Sirhan", "Sirhan", "shot", "Robert", "Kennedy", "in", "Los", "Angeles", ".")
    ids, words = encoder.tokenizer.split_sentence(sentence)
    states = bert(weights, [101, *ids, 102], 12)
    (features,) = encoder.encode([sentence])
    for layer, state in enumerate(states):
        pooled = [state[1:-1][words == word].mean(0) for word in range(len(sentence))]
        np.testing.assert_allclose(features[:, layer], pooled, atol=1e-4)
