"""What a model attends to: the weights of its attention, its label gates, and its scores for all pairs of tokens.

Shapes: L tokens, z attention heads, d hidden size, R relation types.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cman_tf.data.batches import make_batch, make_example
from cman_tf.data.bucketing import BATCH_TOKENS, order_by_length
from cman_tf.data.types import Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.inference.attended import UNIT_NAME, SentenceAttention, validate_attention
from cman_tf.inference.constraints import DecodingOptions
from cman_tf.inference.decoding import DEFAULTS, decode_sentence
from cman_tf.inference.predictor import decode_batches, make_decoder
from cman_tf.models.factory import Model


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
        part = UNIT_NAME.fullmatch(name)
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
