"""Any transformer encoder of the `transformers` library, frozen.

Shapes: B windows, P word pieces, H the encoder's width, N its layers and embeddings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from cman_tf.data.sentence import DataError

_UNLIMITED = 100_000  # tokenizers without a limit of their own say 1e30

# Models whose first position is the one after the padding's.
_OFFSET = ("roberta", "xlm-roberta", "camembert", "longformer", "mpnet")


class Window(NamedTuple):
    """A stretch of a sentence's pieces that the encoder sees at once, and which of
    them are read from it: positions from, up to (of the sentence)."""

    start: int
    end: int
    read_from: int
    read_to: int


def windows(pieces: int, limit: int) -> list[Window]:
    """Windows of at most `limit` pieces, half of each shared with its neighbour.

    A piece is read from the window in which it stands farthest from an edge.
    """
    if pieces <= limit:
        return [Window(0, pieces, 0, pieces)]
    starts = [*range(0, pieces - limit, max(1, limit // 2)), pieces - limit]
    found = []
    for number, start in enumerate(starts):
        end = start + limit
        first = 0 if number == 0 else (start + starts[number - 1] + limit) // 2
        last = pieces if number == len(starts) - 1 else (starts[number + 1] + end) // 2
        found.append(Window(start, end, first, last))
    return found


class Transformer:
    """Every layer of an encoder, a word's vector the mean of its pieces'.

    Sentences longer than the encoder takes are read in overlapping windows.

    Args:
      folder: a model's directory, with its tokenizer.
    """

    def __init__(self, folder: str) -> None:
        try:
            import transformers
        except ImportError:
            raise DataError("no transformers, expected it for --encoder: pip install '.[transformers]'") from None
        transformers.logging.set_verbosity_error()
        try:  # damaged files raise errors of many libraries, one of them a bare Exception
            # add_prefix_space: byte-level tokenizers (RoBERTa's) would not take split words without it.
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
                folder, local_files_only=True, use_fast=True, add_prefix_space=True
            )
            self._model: Any
            self._model, loaded = transformers.TFAutoModel.from_pretrained(
                folder, local_files_only=True, output_hidden_states=True, output_loading_info=True
            )
        except Exception as error:
            reason = (str(error).strip().splitlines() or [repr(error)])[0]
            raise DataError(f"{folder}: {reason}, expected a model and its tokenizer for TensorFlow") from None
        config = self._model.config
        absent = [name for name in loaded["missing_keys"] if "pooler" not in name] + loaded["mismatched_keys"]
        if absent:
            raise DataError(f"{folder}: no weights for {absent[0]} ({len(absent)} such), expected those of config.json")
        if config.is_encoder_decoder or not self._tokenizer.is_fast:
            raise DataError(f"{folder}: a {config.model_type} model, expected an encoder with a fast tokenizer")
        self.layers, self.size = config.num_hidden_layers + 1, config.hidden_size
        probe = [self._tokenizer.unk_token_id]
        framed = self._tokenizer.build_inputs_with_special_tokens(probe)
        self._before = framed.index(probe[0])  # special tokens before a window's own
        positions = getattr(config, "max_position_embeddings", _UNLIMITED)
        if config.model_type in _OFFSET:
            positions -= config.pad_token_id + 1
        limits = [self._tokenizer.model_max_length, positions]
        self._limit = min(limit for limit in [*limits, _UNLIMITED] if limit > 0) - (len(framed) - 1)
        self._run = tf.function(self._hidden, input_signature=[tf.TensorSpec([None, None], tf.int32)] * 2)

    def _hidden(self, ids: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        states = self._model(input_ids=ids, attention_mask=mask, training=False).hidden_states
        return tf.stack(states, 2)  # [B, P, N, H]

    def pieces(self, sentence: Sequence[str]) -> tuple[list[int], np.ndarray]:
        """Piece ids, and for each the word it is of; a word of no piece is unknown."""
        encoded = self._tokenizer(
            [list(sentence)], is_split_into_words=True, add_special_tokens=False, return_attention_mask=False
        )
        ids, words = encoded["input_ids"][0], encoded.word_ids(0)
        present = set(words)
        pairs = [*zip(words, ids)]
        pairs += [(word, self._tokenizer.unk_token_id) for word in range(len(sentence)) if word not in present]
        pairs.sort(key=lambda pair: pair[0])
        return [piece for _, piece in pairs], np.array([word for word, _ in pairs], np.int64)

    def encode(self, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """float32 [L, N, H] of each sentence."""
        split = [self.pieces(sentence) for sentence in sentences]
        cut = [(row, window) for row, (ids, _) in enumerate(split) for window in windows(len(ids), self._limit)]
        inputs = [
            self._tokenizer.build_inputs_with_special_tokens(split[row][0][window.start : window.end])
            for row, window in cut
        ]
        longest = max(map(len, inputs))
        ids = np.full((len(inputs), longest), self._tokenizer.pad_token_id or 0, np.int32)
        mask = np.zeros((len(inputs), longest), np.int32)
        for row, pieces in enumerate(inputs):
            ids[row, : len(pieces)], mask[row, : len(pieces)] = pieces, 1
        hidden = self._run(tf.constant(ids), tf.constant(mask)).numpy()
        vectors = [np.zeros((len(pieces), self.layers, self.size), np.float32) for pieces, _ in split]
        for place, (row, window) in enumerate(cut):
            shift = self._before - window.start
            vectors[row][window.read_from : window.read_to] = hidden[
                place, window.read_from + shift : window.read_to + shift
            ]
        return [_means(vector, words, len(s)) for vector, (_, words), s in zip(vectors, split, sentences)]


def _means(vectors: np.ndarray, words: np.ndarray, count: int) -> np.ndarray:
    """The mean over each word's pieces: [P, N, H] to [count, N, H]."""
    sums = np.zeros((count, *vectors.shape[1:]), np.float32)
    np.add.at(sums, words, vectors)
    return sums / np.bincount(words, minlength=count)[:, None, None].astype(np.float32)
