"""Checking that models were not trained on some data."""

from __future__ import annotations

from collections.abc import Sequence

from cman_tf.command_line.recorded_data import read_recorded_train
from cman_tf.data.corpus import Corpus
from cman_tf.errors import DataError
from cman_tf.inference.description import ModelDescription

_MOST = 0.5  # share of the sentences that may also be in the training data; corpora repeat some


def validate_not_trained_on(models: Sequence[ModelDescription], corpus: Corpus) -> list[str]:
    """Check that no model was trained on some data, as far as its run says what it was trained on.

    Args:
      models: the models.
      corpus: the data.

    Returns:
      A line for each model whose training data is not known, or of which some sentences are in the data.

    Raises:
      DataError: if half of the sentences or more are in the training data of a model.
    """
    sentences = [tuple(sentence.tokens) for sentence in corpus.sentences]
    notes: list[str] = []
    for model in models:
        trained = {tuple(s.tokens) for c in read_recorded_train(model.directory, model.config) for s in c.sentences}
        if not trained:
            notes.append(f"{model.directory}: not known what it was trained on; expected other data than {corpus.path}")
            continue
        both = sum(tokens in trained for tokens in sentences)
        if both >= _MOST * len(sentences):
            raise DataError(
                f"{corpus.path}: {model.directory} was trained on {both} of its {len(sentences)} sentences, expected "
                "data that no model was trained on"
            )
        if both:
            notes.append(f"{corpus.path}: {both} of {len(sentences)} sentences were trained on by {model.directory}")
    return notes
