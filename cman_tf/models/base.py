"""What CMAN and the baseline have in common: their configuration, and how they represent tokens.

Shapes: B batch, L tokens, D the token representation's width, P pairs, T tags, R relations.
"""

from __future__ import annotations

import abc

import tensorflow as tf

from cman_tf.config import Config
from cman_tf.data.batches import batch_specs
from cman_tf.data.contextual_encoder import AnyEncoder
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.layers.input_features import InputFeature, Tensors, list_features
from cman_tf.layers.random_draws import Dropout
from cman_tf.layers.token_representation import TokenRepresentation


class BatchLayout:
    """Which arrays a model's batches hold.

    Attributes:
      features: what the model reads of each token.
    """

    def __init__(self, features: list[InputFeature]) -> None:
        self.features = features

    def signature(self) -> dict[str, tf.TensorSpec]:
        """The arrays as specifications of tensors."""
        return {name: tf.TensorSpec(*spec) for name, spec in batch_specs(self.features).items()}


class JointModel(tf.keras.Model, abc.ABC):
    """A model of entities and relations.

    Args:
      config: resolved.
      vocabulary: of the training data.
      encoder: the contextual encoder whose vectors the batches hold, or which is trained with the model, or None.
    """

    def __init__(
        self,
        config: Config,
        vocabulary: Vocabulary,
        encoder: AnyEncoder | None = None,
    ) -> None:
        super().__init__(name=config.model)
        self.config = config
        self.layout = BatchLayout(list_features(config, vocabulary, encoder))
        self.representation = TokenRepresentation(self.layout.features)
        self.input_dropout = Dropout(config.embedding_dropout)
        self.make_layers(vocabulary)

    @property
    def tuned_encoder(self) -> tf.keras.layers.Layer | None:
        """The layer of the encoder that is trained with the model, if there is one."""
        return getattr(self.representation, "encoder", None)

    @property
    def signature(self) -> dict[str, tf.TensorSpec]:
        """The tensors of its batches."""
        return self.layout.signature()

    def represent(self, batch: Tensors, training: bool = False) -> tf.Tensor:
        """e or X^0, the token representation, to which the perturbation is added: float32 [B, L, D]."""
        return self.representation(batch, training=training)

    @abc.abstractmethod
    def make_layers(self, vocabulary: Vocabulary) -> None:
        """Make the layers that come after the token representation."""

    @abc.abstractmethod
    def encode_labels(self, tags: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tuple[tf.Tensor, ...]:
        """Turn tag ids, int32 [B, L], into what the relation side reads of them."""

    @abc.abstractmethod
    def compute_losses(
        self, inputs: tf.Tensor, labels: tuple[tf.Tensor, ...], batch: Tensors, training: bool = True
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """L_joint(w; theta) of a batch with gold labels, and its parts.

        Args:
          inputs: e, float32 [B, L, D].
          labels: as `encode_labels` gives them for the gold tags.
          batch: the batch, or one replica's part of it: losses are divided by its `sentences`.
          training: whether dropout is on.
        """

    @abc.abstractmethod
    def decode(
        self, batch: Tensors, gold_labels: bool = False, marginals: bool = True, attention: bool = False
    ) -> dict[str, tf.Tensor]:
        """Find tags and the scores of relations.

        Args:
          batch: as `signature` says.
          gold_labels: the label attention sees the batch's tags, not the predicted ones (IJCAI table 3).
          marginals: also give each tag's probability.
          attention: also give what the units attend to and the label gates, where the model has them.

        Returns:
          tags: int32 [B, L].
          marginals: float32 [B, L], Pr(tag | sentence) of each of those tags.
          pairs: int32 [P, 3], sentence, head token, tail token.
          scores: float32 [P, R], Pr(relation) of each pair, equation 10 / 17.
          self_attention_N, label_attention_N: float32 [B, z, L, L] of the Nth unit; label_gate_N: float32 [B, L, 2d].
        """
