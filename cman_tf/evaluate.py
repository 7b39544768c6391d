"""Score a trained model on a file.

    cman-tf evaluate --model_dir=runs/conll04 --data=data/conll04_spert/conll04_test.json

Prints strict, boundaries and relaxed scores, by type and averaged. --json and --predictions also write them and the
predictions to files.
"""

from __future__ import annotations

import dataclasses
import json
import sys

from absl import flags

from cman_tf.command_line import constraint_flags, model_place_flags, reading_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.core_shares import share_cores
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.model_flags import define_checkpoint
from cman_tf.command_line.output_flags import define_overwrite, validate_files
from cman_tf.command_line.quiet import import_tensorflow
from cman_tf.data.bucketing import BATCH_TOKENS
from cman_tf.data.overlaps import count_overlaps
from cman_tf.errors import DataError
from cman_tf.formats.spert_json import dump_json
from cman_tf.inference.constraints import DecodingOptions
from cman_tf.inference.description import read_description
from cman_tf.inference.tuned import CHOICES, DEFAULT, THRESHOLDS_HELP, find_tuned
from cman_tf.runs.files import write_together
from cman_tf.scoring.score import score_sentences
from cman_tf.scoring.tables import score_table

FLAGS = flags.FLAGS


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Model"):
        flags.DEFINE_string("model_dir", None, "`Directory` of a run of cman-tf train.", required=True)
        define_checkpoint()
        flags.DEFINE_enum(
            "label_source",
            "predicted",
            ("predicted", "gold"),
            "Labels that the label attention sees: the first CRF's or the file's (IJCAI table 3).",
        )
        flags.DEFINE_enum(
            "relation_candidates",
            None,
            ("entities", "tokens"),
            "Between which tokens relations are predicted; none: as in training. See cman-tf train.",
        )
        flags.DEFINE_integer(
            "batch_tokens", BATCH_TOKENS, "Tokens a batch, about; less takes less memory.", lower_bound=1
        )
    with flag_group("Data"):
        flags.DEFINE_string("data", None, "`File` to score on.", required=True)
        flags.DEFINE_bool("strict_labels", False, "Refuse data with types that the model does not know.")
    reading_flags.define_flags()
    with flag_group("Relations"):
        flags.DEFINE_enum("thresholds", DEFAULT, CHOICES, f"{THRESHOLDS_HELP.partition('. ')[0]}.")
    constraint_flags.define_flags()
    model_place_flags.define_flags(images=True)
    with flag_group("Output"):
        flags.DEFINE_string("json", None, "Also write the scores to this `file`.")
        flags.DEFINE_string("predictions", None, "Also write the predictions to this `file`, as SpERT JSON.")
        define_overwrite()


def main(arguments: list[str]) -> None:
    del arguments
    validate_files(FLAGS.json, FLAGS.predictions, inputs=(FLAGS.data,))
    description = read_description(FLAGS.model_dir, FLAGS.checkpoint, model_place_flags.given())
    config, vocabulary = description.config, description.vocabulary
    if FLAGS.label_source == "gold" and not (config.label_attention and config.label_size):
        raise DataError(f"--label_source=gold and {FLAGS.model_dir}: its model sees no labels")
    if FLAGS.relation_candidates and description.experts:
        raise DataError(
            f"--relation_candidates and {FLAGS.model_dir}: a mixture always predicts between the last tokens"
        )
    if FLAGS.relation_candidates:
        if config.model == "multihead":
            raise DataError(
                f"--relation_candidates and {FLAGS.model_dir}: multihead always predicts between all tokens"
            )
        config = dataclasses.replace(config, relation_candidates=FLAGS.relation_candidates)
        description = description._replace(config=config)
    constraints = constraint_flags.given(description)
    tuned = find_tuned(FLAGS.thresholds, description)
    with reading_flags.open_reader(description.tokenizer) as reader:
        corpus = reader.read(FLAGS.data)
    reader.report()
    if not any(sentence.entities for sentence in corpus.sentences):
        raise DataError(
            f"{corpus.path}: no entities, so there is nothing to score; cman-tf predict needs no annotations"
        )
    for line in vocabulary.describe_unknown(corpus.sentences, corpus.path, FLAGS.strict_labels):
        print(line, file=sys.stderr)

    description = description.evaluating([corpus])

    import_tensorflow()
    share_cores()
    from cman_tf.inference.loading import load_described
    from cman_tf.inference.predictor import Predictor

    model = load_described(description).model
    predictor = Predictor(model, vocabulary, gold_labels=FLAGS.label_source == "gold", marginals=tuned is not None)
    options = DecodingOptions(**constraints, **(tuned.decoding_options() if tuned else {}))
    predicted = [p.sentence for p in predictor.predict(corpus.sentences, FLAGS.batch_tokens, options)]
    scores = score_sentences(corpus.sentences, predicted, vocabulary.labels())
    # Files come first: a reader of the output that has seen enough, such as head, ends the program.
    outputs: dict[str, str] = {}
    if FLAGS.json:
        origin = {"model_dir": FLAGS.model_dir, "label_source": FLAGS.label_source}
        if constraints["signatures"] is not None:
            origin["constrain_types"] = FLAGS.constrain_types
        if constraints["symmetric"]:
            origin["symmetric_relations"] = sorted(constraints["symmetric"])
        if tuned:
            origin["thresholds"] = FLAGS.thresholds
        origin |= {"relation_candidates": config.relation_candidates, "corpus": corpus.summary()}
        outputs[FLAGS.json] = json.dumps({**scores, "source": origin}, indent=1, ensure_ascii=False) + "\n"
    if FLAGS.predictions:
        outputs[FLAGS.predictions] = dump_json(predicted)
    write_together(outputs)
    print(score_table(scores))
    overlaps = count_overlaps(corpus.sentences)
    if overlaps.untagged:
        print(overlaps.describe_recall())


COMMAND = Command("evaluate", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
