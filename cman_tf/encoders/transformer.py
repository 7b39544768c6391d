"""Any transformer encoder of the `transformers` library: frozen, or trained with the model.

Shapes: W windows, P word pieces, N the encoder's layers and its embeddings, H its width, L tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from cman_tf.data.contextual_encoder import Wordpieces
from cman_tf.encoders.wordpieces import WordpieceTokenizer, loaded
from cman_tf.errors import DataError
from cman_tf.layers.random_draws import draws_of_step, next_seed, use_step_draws
from cman_tf.layers.scalar_mix import average_wordpieces

_TOLERANCE = 1e-5  # of a sentence's vectors alone and in a batch, beside the largest of them


class TransformerLayer(tf.keras.layers.Layer):
    """An encoder's weights, read from a directory; its embeddings and its pooler stay frozen.

    Args:
      folder: a model's directory.

    Raises:
      DataError: if its files are damaged or lack weights.

    Call args:
      ids: int32 [W, P].
      lengths: int32 [W].

    Returns:
      float32 [W, P, N, H]: the embeddings and the output of every layer.
    """

    def __init__(self, folder: str, **kwargs) -> None:
        super().__init__(**kwargs)
        import transformers

        self._folder = folder
        options = {
            "local_files_only": True,
            "trust_remote_code": False,
            "output_hidden_states": True,
            "output_loading_info": True,
        }
        read = transformers.TFAutoModel.from_pretrained
        self.encoder, info = loaded(folder, lambda: read(folder, **options))
        absent = [name for name in info["missing_keys"] if "pooler" not in name] + info["mismatched_keys"]
        if absent:
            raise DataError(f"{folder}: no weights for {absent[0]} ({len(absent)} such), expected those of config.json")
        main = getattr(self.encoder, self.encoder.base_model_prefix)
        for part in ("embeddings", "pooler"):
            if getattr(main, part, None) is not None:
                getattr(main, part).trainable = False
        self.embeddings = getattr(main, "embeddings", None)
        # Some models have Python conditions on tensors, which only autograph understands.
        self._run: Any = tf.function(self._states, autograph=True)
        use_step_draws(self.encoder)

    def call(self, ids: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
        seed = next_seed() if training else tf.zeros([2], tf.int64)
        return self._run(ids, tf.sequence_mask(lengths, tf.shape(ids)[1], tf.int32), training, seed)

    def _states(self, ids: tf.Tensor, mask: tf.Tensor, training: bool, seed: tf.Tensor) -> tf.Tensor:
        with draws_of_step(seed[0], seed[1]):  # an argument: a compiled function cannot keep a step's tensor
            output = self.encoder(input_ids=ids, attention_mask=mask, training=training)
        return tf.stack(output.hidden_states, 2)

    def sees_padding(self, tokenizer: WordpieceTokenizer) -> bool:
        """Whether a word's vectors are others beside a longer sentence than alone (ConvBERT's convolutions
        reach into the padding).

        Raises:
          DataError: if the encoder cannot read them.
        """

        def states(*sentences: Sequence[str]) -> np.ndarray:
            ids, lengths, _ = tokenizer.split(sentences)
            mask = tf.sequence_mask(lengths, ids.shape[1], tf.int32)
            return self._states(tf.constant(ids), mask, False, tf.zeros([2], tf.int64))[0].numpy()

        alone, together = loaded(self._folder, lambda: (states(["a"]), states(["a"], ["a"] * 40)))
        return np.abs(together[: len(alone)] - alone).max() > _TOLERANCE * max(1.0, np.abs(alone).max())


class Transformer:
    """Every layer of a frozen encoder. Sentences longer than it takes are read in overlapping windows.

    An encoder that padding disturbs reads one sentence at a time: a sentence's features are the same in any batch.

    Args:
      folder: a model's directory, with its tokenizer.

    Raises:
      DataError: if it is no such directory.
    """

    def __init__(self, folder: str) -> None:
        self.name = folder
        self.tokenizer = WordpieceTokenizer(folder)
        self.layers, self.size = self.tokenizer.layers, self.tokenizer.size
        specs = [tf.TensorSpec(shape, tf.int32) for shape in ([None, None], [None], [None, 4], [2])]
        layer = TransformerLayer(folder)
        self._one_by_one = layer.sees_padding(self.tokenizer)
        self._run: Any = tf.function(
            lambda ids, lengths, *where: average_wordpieces(layer(ids, lengths), *where), specs
        )

    def encode(self, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """float32 [L, N, H] of each sentence."""
        if self._one_by_one and len(sentences) > 1:
            return [self.encode([sentence])[0] for sentence in sentences]
        lengths = [len(sentence) for sentence in sentences]
        vectors = self._run(*self.tokenizer.split(sentences), tf.constant([len(lengths), max(lengths)]))
        return [of_one[:length] for of_one, length in zip(vectors.numpy(), lengths)]


class TunedTransformer:
    """An encoder that is trained with the model (--tune_encoder): batches hold word pieces.

    Args:
      folder: a model's directory, with its tokenizer.
      name: what results call it.

    Raises:
      DataError: if it is no directory of an encoder with a tokenizer.
    """

    def __init__(self, folder: str, name: str) -> None:
        self.tokenizer, self._folder, self.name = WordpieceTokenizer(folder), folder, f"{name}, tuned"
        self.layers, self.size = self.tokenizer.layers, self.tokenizer.size

    def split(self, sentences: Sequence[Sequence[str]]) -> Wordpieces:
        """The sentences' word pieces, as the layer reads them."""
        return self.tokenizer.split(sentences)

    def make_layer(self) -> TransformerLayer:
        """The encoder with the weights of its directory, for one model.

        Raises:
          DataError: for weights that cannot be read, or an encoder whose embeddings are not
            found: they are to stay as they are; or one that padding disturbs.
        """
        layer = TransformerLayer(self._folder, name="encoder")
        kind = layer.encoder.config.model_type
        if layer.embeddings is None:
            raise DataError(f"{self._folder}: a {kind} model, expected for --tune_encoder one with a part `embeddings`")
        if layer.sees_padding(self.tokenizer):
            raise DataError(
                f"{self._folder}: padding changes what this {kind} model says of a sentence, "
                "expected for --tune_encoder one that it does not"
            )
        return layer
