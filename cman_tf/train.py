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
import statistics
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from absl import flags

from cman_tf.command_line import config_flags, corpus_flags, encoder_flags, recipe, retrieval_flags
from cman_tf.command_line.command import Command, report_errors
from cman_tf.command_line.console import show_progress
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.quiet import import_tensorflow, quiet_import
from cman_tf.command_line.signals import STOPPED
from cman_tf.command_line.training_inputs import TrainingInputs, collect_options, read_inputs, retrieve_passages
from cman_tf.config import Config
from cman_tf.data.corpus import Corpus
from cman_tf.experiments.overview import format_beside_paper
from cman_tf.experiments.result_files import Result
from cman_tf.runs.run_directory import exclusive_run
from cman_tf.scoring.score import TASKS
from cman_tf.scoring.tables import format_table, score_table
from cman_tf.training.cluster import STRATEGIES, Cluster
from cman_tf.training.rendezvous import wait_for_all
from cman_tf.training.session import open_session, validate_inputs
from cman_tf.training.threads import use_one_thread

if TYPE_CHECKING:
    from cman_tf.training.devices import OneDevice

FLAGS = flags.FLAGS


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


def main(arguments: list[str]) -> None:
    """Read the corpora and train one model, or one for each fold."""
    del arguments
    inputs = read_inputs()
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
        inputs = read_inputs()
        for fold in inputs.folds:
            validate_inputs(inputs.config, inputs.source, collect_options(fold, inputs.trained, None))

    report_errors(validate_run)(None)


def _train(inputs: TrainingInputs, corpora: dict[str, Corpus], fold: int) -> Result | None:
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
    options = collect_options(fold, inputs.trained, retrieve_passages(inputs, corpora))
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
