"""ELMo from its options and weights."""

import json
import shutil

import h5py
import numpy as np
import pytest
import tensorflow as tf

from cman_tf.encoders.bilm import BEGIN_SENTENCE, END_SENTENCE, character_ids
from cman_tf.encoders.elmo_files import ElmoFiles, pad, read_weights
from cman_tf.errors import DataError

FIXTURES = {  # folder, options, weights, sentences
    "bilmtf": ("elmo_fixture_bilmtf/model", "options.json", "lm_weights.hdf5", "lm_embeddings_sentences.json"),
    "allennlp": ("elmo_fixture_allennlp", "options.json", "lm_weights.hdf5", "sentences.json"),
}


@pytest.fixture(params=FIXTURES)
def known(request, data_dir):
    """Options file, weights file, three streams of ten sentences and their known top layers."""
    folder, options, weights, sentences = FIXTURES[request.param]
    folder = data_dir / folder
    texts = json.loads((folder / sentences).read_text())
    tops = []
    for stream in range(3):
        with h5py.File(folder / f"lm_embeddings_{stream}.hdf5") as file:
            # [2 directions, L, 16] to [L, 32]
            tops.append([np.concatenate(file[str(number)][...], -1) for number in range(10)])
    return folder / options, folder / weights, [[s.split() for s in stream] for stream in texts], tops


def test_reproduces_the_published_implementations(known):
    """They carry the state from batch to batch: three streams, one sentence of each a batch."""
    options, weights, streams, tops = known
    bilm = read_weights(options, weights)
    states = None
    for number in range(10):
        ids, lengths = pad([stream[number] for stream in streams], bilm.limit)
        layers, states = bilm(tf.constant(ids), tf.constant(lengths), states)
        for row, length in enumerate(lengths):
            np.testing.assert_allclose(layers[-1][row, 1 : length - 1], tops[row][number], atol=1e-4)


def test_features_depend_on_the_sentence_alone(known):
    options, weights, streams, tops = known
    elmo = ElmoFiles(options, weights)
    assert (elmo.layers, elmo.size) == (3, 32)
    sentences = [stream[0] for stream in streams]
    together = elmo.encode(sentences)
    for sentence, mine, top in zip(sentences, together, tops):
        assert mine.shape == (len(sentence), 3, 32)
        np.testing.assert_allclose(mine[:, 2], top[0], atol=1e-4)  # the first of a stream began at zero there, too
        np.testing.assert_allclose(mine, elmo.encode([sentence])[0], atol=1e-5)
        np.testing.assert_array_equal(mine[:, 0, :16], mine[:, 0, 16:])  # the token's vector, twice
    np.testing.assert_allclose(elmo.encode(sentences[::-1])[2], together[0], atol=1e-5)


def test_token_layer_of_allennlp(data_dir):
    """The vectors of AllenNLP's own vocabulary file, before the LSTMs."""
    folder = data_dir / "elmo_fixture_allennlp"
    bilm = read_weights(folder / "options.json", folder / "lm_weights.hdf5")
    with h5py.File(folder / "elmo_token_embeddings.hdf5") as file:
        expected = file["embedding"][...]
    words = (folder / "vocab_test.txt").read_text().split("\n")[: len(expected)]
    boundaries = {"<S>": BEGIN_SENTENCE, "</S>": END_SENTENCE}
    ids = [character_ids(boundaries.get(word, word), bilm.limit) for word in words]
    np.testing.assert_allclose(bilm.tokens(tf.constant(ids)), expected, atol=1e-4)


def test_pairs_that_do_not_fit(known, tmp_path):
    options, weights, _, _ = known
    changed = json.loads(options.read_text())
    changed["lstm"]["dim"] = 63
    (tmp_path / "options.json").write_text(json.dumps(changed))
    with pytest.raises(DataError, match=r"W_0 is float32 \(32, 256\), expected shape \(32, 252\) as in .*options.json"):
        read_weights(tmp_path / "options.json", weights)
    changed["lstm"].update(dim=64, n_layers=3)
    (tmp_path / "options.json").write_text(json.dumps(changed))
    with pytest.raises(DataError, match="lm_weights.hdf5: no RNN_0/.*Cell2.*, expected one of shape"):
        read_weights(tmp_path / "options.json", weights)
    changed["lstm"]["n_layers"] = 1
    (tmp_path / "options.json").write_text(json.dumps(changed))
    with pytest.raises(DataError, match="contains RNN_0/.*Cell1.*, expected only the arrays of .*options.json"):
        read_weights(tmp_path / "options.json", weights)
    for part, name, value in (("lstm", "n_layers", 0), ("lstm", "cell_clip", "3"), ("char_cnn", "n_highway", -1)):
        wrong = json.loads(options.read_text())
        wrong[part][name] = value
        (tmp_path / "options.json").write_text(json.dumps(wrong))
        with pytest.raises(DataError, match=f"{name} is .*expected a .*number"):
            read_weights(tmp_path / "options.json", weights)
    (tmp_path / "options.json").write_text('{"lstm": {}}')
    with pytest.raises(DataError, match="options.json: KeyError.*expected the options of a biLM"):
        read_weights(tmp_path / "options.json", weights)
    shutil.copy(weights, tmp_path / "cut.hdf5")
    with open(tmp_path / "cut.hdf5", "r+b") as file:
        file.truncate(1000)
    with pytest.raises(DataError, match="cut.hdf5: .*truncated.*, expected an HDF5 file of weights"):
        read_weights(options, tmp_path / "cut.hdf5")
