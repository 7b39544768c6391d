"""The base class of CMAN and the baseline.

Shapes: B batch, L tokens, D width of the token representation, P pairs, R relations, z attention heads, d hidden size.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from cman_tf.config import RELATION_THRESHOLD, Config
from cman_tf.data.batches import PaddedFeature, batch_specs
from cman_tf.data.contexts import ContextFinder
from cman_tf.data.contextual_encoder import AnyEncoder
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.layers.crf import CRF
from cman_tf.layers.input_features import Tensors, list_features
from cman_tf.layers.random_draws import Dropout
from cman_tf.layers.token_representation import TokenRepresentation
from cman_tf.models.context_features import ContextFeature, ContextLengths, view_with_context


class Analysis(NamedTuple):
    """What a model computes of a batch before it decides.

    Attributes:
      entities: the features that the last CRF scores, float32 [B, L, width].
      potentials: that CRF's potentials, float32 [B, L, T].
      crf: that CRF.
      attended: the tags that the relation side sees as labels, int32 [B, L].
      relations: the features that the relation scorer sees, float32 [B, L, width].
    """

    entities: tf.Tensor
    potentials: tf.Tensor
    crf: CRF
    attended: tf.Tensor
    relations: tf.Tensor


class BatchLayout:
    """The arrays that a model's batches consist of.

    Attributes:
      features: the input features of a token.
    """

    def __init__(self, features: Sequence[PaddedFeature]) -> None:
        self.features = features

    def signature(self) -> dict[str, tf.TensorSpec]:
        """Return the specification of each tensor of a batch."""
        return {name: tf.TensorSpec(*spec) for name, spec in batch_specs(self.features).items()}


class JointModel(tf.keras.Model, abc.ABC):
    """A model that finds entities and relations.

    Args:
      config: the resolved configuration.
      vocabulary: the vocabulary of the training data.
      encoder: the contextual encoder, or None. Either batches hold its vectors, or it is trained with the model.
      finder: finds the contexts of sentences if `config.retrieved_passages` is not 0, otherwise None.
    """

    def __init__(
        self,
        config: Config,
        vocabulary: Vocabulary,
        encoder: AnyEncoder | None = None,
        finder: ContextFinder | None = None,
    ) -> None:
        super().__init__(name=config.model)
        self.config = config
        self._features = list_features(config, vocabulary, encoder)
        self.layout = BatchLayout(self._list_arrays(vocabulary, finder))
        self.representation = TokenRepresentation(self._features)
        self.input_dropout = Dropout(config.embedding_dropout)
        self.make_layers(vocabulary)

    def _list_arrays(self, vocabulary: Vocabulary, finder: ContextFinder | None) -> list[PaddedFeature]:
        """List what batches consist of: sentences, sentences with contexts, or both for cooperative training."""
        assert (finder is not None) == bool(self.config.retrieved_passages)
        if finder is None:
            return [*self._features]
        alone = self._features if self.config.cooperative_weight else []
        return [*alone, ContextLengths(finder), *(ContextFeature(f, vocabulary, finder) for f in self._features)]

    @property
    def tuned_encoder(self) -> tf.keras.layers.Layer | None:
        """The layer of the contextual encoder that is trained with the model, or None."""
        return getattr(self.representation, "encoder", None)

    @property
    def signature(self) -> dict[str, tf.TensorSpec]:
        """The specification of each tensor of a batch."""
        return self.layout.signature()

    def views(self, batch: Tensors) -> list[Tensors]:
        """Return what the model reads: the batch; with retrieval the sentences with their contexts, first.

        In cooperative training, the second view are the sentences alone.
        """
        if not self.config.retrieved_passages:
            return [batch]
        return [view_with_context(batch), *([batch] if self.config.cooperative_weight else [])]

    def represent(self, batch: Tensors, training: bool = False) -> tf.Tensor:
        """Compute e or X^0, the token representation, to which the perturbation is added.

        Returns:
          float32 [B, L, D]. With retrieval L counts the context, too. In cooperative training the tokens of the second
          view follow those of the first one, so that a sentence has one perturbation.
        """
        views = [self.represent_view(view, training) for view in self.views(batch)]
        return views[0] if len(views) == 1 else tf.concat(views, 1)

    def represent_view(self, view: Tensors, training: bool = False) -> tf.Tensor:
        """Compute the token representation of one of `views`, float32 [B, L, D]."""
        return self.representation(view, training=training)

    @abc.abstractmethod
    def make_layers(self, vocabulary: Vocabulary) -> None:
        """Make the layers that come after the token representation."""

    @abc.abstractmethod
    def encode_labels(self, tags: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tuple[tf.Tensor, ...]:
        """Turn tags into the label features that the relation scorer uses.

        Args:
          tags: tag ids, int32 [B, L].
          lengths: int32 [B].
          training: whether the model is being trained.

        Returns:
          Tensors float32 [B, L, width]. Their number and width depend on the model.
        """

    @abc.abstractmethod
    def compute_losses(
        self,
        inputs: tf.Tensor,
        labels: tuple[tf.Tensor, ...],
        batch: Tensors,
        training: bool = True,
        attention: dict[str, tf.Tensor] | None = None,
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Compute L_joint(w; theta), IJCAI equation 13, TNNLS equations 21 and 24-26, of a batch with gold labels.

        Args:
          inputs: e, float32 [B, L, D].
          labels: the features that `encode_labels` returns for the gold tags.
          batch: the batch, or one replica's part of it. Losses are divided by its `sentences`.
          training: whether dropout is on.
          attention: a dictionary to which the attention weights and gates of each unit are added, under the names of
            `decode`, or None.

        Returns:
          L_joint, a scalar, and scalars to log: each task's loss and, in CMAN, the mean gate.
        """

    @abc.abstractmethod
    def analyze(
        self,
        batch: Tensors,
        gold_labels: bool = False,
        given_entities: bool = False,
        attention: dict[str, tf.Tensor] | None = None,
    ) -> Analysis:
        """Compute the features and potentials from which `decode` predicts.

        Args:
          batch: the tensors that `signature` describes.
          gold_labels: whether the relation side sees the batch's tags instead of the predicted tags.
          given_entities: whether the batch's tags are the tags.
          attention: a dictionary to which the attention weights and gates of each unit are added, or None.
        """

    @abc.abstractmethod
    def decode(
        self,
        batch: Tensors,
        gold_labels: bool = False,
        marginals: bool = True,
        attention: bool = False,
        threshold: float = RELATION_THRESHOLD,
        given_entities: bool = False,
    ) -> dict[str, tf.Tensor]:
        """Predict tags and the probabilities of relations.

        Args:
          batch: the tensors that `signature` describes.
          gold_labels: whether the relation side sees the batch's tags instead of the predicted tags (IJCAI table 3).
          marginals: whether to return the probability of each tag.
          attention: whether to return the attention weights and the label gates, if the model has them.
          threshold: pairs with a relation above this probability are returned.
          given_entities: whether the batch's tags are the tags, and the first three columns of its `relations` the
            pairs.

        Returns:
          Tensors by name.
          `tags`: int32 [B, L].
          `marginals`: Pr(tag | sentence) of each of these tags, float32 [B, L].
          `pairs`: int32 [P, 3], with sentence, head token and tail token.
          `scores`: Pr(relation) of each pair, equation 10 / 17, float32 [P, R].
          With `attention`:
          `self_attention_N`, `label_attention_N`: the weights of the Nth unit, float32 [B, z, L, L].
          `label_gate_N`: the gate of the Nth unit, float32 [B, L, 2d].
          `attended_tags`: the tags that the label attention sees, int32 [B, L].
          `pair_scores`: Pr(relation) of every pair of different tokens, float32 [B, L, L, R], with heads in rows.
          Where the two sides have units of their own, the names of one side's begin with `relation_` or `ner_`.
        """
