"""Dev, once an epoch: the scores that choose the best epoch, and what TensorBoard shows beside them."""

from __future__ import annotations

from typing import Any

from cman_tf.data.types import Sentence
from cman_tf.inference.decoding import Output
from cman_tf.inference.predictor import Predictor
from cman_tf.scoring.score import score_sentences
from cman_tf.training.dev_curves import measure_curves
from cman_tf.training.dev_probe import DevProbe
from cman_tf.training.dev_text import choose_rows, format_sentences
from cman_tf.training.trainer import Trainer


class DevMonitor:
    """Scores a model on dev, and describes it for TensorBoard from the same predictions.

    Args:
      trainer: what is trained.
      predictor: predicts with its model.
    """

    def __init__(self, trainer: Trainer, predictor: Predictor) -> None:
        self._trainer, self._predictor = trainer, predictor
        self._gold, self._examples = trainer.corpora["dev"].sentences, trainer.examples["dev"]
        self._rows = choose_rows(self._gold)
        self._probe = DevProbe(trainer.model, self._examples, len(trainer.examples["train"]))
        self._predicted: list[Sentence] = []
        self._outputs: dict[int, Output] = {}

    def evaluate(self) -> dict[str, Any]:
        """Score the model on dev."""
        self._outputs = {}
        found = self._predictor.predict_examples(self._examples, outputs=self._outputs)
        self._predicted = [prediction.sentence for prediction in found]
        return score_sentences(self._gold, self._predicted, self._trainer.vocabulary.labels())

    def describe(self) -> dict[str, Any]:
        """Describe what `evaluate` found, under the names of the arguments of `Summaries.add`."""
        gold, predicted = ([side[row] for row in self._rows] for side in (self._gold, self._predicted))
        return {
            "probe": self._probe.measure(),
            "curves": measure_curves(self._examples, self._outputs, self._trainer.vocabulary.relations),
            "sentences": format_sentences(gold, predicted),
        }
