"""What CMAN and the baseline have in common: their settings, and how they represent tokens.

Shapes: B batch, L tokens, D the token representation's width.
"""

from __future__ import annotations

import tensorflow as tf

from cman_tf.config import Config
from cman_tf.data.batches import batch_signature
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.layers.token_representation import make_representation

Batch = dict  # the tensors that cman_tf.data.batches.signature names


class JointModel(tf.keras.Model):
    """A model of entities and relations; `make_layers`, `encode_labels`, `compute_losses` and `decode` are its heirs'.

    Args:
      config: resolved settings.
      vocabulary: of the training data.
      contextual: layers and width of the encoder whose features the batches hold, or None.
      encoder: that encoder itself where it is trained with the model, or None.
    """

    def __init__(
        self,
        config: Config,
        vocabulary: Vocabulary,
        contextual: tuple[int, int] | None = None,
        encoder: tf.keras.layers.Layer | None = None,
    ) -> None:
        super().__init__(name=config.model)
        self.config = config
        self.contextual = contextual
        self.representation = make_representation(config, vocabulary, encoder)
        self.input_dropout = tf.keras.layers.Dropout(config.embedding_dropout)
        self.make_layers(vocabulary)

    def make_layers(self, vocabulary: Vocabulary) -> None:
        """Make the layers that come after the token representation."""
        raise NotImplementedError

    @property
    def signature(self) -> dict[str, tf.TensorSpec]:
        """The tensors of its batches."""
        return batch_signature(self.contextual, self.representation.encoder is not None)

    def represent(self, batch: Batch, training: bool = False) -> tf.Tensor:
        """e or X^0, the token representation, to which the perturbation is added: float32 [B, L, D]."""
        return self.representation(batch, training=training)
