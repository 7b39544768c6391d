"""Sentences as a transformer's word pieces, in windows where they are longer than it takes.

Shapes: W windows, P pieces of the longest with its special tokens, Q pieces of all sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from cman_tf.data.contextual_encoder import Wordpieces
from cman_tf.errors import DataError

_UNLIMITED = 100_000  # tokenizers without a limit of their own say 1e30

# Models whose first position is the one after the padding's.
_OFFSET = ("roberta", "roberta-prelayernorm", "xlm-roberta", "camembert", "longformer", "mpnet")


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


def loaded(folder: str, load: Callable[[], Any]) -> Any:
    """What `load` returns.

    Raises:
      DataError: for whatever it raises: damaged files raise errors of many libraries, one
        of them a bare Exception.
    """
    try:
        return load()
    except Exception as error:
        reason = (str(error).strip().splitlines() or [repr(error)])[0]
        raise DataError(f"{folder}: {reason}, expected a model and its tokenizer for TensorFlow") from None


class WordpieceTokenizer:
    """A model's tokenizer, and what its config.json says of its layers and limits.

    Args:
      folder: a model's directory, with its tokenizer.

    Raises:
      DataError: if there is none, or the model is no encoder with a fast tokenizer.
    """

    def __init__(self, folder: str) -> None:
        import transformers

        transformers.logging.set_verbosity_error()
        # add_prefix_space: byte-level tokenizers (RoBERTa's) would not take split words without it.
        options = {"local_files_only": True, "trust_remote_code": False, "use_fast": True, "add_prefix_space": True}
        self._tokenizer: Any = loaded(folder, lambda: transformers.AutoTokenizer.from_pretrained(folder, **options))
        config = loaded(
            folder,
            lambda: transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False),
        )
        if config.is_encoder_decoder or not self._tokenizer.is_fast:
            raise DataError(f"{folder}: a {config.model_type} model, expected an encoder with a fast tokenizer")
        self.layers, self.size = config.num_hidden_layers + 1, config.hidden_size
        # Special tokens before and after a window's own. (build_inputs_with_special_tokens knows
        # them only for some classes of tokenizers.)
        framed = self._tokenizer("a", return_special_tokens_mask=True)
        special, ids = framed["special_tokens_mask"], framed["input_ids"]
        own = [place for place, mark in enumerate(special) if not mark]
        self._before, self._after = ids[: own[0]], ids[own[-1] + 1 :]
        positions = getattr(config, "max_position_embeddings", _UNLIMITED)
        if config.model_type in _OFFSET:
            positions -= config.pad_token_id + 1
        limits = [self._tokenizer.model_max_length, positions]
        self._limit = min(limit for limit in [*limits, _UNLIMITED] if limit > 0) - len(self._before + self._after)

    def split_sentence(self, sentence: Sequence[str]) -> tuple[list[int], np.ndarray]:
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

    def split(self, sentences: Sequence[Sequence[str]]) -> Wordpieces:
        """The sentences' pieces in windows; every piece is read from one of them."""
        inputs: list[list[int]] = []
        places = []
        for number, sentence in enumerate(sentences):
            ids, words = self.split_sentence(sentence)
            for window in windows(len(ids), self._limit):
                read = np.arange(window.read_from, window.read_to)
                columns = (len(inputs), read + len(self._before) - window.start, number, words[read])
                places.append(np.stack(np.broadcast_arrays(*columns), 1))
                inputs.append([*self._before, *ids[window.start : window.end], *self._after])
        lengths = np.array([len(pieces) for pieces in inputs], np.int32)
        padded = np.full((len(inputs), lengths.max()), self._tokenizer.pad_token_id or 0, np.int32)
        for row, pieces in enumerate(inputs):
            padded[row, : len(pieces)] = pieces
        return Wordpieces(padded, lengths, np.concatenate(places).astype(np.int32))
