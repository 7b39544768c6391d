"""A mixture of experts (MoRe): frozen models whose probabilities are mixed, token by token and pair by pair.

Shapes: B batch, L tokens, T tags, E experts, D width of the experts' features together, P pairs, R relations.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from cman_tf.config import MIXTURE_DECODINGS, RELATION_THRESHOLD
from cman_tf.data.bio import OUTSIDE
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.layers.crf_loops import decode_in_a_loop
from cman_tf.layers.input_features import Tensors
from cman_tf.layers.mixture_gate import MixtureGate, mix
from cman_tf.models.base import BatchLayout
from cman_tf.models.entity_pairs import find_last_tokens, make_tag_tables
from cman_tf.models.expert_features import ExpertFeature, batch_of_expert
from cman_tf.models.factory import Model
from cman_tf.models.mixed_scorer import MixedScorer
from cman_tf.models.pair_blocks import score_token_pairs

VITERBI, ARGMAX = MIXTURE_DECODINGS
MIXTURE = "mixture"  # what stands in the place of a model's name
_FORBIDDEN = -1e9  # the log potential of a tag that may not follow
_SMALLEST = 1e-30  # a probability whose logarithm float32 can express


class ExpertStates(NamedTuple):
    """What the experts say of a batch.

    Attributes:
      tokens: the features that their last CRFs score, side by side, float32 [B, L, D].
      marginals: Pr(y_i = t) of each expert, float32 [B, L, E, T], 0 where padded.
      relations: the features that their relation scorers see, side by side, float32 [B, L, D].
    """

    tokens: tf.Tensor
    marginals: tf.Tensor
    relations: tf.Tensor


class Mixture(tf.keras.Model):
    """Several trained models and two gates, which `cman_tf.inference.predictor.Predictor` uses like one model.

    The probability of a tag is the weighted mean of the experts' CRF marginals, with weights that the first gate
    computes from the experts' features of the token. The best sequence is found by Viterbi on the logarithms of these
    probabilities, where an inside tag only follows a tag of its type; or each token takes its most probable tag. The
    probability of a relation is the weighted mean of the experts', with weights that the second gate computes from
    their features of both tokens. Relations are scored between the last tokens of two entities of the mixture.

    Args:
      experts: the models, which stay as they are.
      vocabularies: the vocabulary of each. Their tags and relations are the same, in the same order.
      decoding: `viterbi` or `argmax`.

    Attributes:
      config: the first expert's settings, with `mixture` as the name of the model.
    """

    def __init__(self, experts: Sequence[Model], vocabularies: Sequence[Vocabulary], decoding: str = VITERBI) -> None:
        super().__init__(name=MIXTURE)
        self.experts, self.decoding = list(experts), decoding
        self.trainable = False
        self.config = dataclasses.replace(experts[0].config, model=MIXTURE, relation_candidates="entities")
        self.vocabularies = list(vocabularies)
        self.layout = BatchLayout(
            [
                ExpertFeature(number, feature, vocabulary)
                for number, (expert, vocabulary) in enumerate(zip(experts, vocabularies))
                for feature in expert.layout.features
            ]
        )
        self.token_gate = MixtureGate(len(self.experts), name="token_gate")
        self.scorer = MixedScorer([expert.scorer for expert in experts], len(vocabularies[0].relations))
        tags = vocabularies[0].tags
        self.inside, self.kind = make_tag_tables(tags)
        self.starts, self.follows = list_forbidden(tags)

    @property
    def signature(self) -> dict[str, tf.TensorSpec]:
        """The specification of each tensor of a batch."""
        return self.layout.signature()

    def gates(self) -> list[MixtureGate]:
        """Return the gate of tokens and that of pairs."""
        return [self.token_gate, self.scorer.gate]

    def build_gates(self) -> None:
        """Make the gates' weights, which count all experts alike."""
        crfs = [getattr(expert, "second_crf", None) or expert.first_crf for expert in self.experts]
        self.token_gate.build([None, sum(int(crf.unary.kernel.shape[0]) for crf in crfs)])
        self.scorer.gate.build([None, sum(int(expert.scorer.u.shape[0]) for expert in self.experts)])

    def inspect(self, batch: Tensors, gold_labels: bool = False, given_entities: bool = False) -> ExpertStates:
        """Run the experts. The arguments are those of `JointModel.analyze`."""
        lengths = batch["lengths"]
        found = [
            expert.analyze(batch_of_expert(batch, number, expert.signature), gold_labels, given_entities)
            for number, expert in enumerate(self.experts)
        ]
        marginals = tf.stack([one.crf.marginals(one.potentials, lengths) for one in found], 2)
        tokens, relations = (tf.concat(parts, -1) for parts in zip(*((one.entities, one.relations) for one in found)))
        return ExpertStates(tokens, marginals, relations)

    def decode(
        self,
        batch: Tensors,
        gold_labels: bool = False,
        marginals: bool = True,
        attention: bool = False,
        threshold: float = RELATION_THRESHOLD,
        given_entities: bool = False,
    ) -> dict[str, tf.Tensor]:
        """Predict tags and relations. `JointModel.decode` describes the arguments and the result.

        The mixture has no attention to return.
        """
        lengths = batch["lengths"]
        states = self.inspect(batch, gold_labels, given_entities)
        mixed = mix(self.token_gate(states.tokens), states.marginals)
        if given_entities:
            tags, pairs = batch["tags"], batch["relations"][:, :3]
            scores = self.scorer.score_pairs(states.relations, pairs)
        else:
            tags = self.find_tags(mixed, lengths)
            ends = find_last_tokens(tags, lengths, self.inside, self.kind)
            pairs, scores = score_token_pairs(self.scorer, states.relations, ends, threshold)
        output = {"tags": tags, "pairs": pairs, "scores": scores}
        if marginals:
            output["marginals"] = tf.gather(mixed, tags, batch_dims=2)
        return output

    def find_tags(self, mixed: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Find the tags of the mixed probabilities, float32 [B, L, T]: int32 [B, L], 0 where padded."""
        if self.decoding == ARGMAX:
            mask = tf.sequence_mask(lengths, tf.shape(mixed)[1])
            return tf.where(mask, tf.argmax(mixed, -1, tf.int32), 0)
        potentials = tf.math.log(tf.maximum(mixed, _SMALLEST))
        potentials = tf.concat([potentials[:, :1] + self.starts, potentials[:, 1:]], 1)
        return decode_in_a_loop(potentials, lengths, self.follows)


def list_forbidden(tags: Sequence[str]) -> tuple[tf.Tensor, tf.Tensor]:
    """List which tags may not begin a sentence and which may not follow another one.

    An inside tag follows the beginning or the inside of its own type, and nothing else.

    Args:
      tags: the T tags, in the order of their ids.

    Returns:
      Log potentials, 0 or a large negative number: of the first tag, float32 [T], and of the pair of a tag in the rows
      and the next one in the columns, float32 [T, T].
    """
    inside = np.array([tag.startswith("I-") for tag in tags])
    kinds = np.array([tag[2:] if tag != OUTSIDE else "" for tag in tags], dtype=object)
    follows = inside[None, :] & (kinds[:, None] != kinds[None, :])
    return (
        tf.constant(np.where(inside, _FORBIDDEN, 0.0), tf.float32),
        tf.constant(np.where(follows, _FORBIDDEN, 0.0), tf.float32),
    )
