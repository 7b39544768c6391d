"""Building the model that a configuration names."""

from __future__ import annotations

import sys
from typing import Union

import tensorflow as tf

from cman_tf.config import Config
from cman_tf.data.contexts import ContextFinder
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
    finder: ContextFinder | None = None,
) -> Model:
    """Build a model and all its weights, by running it on a batch of one token.

    Args:
      config: the resolved configuration.
      vocabulary: the vocabulary of the training data.
      encoder: the contextual encoder, or None. It must be a `TunableEncoder` if `config.tune_encoder` is set.
      finder: finds the contexts of sentences if `config.retrieved_passages` is not 0, otherwise None.
    """
    model = (Multihead if config.model == "multihead" else CMAN)(config, vocabulary, encoder, finder)
    batch = _smallest_batch(model)
    # Compiling would take longer than running on one token.
    model.scorer.xla = False
    inputs = model.represent(batch)  # must come first: a seed's draws depend on the order in which weights are built
    labels = model.encode_labels(batch["tags"], batch["lengths"])
    model.compute_losses(inputs, labels, batch, training=False)
    model.scorer.xla = config.xla
    if config.initial_values == "tensorflow1":
        set_tensorflow_1_values(model)
    return model


def reset_layer_names() -> None:
    """Let Keras number the layers of the next model from the start, as in a new process.

    Checkpoints contain the names. Without this, the same model has other ones if a process trains several.
    """
    for keras in (tf.keras, sys.modules.get("tf_keras")):  # the second one is that of `transformers`
        if keras:
            keras.backend.reset_uids()


def _smallest_batch(model: Model) -> dict[str, tf.Tensor]:
    """Make a batch of one sentence with one token: all ids are 0, all lengths are 1, and there are no relations."""
    batch = {}
    for name, spec in model.signature.items():
        shape = [1 if size is None else size for size in spec.shape]
        fill = tf.ones if name == "sentences" or name.endswith("lengths") else tf.zeros
        batch[name] = fill(shape, spec.dtype)
    batch["relations"] = batch["relations"][:0]
    return batch
