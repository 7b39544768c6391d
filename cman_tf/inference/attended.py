"""What a model attended to in a sentence, without TensorFlow.

Shapes: L tokens, z attention heads, d hidden size, R relation types.
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np

from cman_tf.config import Config
from cman_tf.errors import DataError
from cman_tf.inference.decoding import Prediction

UNIT_NAME = re.compile(r"(?P<side>ner_|relation_|)(?P<kind>self_attention|label_attention|label_gate)_(?P<number>\d+)")


@dataclasses.dataclass(frozen=True)
class SentenceAttention:
    """What a model attends to in one sentence.

    Attributes:
      tokens: the L tokens.
      attended_tags: the L tags that the label attention sees, those of the first CRF.
      prediction: the entities and relations that are found.
      relation_types: the R relation types.
      weights: by name, such as `self_attention_1` or `label_attention_2`, the weights of a unit, float [z, L, L]. The
        row of a token says how much it attends to each token (self-attention) or each token's label (label attention).
      gates: by name, such as `label_gate_1`, the gate of a unit, float [L, 2d]; empty in CMAN, which has none.
      pair_scores: Pr(relation) of every pair of different tokens, float [L, L, R], with heads in rows.
    """

    tokens: tuple[str, ...]
    attended_tags: tuple[str, ...]
    prediction: Prediction
    relation_types: tuple[str, ...]
    weights: dict[str, np.ndarray]
    gates: dict[str, np.ndarray]
    pair_scores: np.ndarray


def validate_attention(config: Config, where: object) -> None:
    """Raise DataError if a model of this configuration has no attention to show.

    Args:
      config: the configuration of the model.
      where: the model's directory, for the message.
    """
    if config.model == "mixture":
        raise DataError(f"{where}: a mixture, expected one of its experts, such as {where}/experts/1")
    if config.model == "multihead":
        raise DataError(f"{where}: its model is the multi-head baseline, which has no attention; expected CMAN's")
    if not config.self_attention and not config.label_attention:
        raise DataError(f"{where}: its model was trained without attention, expected one with attention")


def measure_entropy(weights: np.ndarray) -> np.ndarray:
    """Return the entropy of each row of attention weights in bits, float [..., L] of [..., L, L].

    It is 0 if a token attends to one token only, and log2 L if it attends to all alike.
    """
    positive = np.where(weights > 0, weights, 1.0)
    return -(positive * np.log2(positive)).sum(-1)


def describe_unit(name: str) -> str:
    """Return a unit's name for people.

    >>> describe_unit("self_attention_1"), describe_unit("ner_label_gate_2")
    ('Self-attention 1', 'Label gate 2, entity side')
    """
    part = UNIT_NAME.fullmatch(name)
    if part is None:
        return name
    kind = {"self_attention": "Self-attention", "label_attention": "Label attention", "label_gate": "Label gate"}
    side = {"": "", "ner_": ", entity side", "relation_": ", relation side"}[part["side"]]
    return f"{kind[part['kind']]} {part['number']}{side}"
