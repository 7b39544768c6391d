"""A training from its corpora to its result file: what `cman-tf train` does once its flags are read.

`validate_inputs` and `open_session` check all that can be known without TensorFlow; `Session.train` imports it.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any

from cman_tf.config import Config
from cman_tf.data.contextual_encoder import AnyEncoder
from cman_tf.data.corpus import SPLITS, Corpus, name_corpus
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.encoders.source import Source, save_source, validate_tunable
from cman_tf.errors import DataError
from cman_tf.runs import provenance
from cman_tf.runs.files import read_json, write_atomically
from cman_tf.runs.run_directory import epochs_of, find_run, is_complete, start_run, validate_epochs
from cman_tf.training.progress import NO_PROGRESS, Progress
from cman_tf.training.vocabularies import make_vocabularies


@dataclasses.dataclass(frozen=True)
class SessionOptions:
    """Files of a training besides its corpora.

    Attributes:
      model_dir: the run's directory.
      results_dir: directory of the result file; None: results/ in `model_dir`.
      result_name: name of the result file; None: CORPUS_MODEL_seedN.
      word_vectors: file of word vectors, or None.
      kept_word_vectors: number of leading rows of it to keep for words that the corpora do not contain.
      features: file of the contextual encoder's features; None: one named after the corpus and the encoder.
      format: that the corpora were read in, "auto" or a format's name.
      flags: flags beside the configuration that repeat the run, for its records.
    """

    model_dir: str
    results_dir: str | None = None
    result_name: str | None = None
    word_vectors: str | None = None
    kept_word_vectors: int = 20000
    features: str | None = None
    format: str = "auto"
    flags: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Session:
    """A training that `open_session` found nothing wrong with.

    Attributes:
      result: the result file's content; of an earlier call, or empty, until it is trained.
    """

    config: Config
    corpora: dict[str, Corpus]
    source: Source | None
    options: SessionOptions
    progress: Progress
    run: dict[str, Any]  # as in run.json
    result: dict[str, Any]
    vocabularies: dict[str, Vocabulary]

    @property
    def is_finished(self) -> bool:
        """Whether the result is of as many epochs as asked for."""
        return bool(self.result) and is_complete(self.result, self.config)

    @property
    def result_file(self) -> pathlib.Path:
        """Where the result goes.

        Raises:
          DataError: if the result of another run is there.
        """
        folder = pathlib.Path(self.options.results_dir or pathlib.Path(self.options.model_dir) / "results")
        corpus, config = name_corpus(self.corpora["train"].path), self.config
        path = folder / f"{self.options.result_name or f'{corpus}_{config.model}_seed{config.seed}'}.json"
        if path.exists() and read_json(path, "a result file").get("run") != self.run["id"]:
            raise DataError(f"{path}: the result of another run, expected another --results_dir or --result_name")
        return path

    def train(self) -> None:
        """Train, or go on, to the end, and keep the result in the run's directory.

        Raises:
          DataError: if the encoder cannot be read, the loss is no number, or training cannot go on from what is there.
        """
        # An encoder that cannot be read is found out before the directory is this run's.
        encoder = self._open_encoder(self.source) if self.source else None
        if encoder:
            self.config.validate_mixed_layers(encoder.layers)
        directory, flags = self.options.model_dir, self.options.flags
        start_run(directory, self.run, provenance.commit(), flags)
        if self.source and encoder:
            save_source(directory, self.source, encoder.layers, encoder.size)
        from cman_tf.training.protocols import train_by_protocol

        trainer, extra = train_by_protocol(
            self.config, self.corpora, self.vocabularies, directory, encoder, self.progress
        )
        read = {"word_vectors_sha256": self.run["word_vectors"], "encoder_fingerprint": self.run["encoder"]}
        before = self.result
        self.result = {"run": self.run["id"], **read, **trainer.result(flags, self.run["commits"]), **extra}
        if before:  # it went on with more epochs or patience: how often test was scored stays visible
            micro = before["test"]["strict"]["micro"]
            now = {"epochs": before["epochs"], "best_epoch": before["best_epoch"], "test": micro}
            self.result["scored_before"] = [*before.get("scored_before", []), now]
        _write(pathlib.Path(directory) / "result.json", self.result)

    def write_result(self) -> pathlib.Path:
        """Write the result file.

        Returns:
          Its path.

        Raises:
          DataError: if another run wrote it in the meantime.
        """
        path = self.result_file
        _write(path, self.result)
        return path

    def _open_encoder(self, source: Source) -> AnyEncoder:
        """The encoder's features of all sentences, computed now where they are missing, or the encoder itself if it
        is to be tuned."""
        encoder: AnyEncoder
        if self.config.tune_encoder:
            from cman_tf.encoders.opening import open_tunable

            encoder, where = open_tunable(source), "tuned"
        else:
            from cman_tf.encoders.feature_cache import load_features

            encoder, path = load_features(self.corpora.values(), source, self.options.features)
            where = f"in {path}"
        self.progress.note(f"features: {source}, {encoder.layers} layers of {encoder.size}, {where}")
        return encoder


def open_session(
    config: Config,
    corpora: dict[str, Corpus],
    source: Source | None,
    options: SessionOptions,
    progress: Progress = NO_PROGRESS,
) -> Session:
    """Find out what an earlier call left, and whether the corpora fit together. Without TensorFlow.

    Args:
      config: of the run.
      corpora: of the three splits.
      source: the contextual encoder, or None.
      options: the other files.
      progress: is told of the inputs, and of every batch and epoch.

    Raises:
      DataError: for another run in the directory, or types of dev or test that training lacks.
    """
    hashes = {split: corpora[split].sha256 for split in SPLITS}
    fingerprint = source.fingerprint if source else None
    run = find_run(options.model_dir, config, hashes, options.word_vectors, fingerprint, options.format)
    finished = pathlib.Path(options.model_dir) / "result.json"
    names = ("epochs", "best_epoch", "test")
    result = read_json(finished, "what cman_tf.train wrote", *names) if finished.exists() else {}
    session = Session(config, corpora, source, options, progress, run, result, {})
    _ = session.result_file  # not another run's
    if result:
        validate_epochs(options.model_dir, *epochs_of(result), config)
    if not session.is_finished:
        vectors_file, kept = options.word_vectors, options.kept_word_vectors
        session.vocabularies = make_vocabularies(corpora, config.protocol, vectors_file, kept, progress)
        list(session.vocabularies.values())[-1].validate_same(options.model_dir)
    return session


def validate_inputs(config: Config, source: Source | None, options: SessionOptions) -> None:
    """Check that the encoder and the files go with the configuration, before a directory is made.

    Raises:
      DataError: if they do not.
    """
    if options.features and source is None:
        raise DataError("--features and no encoder, expected --encoder, --elmo or --elmo_options and --elmo_weights")
    if config.tune_word_vectors and not options.word_vectors:
        raise DataError(
            "--tune_word_vectors and no --word_vectors, expected a file: without one they are trained anyway"
        )
    if source is None and (config.mixed_layers, config.mix_scale) != ("all", 1.0):
        raise DataError(
            "--mixed_layers or --mix_scale and no encoder, expected --encoder, --elmo, or --elmo_options and "
            "--elmo_weights"
        )
    if config.tune_encoder:
        validate_tunable(source)
        if options.features:
            raise DataError("--features and --tune_encoder, expected one of them: a tuned encoder keeps none")


def _write(path: pathlib.Path, result: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
