"""ELMo from TensorFlow Hub: a module in the format of TensorFlow 1 with the signature `tokens`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tensorflow_hub

from cman_tf.errors import DataError

_OUTPUTS = ("word_emb", "lstm_outputs1", "lstm_outputs2")


class ElmoHub:
    """The three layers of google/elmo/3, or of a module with the same signature, frozen.

    `word_emb` is half as wide as the LSTM layers. Its layer contains it twice, as in ELMo itself.

    Args:
      handle: a handle of TensorFlow Hub or a directory.

    Raises:
      DataError: if the module cannot be loaded or has another signature.
    """

    def __init__(self, handle: str) -> None:
        self.name = handle
        try:
            self._module = tensorflow_hub.load(handle)
            signature = self._module.signatures["tokens"]
        except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
            reason = str(error).strip().splitlines()[0]
            raise DataError(f"--elmo={handle}: {reason}, expected a module with the signature `tokens`") from None
        missing = [name for name in _OUTPUTS if name not in signature.structured_outputs]
        if missing:
            raise DataError(f"--elmo={handle}: no output {', '.join(missing)}, expected {', '.join(_OUTPUTS)}")
        self._signature = signature
        self.layers, self.size = 3, int(signature.structured_outputs["lstm_outputs1"].shape[-1])

    def encode(self, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """Return float32 [L, 3, size] for each sentence of L tokens."""
        lengths = [len(sentence) for sentence in sentences]
        longest = max(lengths)
        tokens = [[*sentence, *[""] * (longest - len(sentence))] for sentence in sentences]
        output = self._signature(tokens=tf.constant(tokens), sequence_len=tf.constant(lengths, tf.int32))
        words, first, second = (output[name].numpy() for name in _OUTPUTS)
        features = np.stack([np.concatenate([words, words], -1), first, second], 2)
        return [features[row, :length] for row, length in enumerate(lengths)]
