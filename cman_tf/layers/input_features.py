"""The input features of a token. Each class defines a feature's arrays, how they are padded, and its layers.

To add a feature, write a class with the four methods of `InputFeature` and list it in `list_features`.

Shapes: B sentences in the batch, L tokens of the longest sentence, N distinct words in the batch, W characters of the
longest word, K layers of an encoder, C their width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

import numpy as np
import tensorflow as tf

from cman_tf.config import Config
from cman_tf.data.batches import ArraySpec, Batch, Example, PaddedFeature, pad_rows
from cman_tf.data.contextual_encoder import AnyEncoder, ContextualEncoder, TunableEncoder
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.layers.scalar_mix import ScalarMix, average_wordpieces
from cman_tf.layers.word_layers import CharacterEncoder, WordVectors

MAX_WORD_CHARACTERS = 60  # of a longer word, the character BiLSTM reads the beginning and the end

Layers = Mapping[str, tf.keras.layers.Layer]
Tensors = Mapping[str, tf.Tensor]


class InputFeature(PaddedFeature, Protocol):
    """A feature with its layers."""

    def make_layers(self) -> dict[str, tf.keras.layers.Layer]:
        """Make the feature's layers. The keys are the layers' names in checkpoints."""
        ...

    def represent(self, layers: Layers, batch: Tensors, training: bool) -> tf.Tensor:
        """Turn the feature's arrays into vectors.

        Args:
          layers: the layers that `make_layers` made.
          batch: the arrays of the batch, which include those that `specs` names.
          training: whether the model is being trained.

        Returns:
          float32 [B, L, width]. The caller masks padded positions.
        """
        ...


class Words:
    """Word ids, which are looked up in the table of word vectors."""

    def __init__(self, config: Config, vocabulary: Vocabulary) -> None:
        self._config, self._vocabulary = config, vocabulary

    def specs(self) -> dict[str, ArraySpec]:
        return {"words": ArraySpec((None, None))}  # [B, L]

    def pad(self, examples: Sequence[Example], length: int) -> Batch:
        return {"words": pad_rows([example.words for example in examples], length)}

    def make_layers(self) -> dict[str, tf.keras.layers.Layer]:
        c, v = self._config, self._vocabulary
        return {"words": WordVectors(len(v.words), c.word_size, v.vectors, c.unknown_word_rate, c.tune_word_vectors)}

    def represent(self, layers: Layers, batch: Tensors, training: bool) -> tf.Tensor:
        return layers["words"](batch["words"], training=training)


class Characters:
    """The characters of each distinct word in the batch, with the longest words first."""

    def __init__(self, config: Config, vocabulary: Vocabulary) -> None:
        self._config, self._vocabulary = config, vocabulary

    def specs(self) -> dict[str, ArraySpec]:
        return {
            "characters": ArraySpec((None, None)),  # [N, W] character ids
            "character_lengths": ArraySpec((None,)),  # [N], in descending order, at least 1
            "spelling": ArraySpec((None, None)),  # [B, L] each token's row in `characters`
        }

    def pad(self, examples: Sequence[Example], length: int) -> Batch:
        # Padded positions hold row 0, like the first word. The token representation masks them.
        words = sorted({t for e in examples for t in e.tokens}, key=lambda token: (-len(token), token))
        row_of = {token: row for row, token in enumerate(words)}
        spelled = [self._vocabulary.character_ids(token, MAX_WORD_CHARACTERS) for token in words]
        return {
            "characters": pad_rows(spelled, len(spelled[0])),
            "character_lengths": np.array([len(ids) for ids in spelled], np.int32),
            "spelling": pad_rows([[row_of[token] for token in e.tokens] for e in examples], length),
        }

    def make_layers(self) -> dict[str, tf.keras.layers.Layer]:
        c = self._config
        return {"characters": CharacterEncoder(len(self._vocabulary.characters), c.char_size, c.char_hidden_size)}

    def represent(self, layers: Layers, batch: Tensors, training: bool) -> tf.Tensor:
        return layers["characters"](batch["characters"], batch["character_lengths"], batch["spelling"], training)


class FrozenVectors:
    """The vectors of all layers of a frozen encoder, which are mixed into one vector."""

    def __init__(self, config: Config, encoder: ContextualEncoder) -> None:
        self._config, self._encoder = config, encoder

    def specs(self) -> dict[str, ArraySpec]:
        return {
            "contextual": ArraySpec((None, None, self._encoder.layers, self._encoder.size), "float32")
        }  # [B, L, K, C]

    def pad(self, examples: Sequence[Example], length: int) -> Batch:
        shape = len(examples), length, self._encoder.layers, self._encoder.size
        contextual = np.zeros(shape, np.float32)
        vectors = self._encoder.encode([example.tokens for example in examples])
        for row, of_one in enumerate(vectors):
            contextual[row, : len(of_one)] = of_one
        return {"contextual": contextual}

    def make_layers(self) -> dict[str, tf.keras.layers.Layer]:
        return {"mix": ScalarMix(self._config.chosen_layers(), self._config.mix_scale, name="mix")}

    def represent(self, layers: Layers, batch: Tensors, training: bool) -> tf.Tensor:
        return layers["mix"](tf.stop_gradient(batch["contextual"]))


class TunedVectors:
    """The word pieces for an encoder that is trained with the model. The vectors of its layers are mixed into one."""

    def __init__(self, config: Config, encoder: TunableEncoder) -> None:
        self._config, self._encoder = config, encoder

    def specs(self) -> dict[str, ArraySpec]:
        # As in `Wordpieces`: [windows, word pieces], [windows], [word pieces of all sentences, 4].
        return {
            "wordpieces": ArraySpec((None, None)),
            "wordpiece_lengths": ArraySpec((None,)),
            "wordpiece_places": ArraySpec((None, 4)),
        }

    def pad(self, examples: Sequence[Example], length: int) -> Batch:
        return dict(zip(self.specs(), self._encoder.split([example.tokens for example in examples])))

    def make_layers(self) -> dict[str, tf.keras.layers.Layer]:
        mix = ScalarMix(self._config.chosen_layers(), self._config.mix_scale, name="mix")
        return {"encoder": self._encoder.make_layer(), "mix": mix}

    def represent(self, layers: Layers, batch: Tensors, training: bool) -> tf.Tensor:
        hidden = layers["encoder"](batch["wordpieces"], batch["wordpiece_lengths"], training=training)
        shape = tf.stack([tf.shape(batch["lengths"])[0], tf.shape(batch["tags"])[1]])
        return layers["mix"](average_wordpieces(hidden, batch["wordpiece_places"], shape))


def list_features(config: Config, vocabulary: Vocabulary, encoder: AnyEncoder | None = None) -> list[InputFeature]:
    """List the input features of a model, in the order in which their vectors are concatenated.

    Args:
      config: the resolved configuration.
      vocabulary: the vocabulary of the training data.
      encoder: the contextual encoder, or None. It must be a `TunableEncoder` if `config.tune_encoder` is set.
    """
    features: list[InputFeature] = [Words(config, vocabulary)]
    if config.use_characters:
        features.append(Characters(config, vocabulary))
    if encoder is not None and config.tune_encoder:
        features.append(TunedVectors(config, cast(TunableEncoder, encoder)))
    elif encoder is not None:
        features.append(FrozenVectors(config, cast(ContextualEncoder, encoder)))
    return features
