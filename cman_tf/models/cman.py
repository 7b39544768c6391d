"""CMAN (IJCAI 2020) and dynamic CMAN (TNNLS 2021), assembled from their layers.

Shapes: B batch, L tokens, D width of the token representation, d hidden size, T tags.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from cman_tf.config import RELATION_THRESHOLD, TASKS
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.layers.attention import MultiHeadAttention
from cman_tf.layers.attention_units import LabelAttentionUnit, SelfAttentionUnit
from cman_tf.layers.crf import CRF
from cman_tf.layers.input_features import Tensors
from cman_tf.layers.label_gate import LabelGate
from cman_tf.layers.random_draws import Dropout
from cman_tf.layers.relation_scorer import RelationScorer
from cman_tf.layers.sequence_encoder import SequenceEncoder
from cman_tf.layers.token_representation import TokenRepresentation
from cman_tf.models.base import Analysis, JointModel
from cman_tf.models.context_features import Context
from cman_tf.models.cooperative import ViewOutcome, measure_divergence
from cman_tf.models.entity_pairs import find_last_tokens, list_token_pairs, make_tag_tables
from cman_tf.models.losses import JointLoss, divide_by_sentences, relation_loss, relation_targets
from cman_tf.models.pair_blocks import score_token_pairs


class FirstPhase(NamedTuple):
    """The result of the first phase.

    Attributes:
      ner: the self-aware features X^m for NER, float32 [B, L, 2d].
      relation: the self-aware features X^m for RE, float32 [B, L, 2d]; the same tensor as `ner` if units are shared.
      potentials: the potentials of the first CRF, float32 [B, L, T].
    """

    ner: tf.Tensor
    relation: tf.Tensor
    potentials: tf.Tensor


class SecondPhase(NamedTuple):
    """The result of the second phase.

    Attributes:
      relation: the label-aware features X~3 for RE, float32 [B, L, 2d].
      ner: those for NER, float32 [B, L, 2d]; None in CMAN.
      potentials: the potentials of the second CRF, float32 [B, L, T]; None in CMAN.
      gate: the mean of the label gates, a scalar; 1 without gates.
    """

    relation: tf.Tensor
    ner: tf.Tensor | None
    potentials: tf.Tensor | None
    gate: tf.Tensor


class CMAN(JointModel):
    """The networks of both papers. `config.model` chooses one. The arguments are those of `JointModel`."""

    def make_layers(self, vocabulary: Vocabulary) -> None:
        s = self.config
        self.two_phase = s.model == "dynamic_cman"
        self.inside, self.kind = make_tag_tables(vocabulary.tags)
        self.ner_units = self._self_attention_units()
        self.is_shared = s.share and not s.separate_models
        self.relation_units = self.ner_units if self.is_shared else self._self_attention_units()
        self.first_crf = CRF(len(vocabulary.tags), name="first_crf")
        self.second_crf = CRF(len(vocabulary.tags), name="second_crf") if self.two_phase else None
        if s.label_attention:
            self.label_table = self._label_table("label_embeddings", vocabulary)
            self.first_bla, self.second_bla = self._label_attention_unit(), self._label_attention_unit()
            self.fuse = self._sequence_encoder()
        self.relation_dropout = Dropout(s.relation_dropout)
        self.scorer = RelationScorer(
            len(vocabulary.relations),
            s.relation_size,
            s.relation_scorer == "shared",
            s.xla,
            s.relation_prior,
            name="relation_scorer",
        )
        self.joint_loss = JointLoss(
            TASKS[s.model], s.loss_weighting == "uncertainty", s.task_weights(), name="joint_loss"
        )
        if s.separate_models:
            self.ner_representation = TokenRepresentation(self._features)
            if s.label_attention and self.two_phase:
                self.ner_label_table = self._label_table("ner_label_embeddings", vocabulary)
                self.ner_first_bla, self.ner_second_bla = self._label_attention_unit(), self._label_attention_unit()
                self.ner_fuse = self._sequence_encoder()

    def _label_table(self, name: str, vocabulary: Vocabulary) -> tf.Variable:
        return self.add_weight(name, [len(vocabulary.tags), self.config.label_size], initializer="glorot_uniform")

    def _sequence_encoder(self, in_bsa: bool = False) -> SequenceEncoder:
        s = self.config
        cell = s.cell if in_bsa or s.replaced_bilstms == "all" else "bilstm"
        return SequenceEncoder(s.hidden_size, cell, s.bilstm_dropout, s.xla, s.mlp_layers)

    def _attention(self) -> MultiHeadAttention:
        return MultiHeadAttention(self.config.attention_heads, self.config.attention_dropout)

    def _self_attention_units(self) -> list[SelfAttentionUnit]:
        attended = self.config.self_attention
        return [
            SelfAttentionUnit(self._sequence_encoder(in_bsa=True), self._attention() if attended else None)
            for _ in range(self.config.bsa_units)
        ]

    def _label_attention_unit(self) -> LabelAttentionUnit:
        gate = LabelGate() if self.config.label_gate else None
        return LabelAttentionUnit(self._sequence_encoder(), self._attention(), gate, self.config.bilstm_dropout)

    def represent_view(self, view: Tensors, training: bool = False) -> tf.Tensor:
        """Compute X^0 as `JointModel.represent_view` does; of separate models both, RE's first: float32 [B, L, 2D]."""
        relation = self.representation(view, training=training)
        if not self.config.separate_models:
            return relation
        return tf.concat([relation, self.ner_representation(view, training=training)], -1)

    def encode_labels(self, tags: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tuple[tf.Tensor, ...]:
        """Compute L~ of both BLA units.

        Args:
          tags: tag ids, int32 [B, L].
          lengths: int32 [B].
          training: whether the model is being trained.

        Returns:
          Two tensors, float32 [B, L, 2d]; two more for NER's side of separate models in two phases; none without label
          attention.
        """
        if not self.config.label_attention:
            return ()
        sides = [(self.label_table, self.first_bla, self.second_bla)]
        if self.config.separate_models and self.two_phase:
            sides.append((self.ner_label_table, self.ner_first_bla, self.ner_second_bla))
        encoded = []
        for table, *units in sides:
            labels = tf.gather(table, tags)  # L, [B, L, d_l]
            encoded += [bla.encode_labels(labels, lengths, training) for bla in units]
        return tuple(encoded)

    def first_phase(
        self,
        inputs: tf.Tensor,
        lengths: tf.Tensor,
        training: bool = False,
        attention: dict[str, tf.Tensor] | None = None,
        context: Context | None = None,
    ) -> FirstPhase:
        """Compute X^i = BSA^i(X^{i-1}), IJCAI equation 4, TNNLS equation 8, and the first CRF's potentials on X^m.

        Args:
          inputs: e, float32 [B, L, D].
          lengths: int32 [B], of the sentences alone.
          training: whether dropout is on.
          attention: a dictionary to which the attention weights of each unit are added, or None.
          context: what follows the sentences in `inputs`; None: nothing.
        """
        inputs = self.input_dropout(inputs, training=training)
        relation, ner = tf.split(inputs, 2, -1) if self.config.separate_models else (inputs, inputs)
        ner = self._run_units(self.ner_units, ner, lengths, training, attention, "", context)
        if self.is_shared:
            relation = ner
        else:
            relation = self._run_units(
                self.relation_units, relation, lengths, training, attention, "relation_", context
            )
        return FirstPhase(ner, relation, self.first_crf(ner))

    def _run_units(
        self,
        units: list[SelfAttentionUnit],
        x: tf.Tensor,
        lengths: tf.Tensor,
        training: bool,
        attention: dict[str, tf.Tensor] | None,
        prefix: str,
        context: Context | None,
    ) -> tf.Tensor:
        """Run the BSA units. A context is cut off after the first `--context_units` of them."""
        read = lengths if context is None else context.lengths
        mask = tf.sequence_mask(read, tf.shape(x)[1])
        for number, unit in enumerate(units, 1):
            x, weights = unit(x, read, mask, training=training, return_weights=True)
            if context is not None and number <= self.config.context_units and weights is not None:
                weights = weights[:, :, : context.length, : context.length]
            if context is not None and number == self.config.context_units:
                read, mask = lengths, tf.sequence_mask(lengths, context.length)
                x = x[:, : context.length] * tf.cast(mask, x.dtype)[..., None]
            if attention is not None and weights is not None:
                attention[f"{prefix}self_attention_{number}"] = weights
        return x

    def second_phase(
        self,
        first: FirstPhase,
        labels: tuple[tf.Tensor, ...],
        lengths: tf.Tensor,
        training: bool = False,
        attention: dict[str, tf.Tensor] | None = None,
    ) -> SecondPhase:
        """Compute X~3, IJCAI equations 5-7, TNNLS equations 12-14, and in dynamic CMAN the second CRF's potentials.

        Args:
          first: the result of the first phase.
          labels: L~ of both BLA units, float32 [B, L, 2d].
          lengths: int32 [B].
          training: whether dropout is on.
          attention: a dictionary to which the attention weights and gates of each unit are added, or None.
        """
        relation, gate = self.interact(first.relation, labels[:2], lengths, training, attention)
        if self.second_crf is None:
            return SecondPhase(relation, None, None, gate)
        ner = relation
        if not self.is_shared:
            separate = self.config.separate_models
            ner, _ = self.interact(first.ner, labels[-2:], lengths, training, attention, separate, "ner_")
        return SecondPhase(relation, ner, self.second_crf(ner), gate)

    def interact(
        self,
        x_m: tf.Tensor,
        labels: tuple[tf.Tensor, ...],
        lengths: tf.Tensor,
        training: bool = False,
        attention: dict[str, tf.Tensor] | None = None,
        for_ner: bool = False,
        prefix: str = "",
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Compute the dense cross-modal interaction, IJCAI equations 5-7, TNNLS equations 12-14.

        Args:
          x_m: X^m, float32 [B, L, 2d].
          labels: L~ of both BLA units, float32 [B, L, 2d].
          lengths: int32 [B].
          training: whether dropout is on.
          attention: a dictionary to which the attention weights and gates of each unit are added, or None.
          for_ner: whether to use the units of NER's side of separate models.
          prefix: what the names in that dictionary begin with.

        Returns:
          X~3, float32 [B, L, 2d], and the mean gate, a scalar. Without label attention, X^m and 1.
        """
        if not self.config.label_attention:
            return x_m, tf.constant(1.0)
        mask = tf.sequence_mask(lengths, tf.shape(x_m)[1])
        units = self.first_bla, self.fuse, self.second_bla
        first_bla, fuse, second_bla = (self.ner_first_bla, self.ner_fuse, self.ner_second_bla) if for_ner else units
        call = {"training": training, "return_weights": True}
        x_1, gate_1, *first = first_bla(x_m, labels[0], x_m, mask, **call)  # equation 5 / 12
        x_2 = fuse(tf.concat([x_m, x_1], -1), lengths, training=training)  # equation 6 / 13
        x_3, gate_3, *second = second_bla(x_2, labels[1], x_m, mask, **call)  # equation 7 / 14
        if attention is not None:
            for number, (weights, gate) in enumerate((first, second), 1):
                attention[f"{prefix}label_attention_{number}"] = weights
                if gate is not None:
                    attention[f"{prefix}label_gate_{number}"] = gate
        return x_3, (gate_1 + gate_3) / 2.0

    def compute_losses(
        self,
        inputs: tf.Tensor,
        labels: tuple[tf.Tensor, ...],
        batch: Tensors,
        training: bool = True,
        attention: dict[str, tf.Tensor] | None = None,
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Compute L_joint(w; theta). `JointModel.compute_losses` describes the arguments and the result.

        Each task's loss is summed over a sentence and averaged over the batch.
        """
        outcomes = [
            self._score_view(part, context, labels, batch, training, None if number else attention)
            for number, (part, context) in enumerate(self._divide(inputs, batch))
        ]
        losses, gate = outcomes[0].losses, outcomes[0].gate
        if len(outcomes) > 1:
            losses = {task: (losses[task] + outcomes[1].losses[task]) / 2.0 for task in losses}
        losses = {task: divide_by_sentences(loss, batch["sentences"]) for task, loss in losses.items()}
        share = tf.shape(batch["lengths"])[0] / batch["sentences"]
        total, logged = self.joint_loss(losses, tf.cast(share, tf.float32)), {**losses, "gate": gate}
        if len(outcomes) > 1:
            divergence = measure_divergence(outcomes[0], outcomes[1], batch["lengths"])
            logged["divergence"] = divide_by_sentences(divergence, batch["sentences"])
            total += self.config.cooperative_weight * logged["divergence"]
        return total, logged

    def _find_context(self, batch: Tensors) -> Context | None:
        """Return what follows the sentences of a batch; None without retrieval."""
        if not self.config.retrieved_passages:
            return None
        return Context(batch["context_lengths"], tf.shape(batch["tags"])[1])

    def _divide(self, inputs: tf.Tensor, batch: Tensors) -> list[tuple[tf.Tensor, Context | None]]:
        """Divide what `represent` returned into the views, each with its context."""
        context = self._find_context(batch)
        if context is None or not self.config.cooperative_weight:
            return [(inputs, context)]
        width = tf.shape(inputs)[1] - context.length
        return [(inputs[:, :width], context), (inputs[:, width:], None)]

    def _score_view(
        self,
        inputs: tf.Tensor,
        context: Context | None,
        labels: tuple[tf.Tensor, ...],
        batch: Tensors,
        training: bool,
        attention: dict[str, tf.Tensor] | None,
    ) -> ViewOutcome:
        """Compute the losses of one view of a batch; the other arguments are those of `compute_losses`."""
        lengths, tags = batch["lengths"], batch["tags"]
        first = self.first_phase(inputs, lengths, training, attention, context)
        second = self.second_phase(first, labels, lengths, training, attention)
        scores = self.scorer(self.relation_dropout(second.relation, training=training))
        losses = {
            "re": relation_loss(scores, relation_targets(batch["relations"], scores), lengths),
            "first_ner": self.first_crf.negative_log_likelihood(first.potentials, tags, lengths),
        }
        potentials = [(self.first_crf, first.potentials)]
        if self.second_crf is not None and second.potentials is not None:
            losses["second_ner"] = self.second_crf.negative_log_likelihood(second.potentials, tags, lengths)
            potentials.append((self.second_crf, second.potentials))
        return ViewOutcome(losses, second.gate, potentials, scores)

    def analyze(
        self,
        batch: Tensors,
        gold_labels: bool = False,
        given_entities: bool = False,
        attention: dict[str, tf.Tensor] | None = None,
    ) -> Analysis:
        """Run both phases. `JointModel.analyze` describes the arguments and the result."""
        lengths = batch["lengths"]
        view = self.represent_view(self.views(batch)[0])
        first = self.first_phase(view, lengths, attention=attention, context=self._find_context(batch))
        is_given = gold_labels or given_entities
        attended = batch["tags"] if is_given else self.first_crf.decode(first.potentials, lengths)
        second = self.second_phase(first, self.encode_labels(attended, lengths), lengths, attention=attention)
        if self.second_crf is None or second.potentials is None:
            return Analysis(first.ner, first.potentials, self.first_crf, attended, second.relation)
        return Analysis(second.ner, second.potentials, self.second_crf, attended, second.relation)

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

        The tags are those of the second CRF in dynamic CMAN, and those of the first CRF in CMAN. The pairs are the last
        tokens of two predicted entities, or with `--relation_candidates=tokens` any two tokens.
        """
        lengths = batch["lengths"]
        weights: dict[str, tf.Tensor] | None = {} if attention else None
        _, potentials, crf, attended, features = self.analyze(batch, gold_labels, given_entities, weights)
        if given_entities:
            tags = batch["tags"]
        elif crf is self.first_crf and not gold_labels:
            tags = attended
        else:
            tags = crf.decode(potentials, lengths)
        if given_entities:
            pairs = batch["relations"][:, :3]
            scores = tf.sigmoid(self.scorer.score_pairs(features, pairs))
        else:  # most pairs have no relation
            ends = tf.sequence_mask(lengths, tf.shape(tags)[1])
            if self.config.relation_candidates == "entities":
                ends = find_last_tokens(tags, lengths, self.inside, self.kind)
            pairs, scores = self.score_chosen(features, ends, threshold)
        output = {"tags": tags, "pairs": pairs, "scores": scores, **(weights or {})}
        if attention:
            output |= {"attended_tags": attended, "pair_scores": self._score_all_pairs(features, lengths)}
        if marginals:
            output["marginals"] = tf.gather(crf.marginals(potentials, lengths), tags, batch_dims=2)
        return output

    def score_chosen(self, features: tf.Tensor, chosen: tf.Tensor, threshold: float) -> tuple[tf.Tensor, tf.Tensor]:
        """Score the pairs of the tokens that are chosen, bool [B, L]; see `score_token_pairs`."""
        return score_token_pairs(self.scorer, features, chosen, threshold)

    def _score_all_pairs(self, features: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Compute Pr(relation) of every pair of different tokens, float32 [B, L, L, R]; 0 for padding and one token."""
        length = tf.shape(features)[1]
        pairs = list_token_pairs(lengths, length)
        shape = [tf.shape(features)[0], length, length, self.scorer.relations]
        return tf.scatter_nd(pairs, tf.sigmoid(self.scorer.score_pairs(features, pairs)), shape)
