"""Train a model and score it on the test data.

    cman-tf train --data=mydata --model_dir=runs/mine
    cman-tf train --flagfile=conll04 --data_dir=data/conll04_spert --model_dir=runs/conll04
    cman-tf train --data=mydata --init_from=runs/conll04 --model_dir=runs/mine
    cman-tf train --data=corpus.json --folds=10 --model_dir=runs/folds

Re-running the command resumes an interrupted run, or prints the table of a finished one. Flag files ship with the
package for each corpus and model; their values can be overridden by flags behind them. The defaults below are those of
the papers; --data without a flag file takes the settings that did best on dev, and prints them (see --recipe).
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import pathlib
import statistics
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from absl import flags

from cman_tf.command_line import config_flags, corpus_flags, encoder_flags, reading_flags, recipe, retrieval_flags
from cman_tf.command_line.command import Command, report_errors
from cman_tf.command_line.console import show_progress
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.quiet import import_tensorflow, quiet_import
from cman_tf.command_line.signals import STOPPED
from cman_tf.config import Config
from cman_tf.data.corpus import Corpus, name_corpus
from cman_tf.encoders.source import Source, find_source
from cman_tf.errors import DataError
from cman_tf.experiments.overview import format_beside_paper
from cman_tf.experiments.result_files import Result
from cman_tf.inference.description import ModelDescription, read_description
from cman_tf.retrieving.contexts import Contexts
from cman_tf.retrieving.names import NOTHING
from cman_tf.retrieving.recorded import Place, read_place
from cman_tf.runs.flagfile import RECORDED_FLAGS
from cman_tf.runs.run_directory import exclusive_run
from cman_tf.scoring.score import TASKS
from cman_tf.scoring.tables import format_table, score_table
from cman_tf.training.cluster import STRATEGIES, Cluster, read_cluster
from cman_tf.training.profiled_batches import read_batches
from cman_tf.training.rendezvous import wait_for_all
from cman_tf.training.session import open_session, validate_inputs
from cman_tf.training.session_options import SessionOptions
from cman_tf.training.threads import count_threads, use_one_thread

if TYPE_CHECKING:
    from cman_tf.training.devices import OneDevice

FLAGS = flags.FLAGS
_PASSAGES = 10  # of a sentence, if a place of passages is given and no number


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Run"):
        flags.DEFINE_string("model_dir", None, "`Directory` of the run: made, or resumed.", required=True)
        flags.DEFINE_string(
            "init_from",
            None,
            "`Directory` of a trained model whose weights training starts from. Its types are kept, and new ones are "
            "added. Settings that no flag gives are its own.",
        )
        flags.DEFINE_string("results_dir", None, "`Directory` for the result file; none: results/ in --model_dir.")
        flags.DEFINE_string("result_name", None, "`Name` of the result file; none: CORPUS_MODEL_seedN.")
        flags.DEFINE_integer(
            "checkpoint_steps",
            0,
            "Also save a checkpoint within an epoch after so many batches, from which a killed run resumes; 0: only at "
            "the end of an epoch.",
            lower_bound=0,
        )
        flags.DEFINE_boolean(
            "deterministic",
            False,
            "Give the same result to the last bit on any number of cores. Training uses one thread and is slower.",
        )
        flags.DEFINE_enum(
            "strategy",
            "none",
            STRATEGIES,
            "Devices that share each batch: none: one; mirrored: several of this machine; multi_worker: those of all "
            "processes that TF_CONFIG names.",
        )
        flags.DEFINE_integer(
            "replicas",
            0,
            "Number of devices of --strategy=mirrored; 0: all GPUs. Without a GPU it divides the CPU, to try it.",
            lower_bound=0,
        )
        flags.DEFINE_boolean(
            "score_test",
            True,
            "Score the best epoch on test in the end. Without it the run has no result; the same command with it "
            "makes one.",
        )
        flags.DEFINE_list(
            "profile_batches", [], "`FIRST,LAST`: also write a profile of these batches, from 1, for TensorBoard."
        )
    corpus_flags.define_flags()
    with flag_group("Data"):
        flags.DEFINE_string(
            "word_vectors",
            None,
            "`File` of word vectors (GloVe or word2vec text, word2vec binary, or gzip), or glove, which the command "
            "cman-tf download glove brings; none: trained.",
        )
        flags.DEFINE_integer(
            "kept_word_vectors",
            20000,
            "Number of leading rows of --word_vectors to keep for words that the corpora do not contain.",
            lower_bound=0,
        )
        flags.DEFINE_string(
            "tokenizer",
            None,
            "`Name` of the tokenizer that predict cuts text with: default, ptb, hyphens, conll04, whitespace, "
            "characters, v1 or spacy:xx; none or auto: the one that cuts the training data best as it was cut.",
        )
    encoder_flags.define_flags()
    with flag_group("Contextual encoder"):
        flags.DEFINE_string(
            "features",
            None,
            "HDF5 `file` of the encoder's features, made if need be; none: features/CORPUS-ENCODER-HASH.h5.",
        )
    retrieval_flags.define_flags()
    recipe.define_flags()
    config_flags.define_config_flags()


class _Inputs(NamedTuple):
    """What the flags name: see `_train` for each of them."""

    config: Config
    folds: Mapping[int, dict[str, Corpus]]
    source: Source | None
    trained: ModelDescription | None
    cluster: Cluster | None
    place: Place | None


def main(arguments: list[str]) -> None:
    """Read the corpora and train one model, or one for each fold."""
    del arguments
    inputs = _read_inputs()
    results = {}
    for fold, corpora in inputs.folds.items():
        result = _train(inputs, corpora, fold)
        if result is not None:
            results[fold] = result
    if len(results) > 1:
        print(f"\n{format_folds(results)}")


def check() -> None:
    """Check the flags and read the corpora as `main` does, and train nothing.

    Raises:
      SystemExit: with one line, if a run with these flags would be refused before it begins.
    """

    def validate_run(_: None) -> None:
        inputs = _read_inputs()
        for fold in inputs.folds:
            validate_inputs(inputs.config, inputs.source, _collect_options(fold, inputs.trained, None))

    report_errors(validate_run)(None)


def _read_inputs() -> _Inputs:
    """Check the flags and read the corpora.

    Raises:
      DataError: for flags that do not fit together, or a file that cannot be read.
    """
    source = find_source(encoder_flags.given())
    trained = None
    if FLAGS.init_from:  # whose passages are not read
        trained = read_description(FLAGS.init_from, "best", encoder_flags.given(), finds_passages=False)
    if trained and trained.experts:
        raise DataError(f"--init_from={FLAGS.init_from}: a mixture, expected the run of one model")
    places = retrieval_flags.given()
    before = trained.config if trained else None
    if before and before.retrieved_passages and not places and not FLAGS["retrieved_passages"].present:
        raise DataError(
            f"--init_from={FLAGS.init_from}: the model reads passages, expected --retrieve=INDEX, or --retrieve=none "
            "to train on sentences alone"
        )
    if before and places.get("retrieve") == NOTHING:
        before = before.without_passages()
    chosen = recipe.apply_recipe(before)
    if chosen:
        print(chosen, flush=True)
    place = read_place(places, FLAGS.tokenizer if FLAGS.tokenizer not in (None, "auto") else "default")
    config = config_flags.config_from_flags()
    if place and not config.retrieved_passages and not FLAGS["retrieved_passages"].present:
        config = dataclasses.replace(config, retrieved_passages=_PASSAGES)
    config.validate_supported()
    if bool(place) != bool(config.retrieved_passages):
        expected = "at least 1 passage" if place else "--retrieve=INDEX or --image_index, too"
        with_place = f"{'with' if place else 'without'} a place that they come from"
        raise DataError(f"--retrieved_passages={config.retrieved_passages} {with_place}, expected {expected}")
    if place:
        # What is wrong with it is said before corpora are read.
        place = dataclasses.replace(place, fingerprint=place.open().fingerprint)
    if place and place.queries and (FLAGS.folds or FLAGS.data):
        raise DataError(
            "--image_queries with --folds or --data, expected --data_dir, or a file each for train, dev, test"
        )
    read_batches(FLAGS.profile_batches)
    cluster = _read_cluster()
    if FLAGS.fold is not None and FLAGS.folds is None:
        raise DataError("--fold without --folds, expected both")
    cutter = FLAGS.tokenizer if FLAGS.tokenizer not in (None, "auto") else "default"
    with reading_flags.open_reader(cutter) as reader:
        if FLAGS.folds:
            folds = corpus_flags.read_folds(config, reader)
        else:
            folds = {0: corpus_flags.read_corpora(config, reader)}
    reader.report()
    if cluster:
        cluster = dataclasses.replace(cluster, settings=_hash_settings(config, place, folds))
    return _Inputs(config, folds, source, trained, cluster, place)


def _read_cluster() -> Cluster | None:
    """Check the flags about devices.

    Returns:
      The processes that train together, or None for this one alone.
    """
    if FLAGS.strategy != "none" and FLAGS.deterministic:
        raise DataError(f"--deterministic with --strategy={FLAGS.strategy}, expected one of them")
    if FLAGS.replicas and FLAGS.strategy != "mirrored":
        raise DataError(f"--replicas with --strategy={FLAGS.strategy}, expected --strategy=mirrored")
    return read_cluster() if FLAGS.strategy == "multi_worker" else None


def _hash_settings(config: Config, place: Place | None, folds: Mapping[int, Mapping[str, Corpus]]) -> str:
    """Return a hash that differs if the settings, the passages or the corpora of two processes do."""
    hashes = {fold: {split: c.sha256 for split, c in corpora.items()} for fold, corpora in folds.items()}
    settings = [dataclasses.asdict(config), place.fingerprint if place else None, hashes]
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def _train(inputs: _Inputs, corpora: dict[str, Corpus], fold: int) -> Result | None:
    """Train one model, and print its scores.

    Args:
      inputs: what the flags name.
      corpora: the corpus of each split.
      fold: the number of the fold, or 0 for no cross-validation.

    Returns:
      The result; None with --noscore_test, or if another process writes it.
    """
    if fold:
        print(f"fold {fold} of {FLAGS.folds}", flush=True)
    for split, corpus in corpora.items():
        print(f"{split}: {corpus.describe()}", flush=True)
    corpus_flags.warn_about_splits(corpora)
    config, source, cluster = inputs.config, inputs.source, inputs.cluster
    options = _collect_options(fold, inputs.trained, _retrieve(inputs, corpora))
    directory = options.model_dir
    validate_inputs(config, source, options)
    if cluster and not cluster.is_chief:
        print(f"{cluster.describe()}: computes; {cluster.addresses[0]} writes {directory}", flush=True)
        with _saying_how_to_go_on(), _open_devices(config, cluster) as devices:
            from cman_tf.training.processes import follow

            follow(config, corpora, source, options, devices)
        return None
    with _saying_how_to_go_on(), exclusive_run(directory), show_progress() as progress:
        session = open_session(config, corpora, source, options, progress)
        if cluster or not session.is_finished:
            with _open_devices(config, cluster) as devices:
                from cman_tf.training.processes import lead

                lead(session, devices, FLAGS.score_test)
            if not session.is_finished:
                return None
        path = session.write_result()
    result = cast(Result, session.result)
    beside_paper = format_beside_paper(result)
    print(f"\n{score_table(session.result['test'])}\n\n{beside_paper}\n\nresult file: {path}", flush=True)
    return result


def _retrieve(inputs: _Inputs, corpora: Mapping[str, Corpus]) -> Contexts | None:
    """Retrieve the passages of the corpora, if the flags name a place that they come from.

    Raises:
      DataError: if an index or a file is damaged, or for images if there are not three files of query vectors.
    """
    place, config = inputs.place, inputs.config
    if place is None:
        return None
    contexts = Contexts(place, config.retrieved_passages, config.retrieved_tokens)
    queries: tuple[str | None, ...] = place.queries or (None,) * len(corpora)
    if len(queries) != len(corpora):
        raise DataError(f"--image_queries: {len(queries)} files, expected {len(corpora)}: of {', '.join(corpora)}")
    for (split, corpus), file in zip(corpora.items(), queries):
        contexts.read_corpus([s.tokens for s in corpus.sentences], f"{name_corpus(corpus.path)}-{split}", file)
    counted = ", ".join(f"{count} {reason}" for reason, count in contexts.left_out.items() if count)
    found = f"at most {config.retrieved_passages} passages and {config.retrieved_tokens} tokens of {place.value}"
    print(f"retrieved: {found} for each sentence; passages left out: {counted or 'none'}", flush=True)
    return contexts


def _collect_options(fold: int, trained: ModelDescription | None, contexts: Contexts | None) -> SessionOptions:
    """Return what the flags say about the files of one run.

    Args:
      fold: the number of the fold, or 0 for no cross-validation.
      trained: the trained model whose weights training starts from, or None.
      contexts: finds the contexts of sentences, or None.
    """
    directory = str(pathlib.Path(FLAGS.model_dir, f"fold{fold}")) if fold else FLAGS.model_dir
    recorded = {name: FLAGS[name].value for name in RECORDED_FLAGS if FLAGS[name].value is not None}
    if fold:
        recorded |= {"fold": fold}
    return SessionOptions(
        directory,
        FLAGS.results_dir,
        f"{FLAGS.result_name}-fold{fold}" if fold and FLAGS.result_name else FLAGS.result_name,
        FLAGS.word_vectors,
        FLAGS.kept_word_vectors,
        FLAGS.features,
        FLAGS.format,
        FLAGS.tokenizer or "auto",
        recorded,
        FLAGS.strict_labels,
        trained,
        read_batches(FLAGS.profile_batches),
        FLAGS.checkpoint_steps,
        contexts,
        1 if FLAGS.deterministic else count_threads(),
    )


@contextlib.contextmanager
def _open_devices(config: Config, cluster: Cluster | None) -> Iterator[OneDevice]:
    """Import TensorFlow, and give the devices that the flags name."""
    if FLAGS.deterministic:
        with quiet_import():
            use_one_thread()
    devices = _connect(cluster)
    import_tensorflow(compiles=config.xla)  # only now, as it compiles something
    with devices.naming_losses():
        yield devices


@functools.cache
def _connect(cluster: Cluster | None) -> OneDevice:
    """Wait for the other processes, and connect TensorFlow to them, once for all folds."""
    import_tensorflow()
    if cluster:
        import tensorflow as tf

        gpus = len(tf.config.list_physical_devices("GPU"))  # the same number in all, as batches are divided by it
        wait_for_all(dataclasses.replace(cluster, settings=f"{cluster.settings}, {gpus} GPUs"))
    from cman_tf.training.strategies import open_devices

    return open_devices(FLAGS.strategy, FLAGS.replicas, cluster)


@contextlib.contextmanager
def _saying_how_to_go_on() -> Iterator[None]:
    """Let a signal before the first batch or after the last one say what to do, as training does between them."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if stop.args in ((), (STOPPED,)):
            stop.args = ("stopped before or after the epochs; run the same command again to go on",)
        raise


def format_folds(results: Mapping[int, Any]) -> str:
    """Format the scores of a cross-validation: a line for each fold, their mean and their deviation."""
    rows: list[list[str]] = []
    scores = []
    for fold, result in results.items():
        micro = result["test"]["strict"]["micro"]
        scores.append([micro[task]["f1"] for task in TASKS])
        rows.append([f"fold {fold}", *(f"{score:.2f}" for score in scores[-1])])
    for name, measure in (("mean", statistics.mean), ("standard deviation", statistics.stdev)):
        rows.append([name, *(f"{measure(column):.2f}" for column in zip(*scores))])
    return format_table(["strict micro F1", *TASKS], rows)


COMMAND = Command("train", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
