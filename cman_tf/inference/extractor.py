"""Finding entities and relations in raw text with a trained model."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

from absl import logging

from cman_tf.data.bucketing import BATCH_TOKENS
from cman_tf.data.tokenizer import split_long_text, tokenize
from cman_tf.data.types import Sentence
from cman_tf.inference.decoding import Prediction
from cman_tf.inference.description import ModelDescription, read_description
from cman_tf.inference.loading import load_described
from cman_tf.inference.predictor import Predictor

MAX_TOKENS = 400  # a longer text is cut into pieces, at sentence ends if it has any


class Extractor:
    """A trained model that finds entities and relations in raw text.

    Args:
      directory: the directory of a run of `cman-tf train`, or what `read_description` found there.
      checkpoint: `best` (the best epoch on dev) or `last`.
      **encoder: the place of the contextual encoder, under the names of the flags of `cman-tf train`: `encoder`,
        `elmo`, `elmo_options`, `elmo_weights`. It is needed if the encoder moved, and for a TensorFlow Hub module,
        which is only run if the caller names it.

    Raises:
      DataError: if the directory holds no trained model, or if one of its files was changed.

    >>> extractor = Extractor("runs/sample")
    >>> [entity["text"] for entity in extractor.extract("")["entities"]]
    []
    """

    def __init__(
        self, directory: str | pathlib.Path | ModelDescription, checkpoint: str = "best", **encoder: str
    ) -> None:
        if not isinstance(directory, ModelDescription):
            directory = read_description(directory, checkpoint, encoder)
        self.model, self.vocabulary = load_described(directory)
        self._predictor = Predictor(self.model, self.vocabulary, marginals=True)

    def extract(self, text: str) -> dict[str, Any]:
        """Find entities and relations in one text. See `extract_all`."""
        return self.extract_all([text])[0]

    def extract_all(self, texts: Sequence[str], batch_tokens: int = BATCH_TOKENS) -> list[dict[str, Any]]:
        """Find entities and relations in several texts. Each text is read as one sentence.

        Args:
          texts: the raw texts.
          batch_tokens: approximate number of tokens in a batch. A smaller number takes less memory.

        Returns:
          For each text a dictionary. `tokens`: the tokens. `offsets`: for each token its first character and the
          character after its last. `entities`: type, start and end in tokens, char_start and char_end in the text,
          text and score. `relations`: type, score, and head and tail as positions in `entities`. For an empty text all
          lists are empty.

        Raises:
          TypeError: if `texts` is a single text, or if one of them is no text.
        """
        if isinstance(texts, (str, bytes)):
            raise TypeError("texts is one text, expected a list of texts; for one text call extract")
        for text in texts:
            if not isinstance(text, str):
                raise TypeError(f"a text is {type(text).__name__}, expected str")
        tokenized = [tokenize(text) for text in texts]
        cuts = [
            (number, *cut) for number, tokens in enumerate(tokenized) for cut in split_long_text(tokens, MAX_TOKENS)
        ]
        for number, tokens in enumerate(tokenized):
            if len(tokens) > MAX_TOKENS:
                logging.warning(
                    "text %d: %d tokens, cut into pieces of at most %d; relations between pieces are not found",
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
    """Add the prediction for a piece of a text to the output for the text.

    Args:
      output: the output of `extract_all` for the text, which is extended.
      prediction: the prediction for the piece.
      shift: the token of the text at which the piece begins.
      text: the text.
    """
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
