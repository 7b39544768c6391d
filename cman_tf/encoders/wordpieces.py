"""Cutting sentences into a transformer's word pieces, and into windows if they are longer than its limit.

Shapes: W windows, P word pieces in the longest window with its special tokens, Q word pieces of all sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from cman_tf.data.contextual_encoder import Wordpieces
from cman_tf.errors import DataError, quote

_UNLIMITED = 100_000  # stands for no limit; tokenizers without a limit give 1e30

# Models that count positions from the one after the padding's position.
_OFFSET = ("roberta", "roberta-prelayernorm", "xlm-roberta", "camembert", "longformer", "mpnet")


class Window(NamedTuple):
    """A window: the word pieces of a sentence that the encoder sees at once. All positions are in the sentence.

    Attributes:
      start: the first piece of the window.
      end: the piece after its last.
      read_from: the first piece whose vectors are taken from this window.
      read_to: the piece after the last of these.
    """

    start: int
    end: int
    read_from: int
    read_to: int


def cut_windows(pieces: int, limit: int) -> list[Window]:
    """Cut a sentence into windows. Half of each window overlaps with its neighbour.

    The vectors of a piece are taken from the window in which the piece is farthest from an edge.

    Args:
      pieces: number of word pieces in the sentence.
      limit: the most word pieces in a window.
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


def load_files(folder: str, load: Callable[[], Any]) -> Any:
    """Call a function that loads something from a model's directory.

    Args:
      folder: the directory, for the message.
      load: the function.

    Raises:
      DataError: for any exception of `load`. Damaged files raise exceptions of many libraries, one of which raises a
        bare Exception.
    """
    try:
        return load()
    except BaseException as error:
        # A panic of the tokenizers' Rust code is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        reason = (str(error).strip().splitlines() or [repr(error)])[0]
        raise DataError(f"{folder}: {reason[:200]}, expected a model and its tokenizer for TensorFlow") from None


def _read_size(folder: str, config: Any, name: str, default: int | None = None) -> int:
    """Return a whole number of a model's config.json.

    Args:
      folder: the model's directory, for the message.
      config: the configuration.
      name: the number's name.
      default: what a configuration without it, or with -1 as XLNet's, stands for; None: it must be there.

    Raises:
      DataError: if it is no whole number, or negative.
    """
    value = getattr(config, name, default)
    if default is not None and (value is None or value == -1):
        value = default
    if type(value) is not int or not 0 <= value <= 1 << 30:
        raise DataError(f"{folder}: {name} is {quote(value)}, expected a whole number in config.json")
    return value


class WordpieceTokenizer:
    """The tokenizer of a model, and the model's layers and limits as in its config.json.

    Args:
      folder: the directory of a model with its tokenizer.

    Raises:
      DataError: if there is no model, or if it is not an encoder with a fast tokenizer.
    """

    def __init__(self, folder: str) -> None:
        import transformers

        transformers.logging.set_verbosity_error()
        # Byte-level tokenizers such as RoBERTa's need add_prefix_space for input that is split into words.
        options = {"local_files_only": True, "trust_remote_code": False, "use_fast": True, "add_prefix_space": True}
        self._tokenizer: Any = load_files(folder, lambda: transformers.AutoTokenizer.from_pretrained(folder, **options))
        config = load_files(
            folder,
            lambda: transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False),
        )
        if config.is_encoder_decoder or not self._tokenizer.is_fast:
            raise DataError(f"{folder}: a {config.model_type} model, expected an encoder with a fast tokenizer")
        self.layers = _read_size(folder, config, "num_hidden_layers") + 1
        self.size = _read_size(folder, config, "hidden_size")
        # The special tokens before and after the pieces of a window. (build_inputs_with_special_tokens adds them only
        # for some classes of tokenizers.)
        framed = load_files(folder, lambda: self._tokenizer("a", return_special_tokens_mask=True))
        special, ids = framed["special_tokens_mask"], framed["input_ids"]
        own = [place for place, mark in enumerate(special) if not mark]
        if not own:
            raise DataError(f"{folder}: the tokenizer cuts the word a into no piece, expected one")
        self._before, self._after = ids[: own[0]], ids[own[-1] + 1 :]
        positions = _read_size(folder, config, "max_position_embeddings", _UNLIMITED)
        if config.model_type in _OFFSET:
            positions -= _read_size(folder, config, "pad_token_id") + 1
        longest = self._tokenizer.model_max_length
        if isinstance(longest, bool) or not isinstance(longest, (int, float)):
            raise DataError(f"{folder}: model_max_length is {quote(longest)}, expected a number")
        framing = len(self._before + self._after)
        self._limit = int(min(limit for limit in (longest, positions, _UNLIMITED) if limit > 0)) - framing
        if self._limit < 1:
            raise DataError(f"{folder}: reads {self._limit + framing} pieces at once, expected more than {framing}")

    def split_sentence(self, sentence: Sequence[str]) -> tuple[list[int], np.ndarray]:
        """Cut a sentence into word pieces. A word without a piece gets the piece for unknown words.

        Returns:
          The ids of the pieces, and for each piece its word, int64 [pieces].
        """
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
        """Cut sentences into word pieces, in windows. The vectors of each piece are taken from one window."""
        inputs: list[list[int]] = []
        places = []
        for number, sentence in enumerate(sentences):
            ids, words = self.split_sentence(sentence)
            for window in cut_windows(len(ids), self._limit):
                read = np.arange(window.read_from, window.read_to)
                columns = (len(inputs), read + len(self._before) - window.start, number, words[read])
                places.append(np.stack(np.broadcast_arrays(*columns), 1))
                inputs.append([*self._before, *ids[window.start : window.end], *self._after])
        lengths = np.array([len(pieces) for pieces in inputs], np.int32)
        padded = np.full((len(inputs), lengths.max()), self._tokenizer.pad_token_id or 0, np.int32)
        for row, pieces in enumerate(inputs):
            padded[row, : len(pieces)] = pieces
        return Wordpieces(padded, lengths, np.concatenate(places).astype(np.int32))
