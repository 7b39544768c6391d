"""The loss, the label gates and the entropy of attention on a few fixed dev sentences, once an epoch.

Shapes: B sentences, L tokens, z attention heads, d hidden size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from cman_tf.data.batches import Example, make_batch
from cman_tf.layers.input_features import Tensors
from cman_tf.models.factory import Model

_SHARE = 0.02  # of the number of training sentences, so that an epoch takes hardly longer
_FEWEST, _MOST = 4, 32
_MOST_NUMBERS = 10**7  # which take 40 MB


class Probe(NamedTuple):
    """What was measured.

    Attributes:
      losses: the joint loss (`loss`) and each task's, per sentence.
      gates: the values of each label gate, float [tokens * 2d], by name.
      entropies: the entropy of each head's weights for each token, in bits, float [z * tokens], by name of the unit.
    """

    losses: dict[str, float]
    gates: dict[str, np.ndarray]
    entropies: dict[str, np.ndarray]


class DevProbe:
    """Measures a model on a few fixed sentences of dev.

    Args:
      model: the model.
      examples: the sentences of dev as numbers. Those of middle length are taken, as they need no padding.
      training_sentences: the number of training sentences, which limits the number of sentences that are taken.

    Attributes:
      sentences: the number of sentences that are taken.
    """

    def __init__(self, model: Model, examples: Sequence[Example], training_sentences: int) -> None:
        by_length = sorted(examples, key=lambda example: len(example.words))
        length = len(by_length[len(by_length) // 2].words)
        numbers = length * length * model.scorer.relations * model.scorer.size  # of a sentence in the relation scorer
        count = max(_FEWEST, min(_MOST, round(_SHARE * training_sentences), _MOST_NUMBERS // numbers))
        count = min(len(by_length), count)
        first = (len(by_length) - count) // 2
        self._batch = make_batch(by_length[first : first + count], model.layout.features)
        self._measure = tf.function(
            lambda batch: _measure(model, batch), input_signature=[model.signature], autograph=False
        )
        self.sentences = count

    def measure(self) -> Probe:
        """Measure the model as it is now."""
        found = {name: value.numpy() for name, value in self._measure(self._batch).items()}
        parts: dict[str, dict[str, np.ndarray]] = {"loss": {}, "gate": {}, "entropy": {}}
        for name, value in found.items():
            kind, _, rest = name.partition(":")
            parts[kind][rest] = value
        return Probe({name: float(value) for name, value in parts["loss"].items()}, parts["gate"], parts["entropy"])


def _measure(model: Model, batch: Mapping[str, tf.Tensor]) -> Tensors:
    """Compute the losses, gates and entropies with gold labels, as in training, but without dropout."""
    lengths, attention = batch["lengths"], dict[str, tf.Tensor]()
    compiled, model.scorer.xla = model.scorer.xla, False  # compiling takes seconds, and this is run once an epoch
    inputs, labels = model.represent(dict(batch)), model.encode_labels(batch["tags"], lengths)
    total, tasks = model.compute_losses(inputs, labels, dict(batch), training=False, attention=attention)
    model.scorer.xla = compiled
    found = {"loss:loss": total, **{f"loss:{task}": loss for task, loss in tasks.items() if task != "gate"}}
    mask = tf.sequence_mask(lengths, tf.shape(batch["tags"])[1])
    for name, value in attention.items():
        if "gate" in name:
            found[f"gate:{name}"] = tf.reshape(tf.boolean_mask(value, mask), [-1])
        else:
            bits = -tf.reduce_sum(tf.math.xlogy(value, value), -1) / tf.math.log(2.0)  # [B, z, L]
            found[f"entropy:{name}"] = tf.reshape(tf.boolean_mask(tf.transpose(bits, [0, 2, 1]), mask), [-1])
    return found
