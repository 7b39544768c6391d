"""The token representation, section 3.1 / III-A: [word; characters; contextual].

Shapes: B batch, L tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from cman_tf.layers.input_features import InputFeature, Tensors


class TokenRepresentation(tf.keras.layers.Layer):
    """X^0, the concatenated vectors of all features. The adversarial perturbation is added to this whole vector.

    Args:
      features: the input features, in the order of their vectors. Their layers become attributes of this layer, under
        the names that the features give them. Checkpoints depend on these names.

    Call args:
      batch: the arrays that `cman_tf.data.batches.batch_specs` names.
      training: whether the model is being trained.

    Returns:
      float32 [B, L, d_w], zero where a sentence is padded.
    """

    def __init__(self, features: Sequence[InputFeature], **kwargs) -> None:
        super().__init__(**kwargs)
        self._features = tuple(_Feature(feature) for feature in features)
        for feature in self._features:
            for name, layer in feature.made.items():
                setattr(self, name, layer)
            del feature.made

    def call(self, batch: Tensors, training: bool = False) -> tf.Tensor:
        parts = [
            feature.of.represent({name: getattr(self, name) for name in feature.names}, batch, training)
            for feature in self._features
        ]
        mask = tf.sequence_mask(batch["lengths"], tf.shape(batch["tags"])[1], tf.float32)
        return tf.concat(parts, -1) * mask[..., None]


class _Feature:
    """A feature and the names of its layers. Keras does not track the attributes of such an object."""

    def __init__(self, feature: InputFeature) -> None:
        self.of, self.made = feature, feature.make_layers()
        self.names = tuple(self.made)
