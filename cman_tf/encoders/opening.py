"""Opening a contextual encoder, either frozen or to be trained with a model.

A kind of encoder is imported when it is needed, because each kind needs other libraries.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cman_tf.data.contextual_encoder import ContextualEncoder, TunableEncoder
from cman_tf.encoders.resolve import transformer_folder
from cman_tf.encoders.source import Source, validate_tunable


class RoundedEncoder:
    """An encoder whose vectors are rounded to a smaller dtype, as those of a cache in that dtype are.

    Args:
      encoder: whose vectors are rounded.
      precision: the dtype, float16.
    """

    def __init__(self, encoder: ContextualEncoder, precision: str) -> None:
        self.name, self.layers, self.size = encoder.name, encoder.layers, encoder.size
        self._encoder, self._precision = encoder, precision

    def encode(self, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """float32 [L, layers, size] of each sentence, with the values of the smaller dtype."""
        vectors = self._encoder.encode(sentences)
        return [of_one.astype(self._precision).astype(np.float32) for of_one in vectors]


def open_encoder(source: Source) -> ContextualEncoder:
    """Open a frozen encoder. This imports TensorFlow.

    Raises:
      DataError: if the encoder's files cannot be read.
    """
    encoder: ContextualEncoder
    if source.kind == "elmo_files":
        from cman_tf.encoders.elmo_files import ElmoFiles

        encoder = ElmoFiles(source.location["elmo_options"], source.location["elmo_weights"])
    elif source.kind == "elmo_hub":
        from cman_tf.encoders.elmo_hub import ElmoHub

        encoder = ElmoHub(source.location["elmo"])
    else:
        from cman_tf.encoders.transformer import Transformer

        encoder = Transformer(transformer_folder(source.location["encoder"]))
    encoder.name = str(source)
    return encoder if source.precision == "float32" else RoundedEncoder(encoder, source.precision)


def open_tunable(source: Source) -> TunableEncoder:
    """Open an encoder that is to be trained with the model. This imports TensorFlow.

    Raises:
      DataError: if the encoder is not a transformer, or if its files cannot be read.
    """
    validate_tunable(source)
    from cman_tf.encoders.transformer import TunedTransformer

    return TunedTransformer(transformer_folder(source.location["encoder"]), str(source))
