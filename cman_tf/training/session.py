"""A training from its corpora to its result file. `cman-tf train` runs it after it has read its flags.

`validate_inputs` and `open_session` check everything that can be checked without TensorFlow. `Session.train` imports
TensorFlow.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import TYPE_CHECKING, Any

from cman_tf.config import Config
from cman_tf.data.contexts import with_contexts
from cman_tf.data.contextual_encoder import AnyEncoder
from cman_tf.data.corpus import SPLITS, Corpus, name_corpus
from cman_tf.data.tokenizer_choice import settle_tokenizer
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.data.word_vectors import find_word_vectors
from cman_tf.encoders.source import Source, features_file, save_source, validate_tunable
from cman_tf.errors import DataError
from cman_tf.retrieving.recorded import save_retrieval
from cman_tf.runs import provenance
from cman_tf.runs.damaged_checkpoints import find_newest_damage, list_resumable, validate_restorable
from cman_tf.runs.epochs import STAGE_ONE, count_epochs, is_complete, validate_epochs
from cman_tf.runs.files import read_json, remove_temporaries, sha256_of, write_atomically
from cman_tf.runs.metrics import Metrics
from cman_tf.runs.record import checkpoint_files, verify_resumable
from cman_tf.runs.run_directory import find_run, start_run
from cman_tf.scoring.result_schema import OWN_RESULT
from cman_tf.training.cluster import describe_other_replicas
from cman_tf.training.memory_check import validate_training_memory
from cman_tf.training.progress import NO_PROGRESS, Progress
from cman_tf.training.session_options import SessionOptions
from cman_tf.training.threads import describe_change
from cman_tf.training.vocabularies import make_vocabularies

if TYPE_CHECKING:
    from cman_tf.training.devices import OneDevice
    from cman_tf.training.trainer import Trainer


@dataclasses.dataclass
class Session:
    """A training whose inputs `open_session` has checked.

    Attributes:
      config: the resolved configuration.
      corpora: the corpus of each split, by the name of the split.
      source: the contextual encoder's files, or None.
      options: the other files.
      progress: the object to which the training reports.
      run: the content of run.json.
      result: the content of the result file. Before training it is that of an earlier call, or empty.
      vocabularies: the vocabularies of `make_vocabularies`.
      damage: what is wrong with the newest checkpoint of a finished run, in one line; empty if nothing is.
    """

    config: Config
    corpora: dict[str, Corpus]
    source: Source | None
    options: SessionOptions
    progress: Progress
    run: dict[str, Any]  # as in run.json
    result: dict[str, Any]
    vocabularies: dict[str, Vocabulary]
    damage: str = ""

    @property
    def is_finished(self) -> bool:
        """Whether the result has the number of epochs that the configuration asks for, and no checkpoint is damaged."""
        return bool(self.result) and is_complete(self.result, self.config) and not self.damage

    @property
    def result_file(self) -> pathlib.Path:
        """The path of the result file.

        Raises:
          DataError: if the file holds the result of another run.
        """
        folder = pathlib.Path(self.options.results_dir or pathlib.Path(self.options.model_dir) / "results")
        corpus, config = name_corpus(self.corpora["train"].path), self.config
        model = f"{config.model}{'_passages' if config.retrieved_passages else ''}"
        path = folder / f"{self.options.result_name or f'{corpus}_{model}_seed{config.seed}'}.json"
        if path.exists() and read_json(path, "a result file").get("run") != self.run["id"]:
            raise DataError(
                f"{path}: holds the result of another run, expected this run's result or no file; choose another "
                "--results_dir or --result_name"
            )
        return path

    def fit(self, devices: OneDevice | None = None) -> tuple[Trainer, dict[str, Any]]:
        """Start or resume training, and finish it. Test is not scored.

        Args:
          devices: what to compute on; None: the first GPU, or the CPU.

        Returns:
          What was trained, and what the result file contains besides the trainer's result.

        Raises:
          DataError: if the encoder cannot be read, if the loss is not finite, or if training cannot be resumed.
        """
        from cman_tf.training.devices import ONE_DEVICE
        from cman_tf.training.protocols import train_by_protocol

        devices = devices or ONE_DEVICE
        # The encoder is opened first, so that an error leaves the directory as it was.
        encoder = self._open_encoder(self.source, devices) if self.source else None
        if encoder:
            self.config.validate_mixed_layers(encoder.layers)
        directory, threads = self.options.model_dir, self.options.threads
        if change := describe_change(self.run["threads"], threads):
            self.progress.note(change)
        if change := describe_other_replicas(self.run["replicas"], devices.replicas):
            self.progress.note(change)
        start_run(directory, self.run, provenance.commit(), self.options.flags, threads, devices.replicas)
        if self.source and encoder:
            save_source(directory, self.source, encoder.layers, encoder.size)
        if self.options.contexts:
            save_retrieval(directory, self.options.contexts.place)
        return train_by_protocol(
            self.config,
            self.corpora,
            self.vocabularies,
            directory,
            encoder,
            self.progress,
            self.options.init_from,
            self.options.profiled,
            self.options.checkpoint_steps,
            devices,
            self.options.contexts,
        )

    def train(self, devices: OneDevice | None = None) -> None:
        """Train, score the best epoch on test, and save the result in the run's directory.

        Args:
          devices: as for `fit`.

        Raises:
          DataError: as `fit` does.
        """
        trainer, extra = self.fit(devices)
        flags = self.options.flags
        read = {"word_vectors_sha256": self.run["word_vectors"], "encoder_fingerprint": self.run["encoder"]}
        if self.options.contexts:
            read["retrieval"] = self.options.contexts.describe()
        before = self.result
        self.result = {"run": self.run["id"], **read, **trainer.result(flags, self.run["commits"]), **extra}
        self.result |= {name: self.run[name] for name in ("threads", "replicas")}
        if before:  # the run was resumed with more epochs or patience; the result shows how often test was scored
            micro = before["test"]["strict"]["micro"]
            now = {"epochs": before["epochs"], "best_epoch": before["best_epoch"], "test": micro}
            is_same = all(self.result[name] == before[name] for name in ("epochs", "best_epoch", "test"))
            earlier = [*before.get("scored_before", []), *([] if is_same else [now])]
            self.result |= {"scored_before": earlier} if earlier else {}
        self.damage = ""  # training has repaired it
        _write(pathlib.Path(self.options.model_dir) / "result.json", self.result)

    def write_result(self) -> pathlib.Path:
        """Write the result file.

        Returns:
          Its path.

        Raises:
          DataError: if another run wrote it in the meantime.
        """
        path = self.result_file
        remove_temporaries(path)
        _write(path, self.result)
        return path

    def _name_features(self, source: Source) -> str | pathlib.Path | None:
        """Return the file of the encoder's features; None: the one that belongs to the corpus."""
        if self.options.features or not self.options.contexts:
            return self.options.features
        key = self.options.contexts.key[:8]  # the features of a sentence depend on what follows it
        return features_file(f"{name_corpus(self.corpora['train'].path)}-retrieved-{key}", source)

    def _open_encoder(self, source: Source, devices: OneDevice) -> AnyEncoder:
        """Open the cache of the encoder's features, computing those that are missing, or the encoder if it is tuned."""
        encoder: AnyEncoder
        if self.config.tune_encoder:
            from cman_tf.encoders.opening import open_tunable

            with devices.scope():
                encoder = open_tunable(source)
            where = "tuned"
        else:
            from cman_tf.encoders.feature_cache import load_features

            with devices.first_process_first():
                corpora, contexts = [*self.corpora.values()], self.options.contexts
                read = corpora if contexts is None or self.config.cooperative_weight else []
                if contexts is not None:
                    read = [*read, *(with_contexts(corpus, contexts) for corpus in corpora)]
                encoder, path = load_features(read, source, self._name_features(source))
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
    """Check the corpora and the run's directory, and read what an earlier call left there. TensorFlow is not imported.

    Args:
      config: the resolved configuration.
      corpora: the corpus of each split, by the name of the split.
      source: the contextual encoder's files, or None.
      options: the other files.
      progress: the object to which the inputs and every batch and epoch are reported.

    Raises:
      DataError: if the directory holds another run, or if the training data has no entities.
    """
    hashes = {split: corpora[split].sha256 for split in SPLITS}
    fingerprint = source.fingerprint if source else None
    vectors_file = find_word_vectors(options.word_vectors) if options.word_vectors else None
    retrieval = options.contexts.key if options.contexts else None
    run = find_run(
        options.model_dir, config, hashes, vectors_file, fingerprint, options.format, options.tokenizer, retrieval
    )
    if options.init_from:
        validate_initial_model(run, options, fingerprint)
    finished = pathlib.Path(options.model_dir) / "result.json"
    result = _read_result(finished) if finished.exists() else {}
    if result and result.get("run", run["id"]) != run["id"]:
        raise DataError(f"{finished}: the result of another run, expected this run's; move the file away")
    session = Session(config, corpora, source, options, progress, run, result, {})
    _ = session.result_file  # raises if the file is of another run
    if result:
        validate_epochs(options.model_dir, *count_epochs(result), config)
        Metrics(options.model_dir, 0)  # raises if it is damaged
        session.damage = find_newest_damage(options.model_dir)
        if list_resumable(options.model_dir):
            verify_resumable(options.model_dir)
    if not session.is_finished:
        run["tokenizer"] = settle_tokenizer(run["tokenizer"], corpora["train"].sentences, progress.note)
        kept = options.kept_word_vectors
        session.vocabularies = make_vocabularies(
            corpora, config.protocol, vectors_file, kept, progress, options.strict_labels, options.contexts
        )
        if options.init_from:
            trained = options.init_from.vocabulary
            session.vocabularies = {name: v.extend(trained) for name, v in session.vocabularies.items()}
        name, vocabulary = list(session.vocabularies.items())[-1]
        read = [corpora[split] for split in name.split("_")]
        if options.contexts:
            read = [with_contexts(corpus, options.contexts) for corpus in read]
        validate_training_memory(config, vocabulary, read, source)
        for folder in (pathlib.Path(options.model_dir), pathlib.Path(options.model_dir, STAGE_ONE)):
            verify_resumable(folder, required=run["record"])
            validate_restorable(folder)
        if session.damage:
            progress.note(f"{session.damage}; training repairs it")
        list(session.vocabularies.values())[-1].validate_same(options.model_dir)
    return session


def _read_result(path: pathlib.Path) -> dict[str, Any]:
    """Read the result of an earlier call.

    Raises:
      DataError: if the file is not one of a finished run.
    """
    expected = "what cman-tf train wrote; move the file away to have it written again"
    return read_json(path, expected, schema=OWN_RESULT)


def validate_inputs(config: Config, source: Source | None, options: SessionOptions) -> None:
    """Check that the encoder and the files fit the configuration, before a directory is made.

    Args:
      config: the resolved configuration.
      source: the contextual encoder's files, or None.
      options: the other files.

    Raises:
      DataError: if they do not fit.
      OSError: if the file of word vectors cannot be read.
    """
    if options.features and source is None:
        raise DataError(
            "--features without an encoder, expected --encoder, --elmo or --elmo_options and --elmo_weights"
        )
    if config.tune_word_vectors and not options.word_vectors:
        raise DataError(
            "--tune_word_vectors without --word_vectors, expected a file; vectors that are not from a file are always "
            "trained"
        )
    if options.word_vectors:
        pathlib.Path(find_word_vectors(options.word_vectors)).open("rb").close()
    if source is None and (config.mixed_layers, config.mix_scale) != ("all", 1.0):
        raise DataError(
            "--mixed_layers or --mix_scale without an encoder, expected --encoder, --elmo, or --elmo_options and "
            "--elmo_weights"
        )
    if config.tune_encoder:
        validate_tunable(source)
        if options.features:
            raise DataError("--features with --tune_encoder, expected one of them: a tuned encoder has no cache")


def validate_initial_model(run: dict[str, Any], options: SessionOptions, fingerprint: str | None) -> None:
    """Check the trained model whose weights training starts from, and note it in the run.

    Args:
      run: the content of run.json.
      options: the files of the training.
      fingerprint: the fingerprint of the contextual encoder, or None.

    Raises:
      DataError: if its encoder is another one, or if the run was begun from other weights.
    """
    trained = options.init_from
    assert trained is not None
    needed = trained.encoder.fingerprint if trained.encoder else None
    if needed != fingerprint:
        named = f"{trained.encoder}" if trained.encoder else "no contextual encoder"
        raise DataError(f"--init_from={trained.directory}: its model reads {named}, expected the same encoder here")
    for field in dataclasses.fields(Config):
        old, new = getattr(trained.config, field.name), run["settings"][field.name]
        if field.metadata.get("group") in ("Model", "Ablations") and old != new:
            raise DataError(
                f"--init_from={trained.directory}: --{field.name} is {old} there and {new} here, expected the same"
            )
    weights = sha256_of(checkpoint_files(trained.checkpoint)[-1])  # of a checkpoint, the small one, .index
    if run.setdefault("init_from", weights) != weights:
        raise DataError(f"{options.model_dir}: began from other weights than {trained.directory} holds now")


def _write(path: pathlib.Path, result: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
