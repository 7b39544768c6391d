"""Transformer encoders of the `transformers` library, either frozen or trained with the model.

Shapes: W windows, P word pieces, N layers with the embeddings as the first, H width of a layer, L tokens.
"""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from cman_tf.data.contextual_encoder import Wordpieces
from cman_tf.encoders.hdf5_files import open_hdf5
from cman_tf.encoders.wordpieces import WordpieceTokenizer, load_files
from cman_tf.errors import DataError
from cman_tf.layers.random_draws import draws_of_step, next_seed, use_step_draws
from cman_tf.layers.scalar_mix import average_wordpieces

_TOLERANCE = 1e-5  # relative difference that is allowed between a sentence's vectors alone and in a batch


class TransformerLayer(tf.keras.layers.Layer):
    """An encoder with the weights of a directory. Its embeddings and its pooler are not trained.

    Args:
      folder: the directory of a model.

    Raises:
      DataError: if the files are damaged or lack weights.

    Call args:
      ids: word pieces, int32 [W, P], right-padded.
      lengths: number of word pieces in each window, int32 [W].
      training: whether the encoder's dropout is on.

    Returns:
      The embeddings and the output of every layer, float32 [W, P, N, H].
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
        for weights in sorted(pathlib.Path(folder).glob("*.h5")):
            with open_hdf5(weights, "a model and its tokenizer for TensorFlow"):
                pass  # raises if they are in other files
        read = transformers.TFAutoModel.from_pretrained
        self.encoder, info = load_files(folder, lambda: read(folder, **options))
        absent = [name for name in info["missing_keys"] if "pooler" not in name] + info["mismatched_keys"]
        if absent:
            raise DataError(f"{folder}: no weights for {absent[0]} ({len(absent)} such), expected those of config.json")
        main = getattr(self.encoder, self.encoder.base_model_prefix)
        for part in ("embeddings", "pooler"):
            if getattr(main, part, None) is not None:
                getattr(main, part).trainable = False
        self.embeddings = getattr(main, "embeddings", None)
        # Some models have Python conditions on tensors, which need autograph.
        self._run: Any = tf.function(self._states, autograph=True)
        use_step_draws(self.encoder)

    def call(self, ids: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
        seed = next_seed() if training else tf.zeros([2], tf.int64)
        return self._run(ids, tf.sequence_mask(lengths, tf.shape(ids)[1], tf.int32), training, seed)

    def _states(self, ids: tf.Tensor, mask: tf.Tensor, training: bool, seed: tf.Tensor) -> tf.Tensor:
        """Compute the vectors of all layers.

        Args:
          ids: word pieces, int32 [W, P].
          mask: 1 where there is a word piece, int32 [W, P].
          training: whether dropout is on.
          seed: the seed of the dropout masks, int64 [2]. It is an argument because a compiled function cannot use a
            tensor of the step that traced it.
        """
        with draws_of_step(seed[0], seed[1]):
            output = self.encoder(input_ids=ids, attention_mask=mask, training=training)
        return tf.stack(output.hidden_states, 2)

    def sees_padding(self, tokenizer: WordpieceTokenizer) -> bool:
        """Return whether padding changes a sentence's vectors. ConvBERT's convolutions, for example, read the padding.

        Args:
          tokenizer: the encoder's tokenizer.

        Raises:
          DataError: if the encoder cannot be run.
        """

        def states(*sentences: Sequence[str]) -> np.ndarray:
            ids, lengths, _ = tokenizer.split(sentences)
            mask = tf.sequence_mask(lengths, ids.shape[1], tf.int32)
            return self._states(tf.constant(ids), mask, False, tf.zeros([2], tf.int64))[0].numpy()

        alone, together = load_files(self._folder, lambda: (states(["a"]), states(["a"], ["a"] * 40)))
        return np.abs(together[: len(alone)] - alone).max() > _TOLERANCE * max(1.0, np.abs(alone).max())


class Transformer:
    """A frozen encoder that returns the vectors of all its layers.

    Sentences that are longer than its limit are read in overlapping windows. If padding changes its vectors, it reads
    one sentence at a time, so that a sentence's vectors are the same in any batch.

    Args:
      folder: the directory of a model with its tokenizer.

    Raises:
      DataError: if the directory does not hold such a model.
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
        """Return float32 [L, N, H] for each sentence of L tokens."""
        if self._one_by_one and len(sentences) > 1:
            return [self.encode([sentence])[0] for sentence in sentences]
        lengths = [len(sentence) for sentence in sentences]
        vectors = self._run(*self.tokenizer.split(sentences), tf.constant([len(lengths), max(lengths)]))
        return [of_one[:length] for of_one, length in zip(vectors.numpy(), lengths)]


class TunedTransformer:
    """An encoder that is trained with the model (--tune_encoder). Batches hold word pieces.

    Args:
      folder: the directory of a model with its tokenizer.
      name: the encoder's name in results.

    Raises:
      DataError: if the directory does not hold an encoder with a tokenizer.
    """

    def __init__(self, folder: str, name: str) -> None:
        self.tokenizer, self._folder, self.name = WordpieceTokenizer(folder), folder, f"{name}, tuned"
        self.layers, self.size = self.tokenizer.layers, self.tokenizer.size

    def split(self, sentences: Sequence[Sequence[str]]) -> Wordpieces:
        """Cut sentences into word pieces, as the layer reads them."""
        return self.tokenizer.split(sentences)

    def make_layer(self) -> TransformerLayer:
        """Make a layer with the weights of the directory, for one model.

        Raises:
          DataError: if the weights cannot be read, if the embeddings are not found (they must stay frozen), or if
            padding changes the encoder's vectors.
        """
        layer = TransformerLayer(self._folder, name="encoder")
        kind = layer.encoder.config.model_type
        if layer.embeddings is None:
            raise DataError(f"{self._folder}: a {kind} model, expected a model with `embeddings` for --tune_encoder")
        if layer.sees_padding(self.tokenizer):
            raise DataError(
                f"{self._folder}: padding changes the vectors of this {kind} model, expected for --tune_encoder one "
                "whose vectors do not depend on padding"
            )
        return layer
