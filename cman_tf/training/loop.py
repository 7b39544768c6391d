"""The training algorithm of both papers, an epoch after another."""

from __future__ import annotations

import dataclasses
import datetime
import time
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from cman_tf.config import Config
from cman_tf.data.batches import Example, make_example
from cman_tf.data.bio import flat_entities
from cman_tf.data.bucketing import batch_order
from cman_tf.data.contextual_encoder import AnyEncoder
from cman_tf.data.corpus import Corpus, describe_corpora
from cman_tf.data.types import Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.errors import DataError
from cman_tf.inference.loading import restore_model
from cman_tf.inference.predictor import Predictor
from cman_tf.models.factory import Model, build_model
from cman_tf.models.input_pipeline import make_dataset
from cman_tf.runs import provenance
from cman_tf.runs.record import read_record
from cman_tf.runs.run_directory import Metrics, is_finished, validate_epochs
from cman_tf.scoring.breakdowns import by_distance, by_length
from cman_tf.scoring.score import score_sentences, stop_score
from cman_tf.training.checkpoints import TrainingState
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.progress import NO_PROGRESS, Progress
from cman_tf.training.step import make_train_step
from cman_tf.training.summaries import Summaries, record_of
from cman_tf.training.weight_average import WeightAverage

PROTOCOLS = {
    "best_dev": "trained on train only, best dev epoch",
    "fixed_epochs": "trained on train and dev, fixed number of epochs",
    "two_stage": "two stages: epochs by dev, then trained anew on train and dev",
}


@dataclasses.dataclass
class Trainer:
    """All that a run needs, made by `build`."""

    config: Config
    corpora: dict[str, Corpus]
    vocabulary: Vocabulary
    examples: dict[str, list[Example]]
    model: Model
    optimizer: ModelOptimizer
    state: TrainingState
    directory: str
    encoder: AnyEncoder | None

    def done(self) -> bool:
        """Whether no epoch is left to train."""
        return is_finished(int(self.state.epoch), int(self.state.best_epoch), self.config)

    def predict(self, predictor: Predictor, split: str) -> tuple[list[Sentence], list[Sentence]]:
        """A split's sentences, and as they are predicted."""
        predictions = predictor.predict_examples(self.examples[split])
        return self.corpora[split].sentences, [p.sentence for p in predictions]

    def evaluate(self, predictor: Predictor, split: str) -> dict[str, Any]:
        """Scores of a split."""
        return score_sentences(*self.predict(predictor, split), self.vocabulary.labels())

    def analyse(self, predictor: Predictor, split: str) -> dict[str, Any]:
        """Scores of a split, by sentence length and by entity distance too, and without the
        sentences in which gold entities overlap, if there are any."""
        gold, predicted = self.predict(predictor, split)
        labels = self.vocabulary.labels()
        table = score_sentences(gold, predicted, labels)
        table.update(by_length=by_length(gold, predicted), by_distance=by_distance(gold, predicted))
        flat = [(g, p) for g, p in zip(gold, predicted) if len(flat_entities(g.entities)) == len(g.entities)]
        if len(flat) < len(gold):
            table["without_overlaps"] = score_sentences([g for g, _ in flat], [p for _, p in flat], labels)
        return table

    def inputs(self) -> str:
        """What a token is represented by."""
        kind = "tuned" if self.config.tune_word_vectors else "frozen"
        words = "trained vectors" if self.vocabulary.vectors is None else f"{kind} vectors"
        characters = " + characters" if self.config.use_characters else ""
        return f"words ({words}){characters}" + (f" + {self.encoder.name}" if self.encoder else "")

    def _record(self) -> dict[str, Any]:
        """The hashes of the files that make up the model kept: what `load` compares."""
        record = read_record(self.directory)
        weights = {name: digest for name, digest in record["weights"].items() if name.startswith("best/")}
        return {**record, "weights": weights}

    def result(self, flags: dict[str, Any], commits: list[str]) -> dict[str, Any]:
        """The result file's content: the best dev epoch, scored on test once.

        Args:
          flags: those besides the settings.
          commits: of the code that trained it, the first first.
        """
        epochs = int(self.state.epoch)
        best = restore_model(self.directory, self.model, "best")
        predictor = Predictor(self.model, self.vocabulary)
        records = Metrics(self.directory, epochs).records()
        test = self.analyse(predictor, "test")
        Summaries(self.directory).add_test(best, test)
        return {
            "corpus": describe_corpora(self.corpora),
            "inputs": self.inputs(),
            "word_vector_size": int(self.model.representation.words.table.shape[-1]),
            "protocol": PROTOCOLS[self.config.protocol],
            "flags": {
                **dataclasses.asdict(self.config),
                **{name: provenance.portable(value) for name, value in flags.items()},
            },
            "seed": self.config.seed,
            "commit": ", then ".join(commits),
            "time": {
                "finished": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
                "epochs_seconds": round(sum(r["seconds"] + r["dev_seconds"] for r in records), 1),
                "epoch_seconds_median": float(np.median([r["seconds"] for r in records])),
                "dev_seconds_median": float(np.median([r["dev_seconds"] for r in records])),
            },
            "environment": provenance.environment(),
            "epochs": epochs,
            "best_epoch": best,
            "record": self._record(),
            # Where dev was trained on, its scores would mean nothing.
            **({"dev": self.analyse(predictor, "dev")} if self.config.protocol == "best_dev" else {}),
            "test": test,
        }


def build(
    config: Config,
    corpora: dict[str, Corpus],
    vocabulary: Vocabulary,
    directory: str,
    encoder: AnyEncoder | None = None,
) -> Trainer:
    """The model, its optimizer and what an earlier call left in the run's directory.

    Args:
      config: with the protocol best_dev or fixed_epochs.
      corpora: of the three splits.
      vocabulary: of the training data.
      directory: of the run.
      encoder: the cache of an encoder's vectors of all the corpora, the encoder itself if it
        is to be tuned, or None.
    """
    vocabulary.save(directory)
    tf.keras.utils.set_random_seed(config.seed)
    model = build_model(config, vocabulary, encoder)
    optimizer = ModelOptimizer(model)
    decay = config.weight_average
    state = TrainingState(
        directory, model, optimizer, WeightAverage(model.trainable_variables, decay) if decay else None
    )
    if state.restore_last():
        logging.info("%s: going on after epoch %d", directory, int(state.epoch))
    examples = {split: [make_example(s, vocabulary) for s in corpus.sentences] for split, corpus in corpora.items()}
    return Trainer(config, corpora, vocabulary, examples, model, optimizer, state, directory, encoder)


def train(trainer: Trainer, shown: Config | None = None, progress: Progress = NO_PROGRESS) -> None:
    """Train until the epochs or the patience run out, keeping the best dev epoch.

    Args:
      trainer: made by `build`.
      shown: what TensorBoard is to show as the run's settings; none: the trainer's.
      progress: is told of every batch and epoch.
    """
    config, state = trainer.config, trainer.state
    validate_epochs(trainer.directory, int(state.epoch), int(state.best_epoch), config)
    metrics = Metrics(trainer.directory, int(state.epoch))
    summaries = Summaries(trainer.directory, shown or config, trainer.inputs())
    train_step = make_train_step(trainer.model, trainer.optimizer, state.average)
    predictor = Predictor(trainer.model, trainer.vocabulary)
    lengths = [len(example.words) for example in trainer.examples["train"]]
    while not trainer.done():
        epoch = int(state.epoch) + 1
        order = batch_order(lengths, config.batch_size, config.seed, epoch, config.batch_order)
        rate = config.rate_at(epoch)
        trainer.optimizer.set_rate(rate)
        start = time.monotonic()
        progress.start_epoch(epoch, config.epochs, len(order))
        means = _epoch(trainer, train_step, order, progress)
        trained = time.monotonic()
        with state.averaged():
            dev = trainer.evaluate(predictor, "dev") if config.protocol == "best_dev" else None
        record = record_of(epoch, means, trainer.model, rate, dev)
        record.update(seconds=trained - start, dev_seconds=time.monotonic() - trained)
        metrics.add(record)
        summaries.add(record)
        better = state.finish_epoch(epoch, stop_score(dev) if dev else None)
        progress.finish_epoch(_line(record, config.epochs, dev, better))


def _line(record: dict[str, float], epochs: int, dev: dict[str, Any] | None, better: bool) -> str:
    """An epoch in one line: its loss, the dev scores and its time."""
    scores = ""
    if dev:
        f1 = [dev["strict"]["micro"][task]["f1"] for task in ("entities", "relations")]
        scores = f", dev entities {f1[0]:.2f}, relations {f1[1]:.2f}{' (best so far)' if better else ''}"
    return f"epoch {record['epoch']}/{epochs}: loss {record['clean/loss']:.3f}{scores}, {record['seconds']:.1f} s"


def _epoch(trainer: Trainer, train_step: Any, order: list[np.ndarray], progress: Progress) -> dict[str, float]:
    """One pass over the training data; means over its steps of what they log."""
    sums: dict[str, float] = {}
    best = float(trainer.state.best_score)
    for batch in make_dataset(trainer.examples["train"], order, trainer.model.layout):
        logs = {name: float(value) for name, value in train_step(batch).items()}
        for name in ("clean/loss", "gradient_norm"):
            if not np.isfinite(logs[name]):
                epoch = int(trainer.state.epoch) + 1
                raise DataError(f"epoch {epoch}: {name} is {logs[name]}, expected a number; lower --learning_rate")
        for name, value in logs.items():
            sums[name] = sums.get(name, 0.0) + value / len(order)
        progress.finish_batch(logs["clean/loss"], best)
    return sums
