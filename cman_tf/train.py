"""Train a model and score it on the test data.

    cman-tf train --flagfile=conll04 --data_dir=data/conll04_spert --model_dir=runs/conll04
    cman-tf train --flagfile=sample --data_dir=sample --model_dir=runs/sample

Re-running the command resumes an interrupted run, or prints the table of a finished one. Flag files ship with the
package for each corpus and model; their values can be overridden by flags behind them.
"""

from __future__ import annotations

from typing import cast

from absl import flags

from cman_tf.command_line import config_flags, corpus_flags, encoder_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.console import show_progress
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.quiet import import_tensorflow
from cman_tf.encoders.names import ENCODER_FLAGS
from cman_tf.encoders.source import find_source
from cman_tf.experiments.overview import format_beside_paper
from cman_tf.experiments.result_files import Result
from cman_tf.runs.run_directory import exclusive_run
from cman_tf.scoring.tables import score_table
from cman_tf.training.session import SessionOptions, open_session, validate_inputs

FLAGS = flags.FLAGS
_RECORDED = (  # in flags.txt and the result file, beside the configuration
    *corpus_flags.NAMES,
    "word_vectors",
    "kept_word_vectors",
    "tokenizer",
    *ENCODER_FLAGS,
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
    config_flags.define_config_flags()


def main(arguments: list[str]) -> None:
    del arguments
    config = config_flags.config_from_flags()
    config.validate_supported()
    corpora = corpus_flags.read_corpora(config)
    for split, corpus in corpora.items():
        print(f"{split}: {corpus.describe()}", flush=True)
    recorded = {name: FLAGS[name].value for name in _RECORDED if FLAGS[name].value is not None}
    options = SessionOptions(
        FLAGS.model_dir,
        FLAGS.results_dir,
        FLAGS.result_name,
        FLAGS.word_vectors,
        FLAGS.kept_word_vectors,
        FLAGS.features,
        FLAGS.format,
        FLAGS.tokenizer or "auto",
        recorded,
    )
    source = find_source(encoder_flags.given())
    validate_inputs(config, source, options)
    with exclusive_run(FLAGS.model_dir), show_progress() as progress:
        session = open_session(config, corpora, source, options, progress)
        if not session.is_finished:
            import_tensorflow(compiles=config.xla)
            session.train()
        path = session.write_result()
    beside_paper = format_beside_paper(cast(Result, session.result))
    print(f"\n{score_table(session.result['test'])}\n\n{beside_paper}\n\nresult file: {path}")


COMMAND = Command("train", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
