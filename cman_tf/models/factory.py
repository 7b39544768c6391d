"""The model that a configuration names, with all its weights made."""

from __future__ import annotations

from typing import Union

import tensorflow as tf

from cman_tf.config import Config
from cman_tf.data.contextual_encoder import AnyEncoder
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.layers.initial_values import set_tensorflow_1_values
from cman_tf.models.cman import CMAN
from cman_tf.models.multihead import Multihead

Model = Union[CMAN, Multihead]


def build_model(
    config: Config,
    vocabulary: Vocabulary,
    encoder: AnyEncoder | None = None,
) -> Model:
    """Build a model. Its weights are made from a batch of one token.

    Args:
      config: resolved.
      vocabulary: of the training data.
      encoder: the contextual encoder whose vectors the batches hold; a tunable one if `config.tune_encoder`.
    """
    model = (Multihead if config.model == "multihead" else CMAN)(config, vocabulary, encoder)
    batch = _smallest_batch(model)
    # Uncompiled: one token is not worth XLA's time.
    model.scorer.xla = False
    inputs = model.represent(batch)  # first: the order in which weights are made decides what a seed draws for them
    labels = model.encode_labels(batch["tags"], batch["lengths"])
    model.compute_losses(inputs, labels, batch, training=False)
    model.scorer.xla = config.xla
    if config.initial_values == "tensorflow1":
        set_tensorflow_1_values(model)
    return model


def _smallest_batch(model: Model) -> dict[str, tf.Tensor]:
    """One sentence of one token, all ids 0, all lengths 1, no relations."""
    batch = {}
    for name, spec in model.signature.items():
        shape = [1 if size is None else size for size in spec.shape]
        fill = tf.ones if name == "sentences" or name.endswith("lengths") else tf.zeros
        batch[name] = fill(shape, spec.dtype)
    batch["relations"] = batch["relations"][:0]
    return batch
