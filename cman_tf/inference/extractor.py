"""Entities and relations of raw text with a trained model."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

from absl import logging

from cman_tf.data.bucketing import BATCH_TOKENS
from cman_tf.data.tokenizer import split_long_text, tokenize
from cman_tf.data.types import Sentence
from cman_tf.inference.decoding import Prediction
from cman_tf.inference.loading import load_trained
from cman_tf.inference.predictor import Predictor

MAX_TOKENS = 400  # a longer line is cut into pieces, at sentence ends where it has them


class Extractor:
    """A trained model that finds entities and relations in raw text.

    Args:
      directory: a run of `cman-tf train`.
      checkpoint: `best` (the best epoch on dev) or `last`.
      encoder: where the contextual encoder is now, as the flags of `cman-tf train` say it (`encoder`, `elmo`,
        `elmo_options`, `elmo_weights`). Needed if it moved, and for a TensorFlow Hub module, which is never run
        unless the caller names it.

    Raises:
      DataError: if no trained model is there, or a file of it was changed.

    >>> extractor = Extractor("runs/sample")
    >>> [entity["text"] for entity in extractor.extract("")["entities"]]
    []
    """

    def __init__(self, directory: str | pathlib.Path, checkpoint: str = "best", **encoder: str) -> None:
        self.model, self.vocabulary = load_trained(directory, checkpoint, encoder)
        self._predictor = Predictor(self.model, self.vocabulary, marginals=True)

    def extract(self, text: str) -> dict[str, Any]:
        """Find entities and relations in one text, as `extract_all` does."""
        return self.extract_all([text])[0]

    def extract_all(self, texts: Sequence[str], batch_tokens: int = BATCH_TOKENS) -> list[dict[str, Any]]:
        """Find entities and relations in each text; a text is one sentence.

        Args:
          texts: raw text.
          batch_tokens: tokens a batch, about; less takes less memory.

        Returns:
          For each text `tokens`, `offsets` (each token's first character and the
          one after its last), `entities` (type, start and end in tokens, char_start
          and char_end in the text, text, score) and `relations` (type, head, tail:
          positions in entities, score); for an empty text all of them empty.
        """
        tokenized = [tokenize(text) for text in texts]
        cuts = [
            (number, *cut) for number, tokens in enumerate(tokenized) for cut in split_long_text(tokens, MAX_TOKENS)
        ]
        for number, tokens in enumerate(tokenized):
            if len(tokens) > MAX_TOKENS:
                logging.warning(
                    "text %d: %d tokens, cut into pieces of at most %d; no relations between pieces",
                    number,
                    len(tokens),
                    MAX_TOKENS,
                )
        sentences = [
            Sentence(tuple(token for token, _, _ in tokenized[number][start:end])) for number, start, end in cuts
        ]
        outputs: list[dict[str, Any]] = [
            {
                "tokens": [token for token, _, _ in tokens],
                "offsets": [[first, last] for _, first, last in tokens],
                "entities": [],
                "relations": [],
            }
            for tokens in tokenized
        ]
        predictions = self._predictor.predict(sentences, batch_tokens) if sentences else []
        for (number, start, _), prediction in zip(cuts, predictions):
            _add(outputs[number], prediction, start, texts[number])
        return outputs


def _add(output: dict[str, Any], prediction: Prediction, shift: int, text: str) -> None:
    """Add the prediction of a piece that begins at token `shift` of the text."""
    first = len(output["entities"])
    for entity, score in zip(prediction.sentence.entities, prediction.entity_scores):
        start, end = entity.start + shift, entity.end + shift
        char_start, char_end = output["offsets"][start][0], output["offsets"][end - 1][1]
        output["entities"].append(
            {
                "type": entity.type,
                "start": start,
                "end": end,
                "char_start": char_start,
                "char_end": char_end,
                "text": text[char_start:char_end],
                "score": round(score, 4),
            }
        )
    for relation, score in zip(prediction.sentence.relations, prediction.relation_scores):
        output["relations"].append(
            {
                "type": relation.type,
                "head": relation.head + first,
                "tail": relation.tail + first,
                "score": round(score, 4),
            }
        )
