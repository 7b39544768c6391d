"""The model that the settings name, with all its weights made."""

from __future__ import annotations

from typing import Union

import tensorflow as tf

from cman_tf.config import Config
from cman_tf.data.batches import PIECES
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.encoders.transformer import TunedTransformer
from cman_tf.layers.initial_values import set_tensorflow_1_values
from cman_tf.models.cman import CMAN
from cman_tf.models.multihead import Multihead

Model = Union[CMAN, Multihead]


def build_model(
    config: Config,
    vocabulary: Vocabulary,
    contextual: tuple[int, int] | None = None,
    encoder: TunedTransformer | None = None,
) -> Model:
    """The model, its weights made from a batch of one one-letter token.

    Args:
      config: resolved settings.
      vocabulary: of the training data.
      contextual: layers and width of the encoder whose features the batches hold, or None.
      encoder: that encoder, where it is trained with the model (`config.tune_encoder`).
    """
    own = encoder.layer() if encoder else None
    model = (Multihead if config.model == "multihead" else CMAN)(config, vocabulary, contextual, own)
    zero = tf.zeros([1, 1], tf.int32)
    batch = dict.fromkeys(("words", "characters", "spelling", "tags"), zero)
    batch.update(lengths=tf.ones([1], tf.int32), character_lengths=tf.ones([1], tf.int32))
    batch["relations"] = tf.zeros([0, 4], tf.int32)
    if encoder is not None:
        batch.update(zip(PIECES, encoder.tokenizer.pieces([("a",)])))
    elif contextual is not None:
        batch["contextual"] = tf.zeros([1, 1, *contextual])
    # Uncompiled: one token is not worth XLA's time.
    model.scorer.xla = False
    model.compute_losses(model.represent(batch), model.encode_labels(zero, batch["lengths"]), batch, training=False)
    model.scorer.xla = config.xla
    if config.initial_values == "tensorflow1":
        set_tensorflow_1_values(model)
    return model
