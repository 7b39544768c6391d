"""Train a model and score it on the test data.

    cman-tf train --flagfile=conll04 --data_dir=data/conll04_spert --model_dir=runs/conll04
    cman-tf train --flagfile=sample --data_dir=sample --model_dir=runs/sample

Re-running the command resumes an interrupted run, or prints the table of a finished one. Flag files ship with the
package for each corpus and model; their values can be overridden by flags behind them.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

from absl import flags

from cman_tf.command_line import config_flags, corpus_flags, encoder_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.quiet import import_tensorflow, silence_first_compilation
from cman_tf.config import Config
from cman_tf.data.corpus import SPLITS, Corpus, name_corpus
from cman_tf.data.splits import merged
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.data.word_vectors import forms, read_word_vectors
from cman_tf.encoders import source
from cman_tf.errors import DataError
from cman_tf.runs import provenance
from cman_tf.runs.files import read_json, write_atomically
from cman_tf.runs.run_directory import epochs_of, exclusive_run, find_run, is_complete, start_run, validate_epochs
from cman_tf.scoring.tables import paper_table, score_table

FLAGS = flags.FLAGS
_RUN_FLAGS = (
    *corpus_flags.NAMES,
    "word_vectors",
    "kept_word_vectors",
    *source.NAMES,
    "features",
    "model_dir",
    "results_dir",
    "result_name",
)


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Run"):
        flags.DEFINE_string("model_dir", None, "`Directory` of the run: made, or resumed.", required=True)
        flags.DEFINE_string("results_dir", None, "`Directory` for the result file; none: results/ in --model_dir.")
        flags.DEFINE_string("result_name", None, "`Name` of the result file; none: CORPUS_MODEL_seedN.")
    corpus_flags.define_flags()
    with flag_group("Data"):
        flags.DEFINE_string(
            "word_vectors",
            None,
            "`File` of word vectors (GloVe or word2vec text, word2vec binary, or gzip); none: trained.",
        )
        flags.DEFINE_integer(
            "kept_word_vectors",
            20000,
            "Number of leading rows of --word_vectors to keep for words that the corpora do not contain.",
            lower_bound=0,
        )
    encoder_flags.define_flags()
    with flag_group("Contextual encoder"):
        flags.DEFINE_string(
            "features",
            None,
            "HDF5 `file` of the encoder's features, made if need be; none: features/CORPUS-ENCODER-HASH.h5.",
        )
    config_flags.define_config_flags()


def make_vocabularies(corpora: dict[str, Corpus], protocol: str) -> dict[str, Vocabulary]:
    """Vocabularies of the training data, and of train and dev where both are trained on;
    dev and test must fit them."""
    vectors = None
    if FLAGS.word_vectors:
        needed = {form for c in corpora.values() for s in c.sentences for token in s.tokens for form in forms(token)}
        vectors = read_word_vectors(FLAGS.word_vectors, needed, FLAGS.kept_word_vectors)
    trained = {"train": corpora["train"]}
    if protocol != "best_dev":
        trained["train_dev"] = merged(corpora["train"], corpora["dev"])
    if protocol == "fixed_epochs":
        del trained["train"]
    vocabularies = {name: Vocabulary.build(corpus.sentences, vectors) for name, corpus in trained.items()}
    for vocabulary in vocabularies.values():
        if not vocabulary.relations:
            raise DataError(f"{corpora['train'].path}: no relations, expected some to train on")
        for split in ("dev", "test"):
            vocabulary.check(corpora[split].sentences, corpora[split].path)
    if vectors:
        covered = ", ".join(f"{split} {vocabulary.coverage(c.sentences):.1f} %" for split, c in corpora.items())
        print(f"word vectors: {len(vectors[0])} kept of size {vectors[1].shape[1]}; tokens covered: {covered}")
    return vocabularies


def result_file(corpora: dict[str, Corpus], config: Config, run_id: str) -> pathlib.Path:
    """Where the result goes.

    Raises:
      DataError: if the result of another run is there.
    """
    folder = pathlib.Path(FLAGS.results_dir or pathlib.Path(FLAGS.model_dir) / "results")
    name = FLAGS.result_name or f"{name_corpus(corpora['train'].path)}_{config.model}_seed{config.seed}"
    path = folder / f"{name}.json"
    if path.exists() and read_json(path, "a result file").get("run") != run_id:
        raise DataError(f"{path}: the result of another run, expected another --results_dir or --result_name")
    return path


def make_features(corpora: dict[str, Corpus], config: Config, encoder: source.Source) -> Any:
    """The encoder's features of all sentences, computed now where they are missing, or the
    encoder itself if it is to be tuned."""
    if config.tune_encoder:
        from cman_tf.encoders.opening import open_tunable

        features, where = open_tunable(encoder), "tuned"
    else:
        from cman_tf.encoders.feature_cache import load_features

        features, path = load_features(corpora.values(), encoder, FLAGS.features)
        where = f"in {path}"
    print(f"features: {encoder}, {features.layers} layers of {features.size}, {where}", flush=True)
    return features


def run(
    config: Config, corpora: dict[str, Corpus], known: dict[str, Any], encoder: source.Source | None
) -> dict[str, Any]:
    """Train, or go on, to the end; the result file's content."""
    vocabularies = make_vocabularies(corpora, config.protocol)
    list(vocabularies.values())[-1].validate_same(FLAGS.model_dir)
    run_flags = {name: FLAGS[name].value for name in _RUN_FLAGS if FLAGS[name].value is not None}
    import_tensorflow()
    if config.xla:
        silence_first_compilation()
    # An encoder that cannot be read is found out before the directory is this run's.
    features = make_features(corpora, config, encoder) if encoder else None
    if features:
        config.validate_mixed_layers(features.layers)
    start_run(FLAGS.model_dir, known, provenance.commit(), run_flags)
    if encoder:
        source.save_source(FLAGS.model_dir, encoder, features.layers, features.size)
    from cman_tf.training.protocols import train_by_protocol

    trainer, extra = train_by_protocol(config, corpora, vocabularies, FLAGS.model_dir, features)
    read = {"word_vectors_sha256": known["word_vectors"], "encoder_fingerprint": known["encoder"]}
    return {"run": known["id"], **read, **trainer.result(run_flags, known["commits"]), **extra}


def finish(
    config: Config, corpora: dict[str, Corpus], encoder: source.Source | None
) -> tuple[dict[str, Any], pathlib.Path]:
    """The run's result, trained for unless it is there, and the file it is written to."""
    fingerprint = encoder.fingerprint if encoder else None
    hashes = {split: corpora[split].sha256 for split in SPLITS}
    known = find_run(FLAGS.model_dir, config, hashes, FLAGS.word_vectors, fingerprint, FLAGS.format)
    path = result_file(corpora, config, known["id"])
    finished = pathlib.Path(FLAGS.model_dir) / "result.json"
    names = ("epochs", "best_epoch", "test")
    result = read_json(finished, "what cman_tf.train wrote", *names) if finished.exists() else {}
    if result:
        validate_epochs(FLAGS.model_dir, *epochs_of(result), config)
    if not result or not is_complete(result, config):
        before, result = result, run(config, corpora, known, encoder)
        if before:  # it went on with more epochs or patience: how often test was scored stays visible
            micro = before["test"]["strict"]["micro"]
            now = {"epochs": before["epochs"], "best_epoch": before["best_epoch"], "test": micro}
            result["scored_before"] = [*before.get("scored_before", []), now]
        write_atomically(finished, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    result_file(corpora, config, known["id"])  # nor one that another run wrote in the meantime
    write_atomically(path, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return result, path


def main(arguments: list[str]) -> None:
    del arguments
    config = config_flags.config_from_flags()
    config.validate_supported()
    corpora = corpus_flags.read_corpora(config)
    for split, corpus in corpora.items():
        print(f"{split}: {json.dumps(corpus.summary(), ensure_ascii=False)}", flush=True)
    encoder = source.find_source(encoder_flags.given())
    if FLAGS.features and encoder is None:
        raise DataError("--features and no encoder, expected --encoder, --elmo or --elmo_options and --elmo_weights")
    if config.tune_word_vectors and not FLAGS.word_vectors:
        raise DataError(
            "--tune_word_vectors and no --word_vectors, expected a file: without one they are trained anyway"
        )
    if encoder is None and (config.mixed_layers, config.mix_scale) != ("all", 1.0):
        raise DataError(
            "--mixed_layers or --mix_scale and no encoder, expected --encoder, --elmo, or --elmo_options and "
            "--elmo_weights"
        )
    if config.tune_encoder:
        source.validate_tunable(encoder)
        if FLAGS.features:
            raise DataError("--features and --tune_encoder, expected one of them: a tuned encoder keeps none")
    with exclusive_run(FLAGS.model_dir):
        result, path = finish(config, corpora, encoder)
    print(f"\n{score_table(result['test'])}\n\n{paper_table(result)}\n\nresult file: {path}")


COMMAND = Command("train", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
