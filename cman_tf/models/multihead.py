"""The baseline of both papers: Multi-head + AT (Bekoulis et al., EMNLP 2018), as in its authors' code.

Shapes: B batch, L tokens, D width of the token representation, d hidden size, d_l label size, T tags.
"""

from __future__ import annotations

import tensorflow as tf

from cman_tf.config import RELATION_THRESHOLD, TASKS
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.layers.crf import CRF
from cman_tf.layers.input_features import Tensors
from cman_tf.layers.pair_scores import pair_scores
from cman_tf.layers.relation_scorer import RelationScorer
from cman_tf.layers.sequence_encoder import SequenceEncoder
from cman_tf.models.base import Analysis, JointModel
from cman_tf.models.losses import JointLoss, divide_by_sentences, relation_loss, relation_targets
from cman_tf.models.pair_blocks import collect_blocks


class Multihead(JointModel):
    """BiLSTM layers, a CRF on a tanh layer, and sigmoid scores for all pairs of tokens.

    All relations share the parameters of the relation scorer. The scorer has one more relation, "none", as the last: a
    token without any relation has the relation "none" to itself. If `label_size` is not 0, label embeddings are
    concatenated to the features for relations: those of the gold tags in training, those of the predicted tags
    otherwise. The arguments are those of `JointModel`.
    """

    def make_layers(self, vocabulary: Vocabulary) -> None:
        s = self.config
        self.encoders = [
            SequenceEncoder(s.hidden_size, s.cell, s.bilstm_dropout, s.xla, s.mlp_layers)
            for _ in range(s.bilstm_layers)
        ]
        self.tag_layer = tf.keras.layers.Dense(s.relation_size, activation="tanh", name="tag_layer")
        self.first_crf = CRF(len(vocabulary.tags), name="first_crf")
        if s.label_size:
            self.label_table = self.add_weight(
                "label_embeddings", [len(vocabulary.tags), s.label_size], initializer="glorot_uniform"
            )
        relations = len(vocabulary.relations) + 1
        self.scorer = RelationScorer(relations, s.relation_size, True, s.xla, s.relation_prior, name="relation_scorer")
        self.joint_loss = JointLoss(
            TASKS[s.model], s.loss_weighting == "uncertainty", s.task_weights(), name="joint_loss"
        )

    def encode_labels(self, tags: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tuple[tf.Tensor, ...]:
        """Look up the label embeddings.

        Args:
          tags: tag ids, int32 [B, L].
          lengths: int32 [B], not used.
          training: not used.

        Returns:
          One tensor, float32 [B, L, d_l], or none if `label_size` is 0.
        """
        return (tf.gather(self.label_table, tags),) if self.config.label_size else ()

    def extract_features(
        self, inputs: tf.Tensor, lengths: tf.Tensor, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Run the BiLSTM layers.

        Args:
          inputs: e, float32 [B, L, D].
          lengths: int32 [B].
          training: whether dropout is on.

        Returns:
          The features, float32 [B, L, 2d], the tanh layer on them, float32 [B, L, d~], and the CRF's potentials,
          float32 [B, L, T].
        """
        features = self.input_dropout(inputs, training=training)
        for encoder in self.encoders:
            features = encoder(features, lengths, training=training)
        hidden = self.tag_layer(features)
        return features, hidden, self.first_crf(hidden)

    def compute_losses(
        self,
        inputs: tf.Tensor,
        labels: tuple[tf.Tensor, ...],
        batch: Tensors,
        training: bool = True,
        attention: dict[str, tf.Tensor] | None = None,
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Compute the joint loss. `JointModel.compute_losses` describes the arguments and the result.

        Each task's loss is summed over a sentence and averaged over the batch. The authors train on one sentence at a
        time, so that their code has no average.
        """
        lengths, tags = batch["lengths"], batch["tags"]
        features, _, potentials = self.extract_features(inputs, lengths, training)
        scores = self.scorer(tf.concat([features, *labels], -1))
        related = relation_targets(batch["relations"], scores[..., :-1])
        alone = tf.cast(tf.logical_not(tf.reduce_any(related > 0, axis=[2, 3])), tf.float32)
        targets = tf.concat([related, tf.linalg.diag(alone)[..., None]], -1)
        losses = {
            "re": relation_loss(scores, targets, lengths),
            "first_ner": self.first_crf.negative_log_likelihood(potentials, tags, lengths),
        }
        losses = {task: divide_by_sentences(loss, batch["sentences"]) for task, loss in losses.items()}
        share = tf.shape(lengths)[0] / batch["sentences"]
        return self.joint_loss(losses, tf.cast(share, tf.float32)), losses

    def analyze(
        self,
        batch: Tensors,
        gold_labels: bool = False,
        given_entities: bool = False,
        attention: dict[str, tf.Tensor] | None = None,
    ) -> Analysis:
        """Run the model. `JointModel.analyze` describes the arguments and the result. There is no attention."""
        lengths = batch["lengths"]
        features, hidden, potentials = self.extract_features(self.represent(batch), lengths)
        is_given = gold_labels or given_entities
        tags = batch["tags"] if is_given else self.first_crf.decode(potentials, lengths)
        relations = tf.concat([features, *self.encode_labels(tags, lengths)], -1)
        return Analysis(hidden, potentials, self.first_crf, tags, relations)

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

        The model has no attention to return.
        The authors accept a relation between any tokens of two entities. Therefore all pairs of tokens are scored, and
        the pairs with a relation are returned. The scores leave out the relation "none".
        """
        lengths = batch["lengths"]
        _, potentials, _, tags, features = self.analyze(batch, gold_labels, given_entities)
        if gold_labels and not given_entities:
            tags = self.first_crf.decode(potentials, lengths)
        if given_entities:
            pairs = batch["relations"][:, :3]
            scores = tf.sigmoid(self.scorer.score_pairs(features, pairs)[..., :-1])
        else:
            pairs, scores = self._score_all_pairs(features, lengths, threshold)
        output = {"tags": tags, "pairs": pairs, "scores": scores}
        if marginals:
            output["marginals"] = tf.gather(self.first_crf.marginals(potentials, lengths), tags, batch_dims=2)
        return output

    def _score_all_pairs(
        self, features: tf.Tensor, lengths: tf.Tensor, threshold: float
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the pairs of tokens with a relation above the threshold, int32 [P, 3], and their scores, [P, R]."""
        head, tail = self.scorer.project(features)
        mask = tf.sequence_mask(lengths, tf.shape(features)[1])

        def score(first: tf.Tensor, last: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # Not compiled, because a shape may come only once.
            scores = tf.sigmoid(pair_scores(head[:, first:last], tail, self.scorer.v)[..., :-1])
            found = tf.reduce_any(scores > threshold, -1) & mask[:, first:last, None] & mask[:, None, :]
            pairs = tf.where(found)
            return tf.cast(pairs, tf.int32) + [0, first, 0], tf.gather_nd(scores, pairs)

        return collect_blocks(tf.shape(features)[:2], self.scorer.relations - 1, score)
