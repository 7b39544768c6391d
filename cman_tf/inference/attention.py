"""What a model attends to: the weights of its attention, its label gates, and its scores for all pairs of tokens.

Shapes: L tokens, z attention heads, d hidden size, R relation types.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np

from cman_tf.config import Config
from cman_tf.data.batches import make_batch, make_example
from cman_tf.data.bucketing import BATCH_TOKENS, order_by_length
from cman_tf.data.types import Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.errors import DataError
from cman_tf.inference.constraints import DecodingOptions
from cman_tf.inference.decoding import DEFAULTS, Prediction, decode_sentence
from cman_tf.inference.predictor import decode_batches, make_decoder
from cman_tf.models.factory import Model

_NAME = re.compile(r"(?P<side>ner_|relation_|)(?P<kind>self_attention|label_attention|label_gate)_(?P<number>\d+)")


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
    if config.model == "multihead":
        raise DataError(f"{where}: its model is the multi-head baseline, which has no attention; expected CMAN's")
    if not config.self_attention and not config.label_attention:
        raise DataError(f"{where}: its model was trained without attention, expected one with attention")


def compute_attention(
    model: Model,
    vocabulary: Vocabulary,
    sentences: Sequence[Sentence],
    batch_tokens: int = BATCH_TOKENS,
    options: DecodingOptions = DEFAULTS,
) -> list[SentenceAttention]:
    """Compute what a model attends to in some sentences.

    Args:
      model: CMAN or dynamic CMAN with its weights.
      vocabulary: the vocabulary that the model was trained with.
      sentences: the sentences. Their entities and relations are ignored.
      batch_tokens: approximate number of tokens in a batch, padding included.
      options: what is kept of the predictions.

    Returns:
      The attention of each sentence, in their order. It does not depend on the other sentences.

    Raises:
      DataError: if the model has no attention.
    """
    validate_attention(model.config, "attention")
    examples = [make_example(sentence, vocabulary) for sentence in sentences]
    order = order_by_length([len(example.words) for example in examples], batch_tokens)
    features = model.layout.features
    batches = (make_batch([examples[row] for row in rows], features, step=1) for rows in order)
    decoder = make_decoder(model, marginals=True, attention=True)
    found: dict[int, SentenceAttention] = {}
    for rows, output in zip(order, decode_batches(decoder, batches, count=len(order))):
        for place, row in enumerate(rows):
            found[row] = _read_output(output, place, sentences[row], vocabulary, options)
    return [found[row] for row in range(len(sentences))]


def _read_output(
    output: dict[str, np.ndarray], place: int, sentence: Sentence, vocabulary: Vocabulary, options: DecodingOptions
) -> SentenceAttention:
    """Take one sentence out of the output of a batch, without padding."""
    length = len(sentence.tokens)
    mine = output["pairs"][:, 0] == place
    prediction = decode_sentence(
        sentence.tokens,
        [vocabulary.tags[tag] for tag in output["tags"][place, :length]],
        output["marginals"][place, :length],
        output["pairs"][mine, 1:],
        output["scores"][mine],
        vocabulary.relations,
        sentence.id,
        options,
    )
    weights: dict[str, np.ndarray] = {}
    gates: dict[str, np.ndarray] = {}
    for name, value in output.items():
        part = _NAME.fullmatch(name)
        if part and part["kind"] == "label_gate":
            gates[name] = value[place, :length]
        elif part:
            weights[name] = value[place, :, :length, :length]
    return SentenceAttention(
        sentence.tokens,
        tuple(vocabulary.tags[tag] for tag in output["attended_tags"][place, :length]),
        prediction,
        tuple(vocabulary.relations),
        weights,
        gates,
        output["pair_scores"][place, :length, :length],
    )


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
    part = _NAME.fullmatch(name)
    if part is None:
        return name
    kind = {"self_attention": "Self-attention", "label_attention": "Label attention", "label_gate": "Label gate"}
    side = {"": "", "ner_": ", entity side", "relation_": ", relation side"}[part["side"]]
    return f"{kind[part['kind']]} {part['number']}{side}"
