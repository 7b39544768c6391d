"""Mix the predictions of several trained models (MoRe's mixture of experts).

    cman-tf mixture --experts=runs/words,runs/minilm --model_dir=runs/mixture
    cman-tf mixture --experts=runs/a,runs/b --data=held_out.json --test=test.json --model_dir=runs/mixture

A gate learns for each token, and for each pair of tokens, how much to trust each model. It is fitted on data that no
model was trained on: the dev data of the first one, or --data. Prints the scores of the models, of their plain average
and of the mixture. The directory is a model like any other: for evaluate, predict, serve, export and cman_tf.load.
"""

from __future__ import annotations

import json
import pathlib
import sys

from absl import flags

from cman_tf.command_line import model_place_flags, reading_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.core_shares import share_cores
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.output_flags import define_overwrite, validate_files
from cman_tf.command_line.quiet import import_tensorflow
from cman_tf.command_line.recorded_data import read_recorded_dev
from cman_tf.command_line.trained_on import validate_not_trained_on
from cman_tf.config import MIXTURE_DECODINGS
from cman_tf.data.bucketing import BATCH_TOKENS
from cman_tf.data.corpus import Corpus
from cman_tf.errors import DataError, count_things
from cman_tf.inference.description import ModelDescription, read_description
from cman_tf.inference.mixture_files import MOST, share_flags, validate_experts
from cman_tf.pretrained import find_model
from cman_tf.runs.files import file_lock, validate_new_directory, write_atomically

FLAGS = flags.FLAGS
_DEV = "dev"


def define_flags() -> None:
    """Define the flags of this command."""
    with flag_group("Models"):
        flags.DEFINE_list("experts", None, "`Directories` of trained models, between commas.", required=True)
        flags.DEFINE_string("model_dir", None, "`Directory` of the mixture; it must not exist.", required=True)
        flags.DEFINE_enum(
            "decoding",
            "viterbi",
            MIXTURE_DECODINGS,
            "viterbi: the best sequence of tags in which an inside tag follows its own type; argmax: the most probable "
            "tag of each token.",
        )
        flags.DEFINE_enum(
            "gate", "fitted", ("fitted", "uniform"), "fitted: on the data below; uniform: all models count alike."
        )
        flags.DEFINE_integer("folds", 5, "Parts of the data, of which one at a time is held out.", lower_bound=2)
        flags.DEFINE_integer(
            "batch_tokens", BATCH_TOKENS, "Tokens a batch, about; less takes less memory.", lower_bound=1
        )
    with flag_group("Data"):
        flags.DEFINE_string(
            "data", _DEV, "`File` that no model was trained on; dev: the dev data of the first model's training."
        )
        flags.DEFINE_string("test", None, "`File` to score on, too; none: only the data above.")
    reading_flags.define_flags()
    model_place_flags.define_flags(images=True)
    with flag_group("Output"):
        flags.DEFINE_string("json", None, "Also write report.json to this `file`.")
        define_overwrite("Replace the file of --json.")


def main(arguments: list[str]) -> None:
    """Make the mixture, and show its scores."""
    del arguments
    validate_new_directory(FLAGS.model_dir)
    validate_files(FLAGS.json, inputs=(FLAGS.test, FLAGS.data if FLAGS.data != _DEV else None))
    if not 2 <= len(FLAGS.experts) <= MOST:
        raise DataError(f"--experts: {count_things(len(FLAGS.experts), 'model')}, expected 2 to {MOST}")
    experts = _read_experts(FLAGS.experts)
    validate_experts(experts)
    for expert in experts:
        for output in filter(None, (FLAGS.model_dir, FLAGS.json)):
            if expert.directory.resolve() in pathlib.Path(output).resolve().parents:
                raise DataError(f"{output}: within the expert {expert.directory}, expected a place of its own")
    dev, test = _read(experts)
    notes = validate_not_trained_on(experts, dev)
    if test:
        notes += validate_not_trained_on(experts, test)
        if [s.tokens for s in test.sentences] == [s.tokens for s in dev.sentences]:
            raise DataError(f"{test.path}: the sentences that the gates are fitted on, expected others for --test")
    for note in notes:
        print(note, file=sys.stderr)

    import_tensorflow()
    share_cores()
    from cman_tf.mixing.make_mixture import make_mixture
    from cman_tf.mixing.scores import format_report

    experts = [expert.evaluating([dev, *([test] if test else [])]) for expert in experts]
    report = make_mixture(
        experts, dev, test, FLAGS.model_dir, FLAGS.decoding, FLAGS.gate == "fitted", FLAGS.folds, FLAGS.batch_tokens
    )
    if FLAGS.json:
        write_atomically(FLAGS.json, json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    print(f"\n{format_report(report)}\n\n{FLAGS.model_dir}: the mixture", flush=True)


def _read_experts(names: list[str]) -> list[ModelDescription]:
    """Read the models. The flags about encoders and passages are for those that need them."""
    folders = [pathlib.Path(find_model(name)) for name in names]
    for number, folder in enumerate(folders):
        for before in folders[:number]:
            if folder.resolve() == before.resolve():
                raise DataError(f"--experts: {before} and {folder} are the same model, expected different ones")
        _validate_finished(folder)
    shared = share_flags(folders, model_place_flags.given())
    return [read_description(name, "best", own) for name, own in zip(names, shared)]


def _validate_finished(folder: pathlib.Path) -> None:
    """Raise DataError if a model is being trained: it would change before it is copied."""
    if not folder.is_dir():
        return
    try:
        with file_lock(folder):
            pass
    except BlockingIOError:
        raise DataError(f"{folder}: is being trained, expected a finished run") from None


def _read(experts: list[ModelDescription]) -> tuple[Corpus, Corpus | None]:
    """Read the annotated data.

    Raises:
      DataError: if it cannot be read, or if it has no entities.
    """
    first = experts[0]
    with reading_flags.open_reader(first.tokenizer) as reader:
        if FLAGS.data == _DEV:
            dev = read_recorded_dev(first.directory, first.config, reader.problems)
        else:
            dev = reader.read(FLAGS.data)
        test = reader.read(FLAGS.test) if FLAGS.test else None
    reader.report()
    for corpus in filter(None, (dev, test)):
        if not any(sentence.entities for sentence in corpus.sentences):
            raise DataError(f"{corpus.path}: no entities, expected annotated data")
    if len(dev.sentences) < FLAGS.folds:
        raise DataError(f"{dev.path}: {len(dev.sentences)} sentences, expected at least --folds={FLAGS.folds}")
    return dev, test


COMMAND = Command("mixture", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
