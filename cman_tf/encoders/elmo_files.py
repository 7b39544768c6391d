"""ELMo from a pair of files, options.json and weights.hdf5, in the format that AllenNLP published."""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np
import tensorflow as tf

from cman_tf.encoders.bilm import BEGIN_SENTENCE, END_SENTENCE, BiLM, character_ids
from cman_tf.encoders.hdf5_files import open_hdf5
from cman_tf.errors import DataError, quote
from cman_tf.runs.files import read_json

_MOST = 10_000  # layers of a biLM, or characters of a token


def read_weights(options_file: str, weights_file: str) -> BiLM:
    """Read a biLM from a pair of files.

    Args:
      options_file: the JSON file that describes the biLM.
      weights_file: the HDF5 file with its weights.

    Raises:
      DataError: if a file cannot be read, or if the files do not fit each other.
    """
    expected = "the options of a biLM with characters"
    options = read_json(options_file, expected)
    try:
        wanted = _shapes(options)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        reason = str(error) if type(error) is ValueError else repr(error)
        raise DataError(f"{options_file}: {reason[:100]}, expected {expected}") from None
    weights = {}
    with open_hdf5(weights_file, "an HDF5 file of weights") as file:
        found: list[str] = []
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        for name in found:
            if name.startswith(("CNN", "RNN_")) and name not in wanted:
                raise DataError(
                    f"{weights_file}: contains {quote(name)[1:-1]}, expected only the arrays of {options_file}"
                )
        for name, shape in wanted.items():
            if name not in file:
                raise DataError(f"{weights_file}: no {name}, expected one of shape {shape} as in {options_file}")
            array = file[name]
            if not isinstance(array, h5py.Dataset) or array.shape != shape or array.dtype.kind != "f":
                held = f"{array.dtype} {array.shape}" if isinstance(array, h5py.Dataset) else "a group"
                raise DataError(
                    f"{weights_file}: {name} is {quote(held)[1:-1]}, expected shape {shape} as in {options_file}"
                )
            weights[name] = array[...]
            if not np.isfinite(weights[name]).all():
                raise DataError(f"{weights_file}: a value of {name} is not finite, expected weights")
    return BiLM(options, weights)


def _shapes(options: dict) -> dict[str, tuple[int, ...]]:
    """Return the name and the shape of each array that a biLM with these options has.

    Raises:
      ValueError, KeyError, TypeError: if the options are not those of a biLM.
    """
    cnn, lstm = options["char_cnn"], options["lstm"]
    if cnn["activation"] not in ("relu", "tanh"):
        raise ValueError(f"activation is {cnn['activation']!r}, expected relu or tanh")
    if cnn["n_characters"] != 262:
        raise ValueError(f"n_characters is {cnn['n_characters']}, expected 262")
    size, cells, filters = lstm["projection_dim"], lstm["dim"], sum(count for _, count in cnn["filters"])
    widest = max(width for width, _ in cnn["filters"])
    if not isinstance(lstm["use_skip_connections"], bool):
        raise ValueError(f"use_skip_connections is {lstm['use_skip_connections']!r}, expected true or false")
    for name, value, least in (
        ("n_layers", lstm["n_layers"], 1),
        ("max_characters_per_token", cnn["max_characters_per_token"], max(3, widest)),
        ("n_highway", cnn.get("n_highway", 0), 0),
    ):
        if type(value) is not int or not least <= value <= _MOST:
            raise ValueError(f"{name} is {quote(value)}, expected a whole number from {least} to {_MOST}")
    for name in ("cell_clip", "proj_clip"):
        if not isinstance(lstm.get(name), (int, float, type(None))):
            raise ValueError(f"{name} is {lstm[name]!r}, expected a number")
    depth = cnn["embedding"]["dim"]
    shapes: dict[str, tuple[int, ...]] = {"char_embed": (261, depth)}
    for number, (width, count) in enumerate(cnn["filters"]):
        shapes |= {f"CNN/W_cnn_{number}": (1, width, depth, count), f"CNN/b_cnn_{number}": (count,)}
    for number in range(cnn.get("n_highway", 0)):
        for part in ("carry", "transform"):
            shapes[f"CNN_high_{number}/W_{part}"] = (filters, filters)
            shapes[f"CNN_high_{number}/b_{part}"] = (filters,)
    if filters != size or cnn.get("n_highway", 0):
        shapes |= {"CNN_proj/W_proj": (filters, size), "CNN_proj/b_proj": (size,)}
    for direction in range(2):
        for layer in range(lstm["n_layers"]):
            cell = f"RNN_{direction}/RNN/MultiRNNCell/Cell{layer}/LSTMCell"
            shapes |= {f"{cell}/W_0": (2 * size, 4 * cells), f"{cell}/B": (4 * cells,), f"{cell}/W_P_0": (cells, size)}
    return shapes


class ElmoFiles:
    """A frozen ELMo whose vectors are those of the character CNN and of all LSTM layers.

    Each sentence starts from a zero state. bilm-tf and AllenNLP carry the state from batch to batch, so that their
    vectors of a sentence depend on the sentences before. Ours do not.

    Args:
      options_file: the JSON file that describes the biLM.
      weights_file: the HDF5 file with its weights.

    Raises:
      DataError: if a file cannot be read, or if the files do not fit each other.
    """

    def __init__(self, options_file: str, weights_file: str) -> None:
        self.name = weights_file
        self.bilm = read_weights(options_file, weights_file)
        self.layers, self.size = self.bilm.layers + 1, 2 * self.bilm.size
        specs = [tf.TensorSpec([None, None, self.bilm.limit], tf.int32), tf.TensorSpec([None], tf.int32)]
        self._run = tf.function(lambda ids, lengths: tf.stack(self.bilm(ids, lengths)[0], 2), input_signature=specs)

    def encode(self, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """Return float32 [L, layers, size] for each sentence of L tokens."""
        ids, lengths = pad(sentences, self.bilm.limit)
        features = self._run(tf.constant(ids), tf.constant(lengths)).numpy()
        return [features[row, 1 : length - 1] for row, length in enumerate(lengths)]


def pad(sentences: Sequence[Sequence[str]], limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Turn sentences into character ids, with boundaries and padding.

    Args:
      sentences: the tokens of each sentence.
      limit: C, the number of character ids of a token.

    Returns:
      The ids, int32 [B, L, C], and the numbers of tokens with both boundaries, int32 [B].
    """
    lengths = np.array([len(sentence) + 2 for sentence in sentences], np.int32)
    ids = np.zeros((len(sentences), int(lengths.max()), limit), np.int32)
    for row, sentence in enumerate(sentences):
        tokens = [BEGIN_SENTENCE, *sentence, END_SENTENCE]
        ids[row, : len(tokens)] = [character_ids(token, limit) for token in tokens]
    return ids, lengths
