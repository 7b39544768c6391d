"""What a run trains with: its model, data and saved state, and the result that it reports.

`cman_tf.training.loop` trains it.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from cman_tf.config import Config
from cman_tf.data.batches import Example, make_example
from cman_tf.data.bio import flat_entities
from cman_tf.data.contexts import ContextFinder
from cman_tf.data.contextual_encoder import AnyEncoder
from cman_tf.data.corpus import Corpus, describe_corpora
from cman_tf.data.signatures import learn_signatures, save_signatures
from cman_tf.data.types import Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.errors import DataError
from cman_tf.inference.description import ModelDescription
from cman_tf.inference.loading import restore_model
from cman_tf.inference.predictor import Predictor
from cman_tf.models.factory import Model, build_model, reset_layer_names
from cman_tf.runs import provenance
from cman_tf.runs.epochs import is_finished
from cman_tf.runs.metrics import Metrics
from cman_tf.runs.record import read_record, verify_resumable
from cman_tf.scoring.breakdowns import by_distance, by_length
from cman_tf.scoring.score import score_sentences
from cman_tf.training.checkpoints import TrainingState
from cman_tf.training.devices import ONE_DEVICE, OneDevice
from cman_tf.training.initial_weights import start_from
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.summaries import Summaries
from cman_tf.training.weight_average import WeightAverage

PROTOCOLS = {
    "best_dev": "trained on train only, best dev epoch",
    "fixed_epochs": "trained on train and dev, fixed number of epochs",
    "two_stage": "two stages: epochs by dev, then trained anew on train and dev",
}


@dataclasses.dataclass
class Trainer:
    """Everything that a run trains with. `build_trainer` makes it.

    Attributes:
      config: the resolved configuration.
      corpora: the corpus of each split, by the name of the split.
      vocabulary: the vocabulary of the training data.
      examples: the sentences of each split as numbers.
      model: the model.
      optimizer: the optimizer of the model's weights.
      state: the epoch, the best score and the checkpoints.
      directory: the run's directory.
      encoder: the contextual encoder, or None.
      devices: what it computes on.
    """

    config: Config
    corpora: dict[str, Corpus]
    vocabulary: Vocabulary
    examples: dict[str, list[Example]]
    model: Model
    optimizer: ModelOptimizer
    state: TrainingState
    directory: str
    encoder: AnyEncoder | None
    devices: OneDevice

    def done(self) -> bool:
        """Return whether no epoch is left to train."""
        return is_finished(int(self.state.epoch), int(self.state.best_epoch), self.config)

    def describe_best(self) -> str:
        """Say which epoch is the best, and its score on dev."""
        return f"the best epoch is {int(self.state.best_epoch)}, with {float(self.state.best_score):.2f} on dev"

    def predict(self, predictor: Predictor, split: str) -> tuple[list[Sentence], list[Sentence]]:
        """Return the gold sentences of a split and the same sentences with predictions."""
        predictions = predictor.predict_examples(self.examples[split])
        return self.corpora[split].sentences, [p.sentence for p in predictions]

    def analyse(self, predictor: Predictor, split: str) -> dict[str, Any]:
        """Score the predictions for a split, as a whole and in groups.

        Args:
          predictor: predicts with the model.
          split: `dev` or `test`.

        Returns:
          The scores of `score_sentences`; `by_length` and `by_distance`, the scores in groups; and, if gold entities
          overlap in some sentences, `without_overlaps`, the scores of the other sentences.
        """
        gold, predicted = self.predict(predictor, split)
        labels = self.vocabulary.labels()
        table = score_sentences(gold, predicted, labels)
        table.update(by_length=by_length(gold, predicted), by_distance=by_distance(gold, predicted))
        flat = [(g, p) for g, p in zip(gold, predicted) if len(flat_entities(g.entities)) == len(g.entities)]
        if len(flat) < len(gold):
            table["without_overlaps"] = score_sentences([g for g, _ in flat], [p for _, p in flat], labels)
        return table

    def inputs(self) -> str:
        """Describe the inputs of a token, such as "words (frozen vectors) + characters + passages"."""
        kind = "tuned" if self.config.tune_word_vectors else "frozen"
        words = "trained vectors" if self.vocabulary.vectors is None else f"{kind} vectors"
        characters = " + characters" if self.config.use_characters else ""
        encoder = f" + {self.encoder.name}" if self.encoder else ""
        return f"words ({words}){characters}{encoder}" + (" + passages" if self.config.retrieved_passages else "")

    def _record(self) -> dict[str, Any]:
        """Return the record of the model's files, of which loading compares the hashes, without the last epoch."""
        record = read_record(self.directory)
        if record is None:
            raise DataError(f"{self.directory}: record.json is missing, expected it beside run.json")
        weights = {name: digest for name, digest in record["weights"].items() if name.startswith("best/")}
        return {**record, "weights": weights}

    def result(self, flags: dict[str, Any], commits: list[str]) -> dict[str, Any]:
        """Score the best epoch on test, once, and make the content of the result file.

        Args:
          flags: the flags besides those of the configuration.
          commits: the commits of the code that trained the model, in order.
        """
        epochs = int(self.state.epoch)
        verify_resumable(self.directory, required=True)
        best = restore_model(self.directory, self.model, "best")
        predictor = Predictor(self.model, self.vocabulary)
        records = Metrics(self.directory, epochs).records()
        test = self.analyse(predictor, "test")
        Summaries(self.directory, epochs).add_test(best, test)
        return {
            "corpus": describe_corpora(self.corpora),
            "inputs": self.inputs(),
            "word_vector_size": int(self.model.representation.words.table.shape[-1]),
            "protocol": PROTOCOLS[self.config.protocol],
            "flags": {
                **dataclasses.asdict(self.config),
                **{name: provenance.make_portable(value) for name, value in flags.items()},
            },
            "seed": self.config.seed,
            "commit": ", then ".join(commits),
            "time": {
                "finished": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
                "epochs_seconds": round(sum(r["seconds"] + r["dev_seconds"] for r in records), 1),
                # Without the records of any epoch, as where metrics.jsonl was deleted, nothing is known.
                "epoch_seconds_median": float(np.median([r["seconds"] for r in records])) if records else None,
                "dev_seconds_median": float(np.median([r["dev_seconds"] for r in records])) if records else None,
            },
            "environment": provenance.environment(),
            "epochs": epochs,
            "best_epoch": best,
            "record": self._record(),
            # If the model was trained on dev, scores on dev say nothing.
            **({"dev": self.analyse(predictor, "dev")} if self.config.protocol == "best_dev" else {}),
            "test": test,
        }


def build_trainer(
    config: Config,
    corpora: dict[str, Corpus],
    vocabulary: Vocabulary,
    directory: str,
    encoder: AnyEncoder | None = None,
    init_from: ModelDescription | None = None,
    devices: OneDevice = ONE_DEVICE,
    finder: ContextFinder | None = None,
) -> Trainer:
    """Build the model and its optimizer, and restore the last epoch if an earlier call saved one.

    Args:
      config: the resolved configuration. Its protocol is best_dev or fixed_epochs.
      corpora: the corpus of each split, by the name of the split.
      vocabulary: the vocabulary of the training data.
      directory: the run's directory.
      encoder: the cache of a frozen encoder's vectors for all corpora, the encoder itself if it is tuned, or None.
      init_from: the trained model whose weights training starts from, or None.
      devices: what to compute on.
      finder: finds the contexts of sentences, or None.

    Raises:
      DataError: if the directory holds another vocabulary, or a checkpoint that cannot be restored.
    """
    vocabulary.save(directory)
    save_signatures(directory, learn_signatures(corpora["train"].sentences))
    tf.keras.utils.set_random_seed(config.seed)
    reset_layer_names()
    decay = config.weight_average
    with devices.scope():
        model = build_model(config, vocabulary, encoder, finder)
        if init_from:
            start_from(model, vocabulary, init_from)
        optimizer = ModelOptimizer(model)
        average = WeightAverage(model.trainable_variables, decay) if decay else None
    state = TrainingState(directory, model, optimizer, average)
    if (state.restore_last() or state.position.batches) and devices.is_chief:
        batches = f" and {state.position.batches} batches" if state.position.batches else ""
        logging.info("%s: resuming after epoch %d%s", directory, int(state.epoch), batches)
    examples = {split: [make_example(s, vocabulary) for s in corpus.sentences] for split, corpus in corpora.items()}
    devices.meet("the model", lambda: _digest(model, optimizer))
    return Trainer(config, corpora, vocabulary, examples, model, optimizer, state, directory, encoder, devices)


def _digest(model: Model, optimizer: ModelOptimizer) -> bytes:
    """Return bytes that differ if weights or the number of steps do."""
    values = [optimizer.iterations, *model.variables]
    return b"".join(hashlib.sha256(value.numpy().tobytes()).digest() for value in values)
