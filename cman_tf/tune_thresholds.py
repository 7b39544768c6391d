"""Choose a model's thresholds and calibrate its scores on dev data.

    cman-tf tune-thresholds --model_dir=runs/conll04 --data=dev
    cman-tf tune-thresholds --model_dir=runs/conll04 --data=mydata/dev.json --html=thresholds.html
    cman-tf predict --model_dir=runs/conll04 --thresholds=tuned --input=text.txt

Prints precision, recall and F1 with and without the chosen thresholds, by relation type and for entities, and how well
the scores agree with what is right. Stores the thresholds with the model. predict, evaluate and cman_tf.load use them
only with thresholds=tuned.
"""

from __future__ import annotations

import json
import os
import sys

from absl import flags

from cman_tf.command_line import constraint_flags, model_place_flags, reading_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.core_shares import share_cores
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.model_flags import define_checkpoint
from cman_tf.command_line.output_flags import define_overwrite, validate_files
from cman_tf.command_line.quiet import import_tensorflow
from cman_tf.command_line.recorded_data import read_recorded_dev
from cman_tf.data.bucketing import BATCH_TOKENS
from cman_tf.data.corpus import Corpus
from cman_tf.errors import DataError
from cman_tf.inference.constraints import DecodingOptions
from cman_tf.inference.description import ModelDescription, read_description
from cman_tf.inference.tuned import FILE, name_checkpoint, save_tuned
from cman_tf.pretrained import is_shipped
from cman_tf.tuning.page import render_thresholds
from cman_tf.tuning.tables import format_tuning
from cman_tf.tuning.tune import FEWEST, tune

FLAGS = flags.FLAGS
_DEV = "dev"


def define_flags() -> None:
    """Define the flags of this command."""
    with flag_group("Model"):
        flags.DEFINE_string("model_dir", None, "`Directory` of a run of cman-tf train.", required=True)
        define_checkpoint()
        flags.DEFINE_integer(
            "batch_tokens", BATCH_TOKENS, "Tokens a batch, about; less takes less memory.", lower_bound=1
        )
    with flag_group("Data"):
        flags.DEFINE_string(
            "data", _DEV, "`File` that the model was not trained on; dev: the dev data of the model's own training."
        )
        flags.DEFINE_integer(
            "fewest",
            FEWEST,
            "Relation types with fewer gold relations in the data keep the default threshold.",
            lower_bound=0,
        )
    reading_flags.define_flags()
    constraint_flags.define_flags()
    model_place_flags.define_flags(images=True)
    with flag_group("Output"):
        flags.DEFINE_string("json", None, "Also write all numbers to this `file`.")
        flags.DEFINE_string("html", None, "Also write the curves to this `file`, as a web page.")
        define_overwrite(f"Replace files that exist, the model's {FILE}, too.")


def main(arguments: list[str]) -> None:
    """Choose, store and show the thresholds."""
    del arguments
    description = read_description(FLAGS.model_dir, FLAGS.checkpoint, model_place_flags.given())
    _validate(description)
    constraints = constraint_flags.given(description)
    corpus = _read(description)
    description = description.evaluating([corpus])

    import_tensorflow()
    share_cores()
    from cman_tf.inference.loading import load_described
    from cman_tf.inference.predictor import Predictor

    vocabulary = description.vocabulary
    predictor = Predictor(load_described(description).model, vocabulary, marginals=True)
    outputs = predictor.outputs(corpus.sentences, FLAGS.batch_tokens, DecodingOptions(all_scores=True))
    tuned, report = tune(
        corpus.sentences, outputs, vocabulary.relations, vocabulary.labels(), constraints, FLAGS.fewest
    )
    data = {"file": os.path.basename(corpus.path), "sha256": corpus.sha256, "sentences": len(corpus.sentences)}
    source = {
        "model_dir": FLAGS.model_dir,
        "checkpoint": name_checkpoint(description.checkpoint),
        "data": data,
        "constrain_types": FLAGS.constrain_types,
        "symmetric_relations": sorted(constraints["symmetric"]),
    }
    report = {"source": source, **report}
    files: dict[str, str] = {}
    if FLAGS.json:
        files[FLAGS.json] = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
    if FLAGS.html:
        files[FLAGS.html] = render_thresholds(report)
    path = save_tuned(description, tuned, data, files)
    print(f"{format_tuning(report)}\n\nstored in {path}; --thresholds=tuned uses them", flush=True)


def _validate(description: ModelDescription) -> None:
    """Check the outputs, before anything is read.

    Raises:
      DataError: if a file would be replaced unasked.
    """
    stored = str(description.directory / FILE)
    validate_own(description)
    validate_files(FLAGS.json, FLAGS.html, stored, inputs=(FLAGS.data,))


def validate_own(description: ModelDescription) -> None:
    """Check that a file can be stored with a model.

    Raises:
      DataError: if the model belongs to the package, or if its directory cannot be written.
    """
    directory = description.directory
    if is_shipped(directory):
        raise DataError(
            f"{directory.name}: belongs to the package, expected a model of yours; make a copy with cman-tf pack "
            f"--model_dir={directory.name} --output=my_model"
        )
    if not os.access(directory, os.W_OK):
        raise DataError(f"{directory}: cannot be written, expected a model with which thresholds can be stored")


def _read(description: ModelDescription) -> Corpus:
    """Read the annotated data.

    Raises:
      DataError: if it cannot be read, or if it has no entities.
    """
    with reading_flags.open_reader(description.tokenizer) as reader:
        if FLAGS.data == _DEV and description.experts:
            raise DataError(f"{description.directory}: a mixture, which does not know its dev data; give --data=FILE")
        if FLAGS.data == _DEV:  # a file or folder of this name is ./dev
            corpus = read_recorded_dev(description.directory, description.config, reader.problems)
        else:
            corpus = reader.read(FLAGS.data)
    reader.report()
    if not any(sentence.entities for sentence in corpus.sentences):
        raise DataError(f"{corpus.path}: no entities, expected annotated data to choose thresholds on")
    for line in description.vocabulary.describe_unknown(corpus.sentences, corpus.path, False):
        print(line, file=sys.stderr)
    return corpus


COMMAND = Command("tune-thresholds", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
