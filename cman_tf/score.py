"""Score a prediction file against a gold file.

    cman-tf score --gold=data/conll04_spert/conll04_test.json --predictions=predictions.json

The predictions may be those of any system, in any format that cman-tf reads. No model and no TensorFlow is needed.
"""

from __future__ import annotations

import json

from absl import flags

from cman_tf.command_line import reading_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.output_flags import define_overwrite, validate_files
from cman_tf.data.overlaps import count_overlaps
from cman_tf.runs.files import write_atomically
from cman_tf.scoring.bootstrap import paired_bootstrap
from cman_tf.scoring.score import label_set, score_sentences
from cman_tf.scoring.tables import bootstrap_table, score_table

FLAGS = flags.FLAGS


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Data"):
        flags.DEFINE_string("gold", None, "`File` with the gold entities and relations.", required=True)
        flags.DEFINE_string(
            "predictions", None, "`File` with the predicted ones, for the same sentences.", required=True
        )
        flags.DEFINE_string(
            "compare_with",
            None,
            "`File` with another system's predictions for the same sentences; compared by a paired bootstrap.",
        )
        flags.DEFINE_list(
            "labels_of",
            [],
            "Files, such as the training data's, whose types with the gold file's make up the label set that macro "
            "averages are over; none: the types seen in the gold file and the predictions.",
        )
    reading_flags.define_flags()
    with flag_group("Output"):
        flags.DEFINE_string("json", None, "Also write the scores to this `file`.")
        define_overwrite()


def main(arguments: list[str]) -> None:
    del arguments
    validate_files(FLAGS.json, inputs=(FLAGS.gold, FLAGS.predictions, FLAGS.compare_with))
    with reading_flags.open_reader() as reader:
        gold = reader.read(FLAGS.gold)
        predictions = reader.read(FLAGS.predictions, predictions=True)
        other = reader.read(FLAGS.compare_with, predictions=True) if FLAGS.compare_with else None
        others = [reader.read(path) for path in FLAGS.labels_of]
    reader.report()
    sentences = [sentence for corpus in (gold, *others) for sentence in corpus.sentences]
    scores = score_sentences(gold.sentences, predictions.sentences, label_set(sentences) if others else None)
    shown = [score_table(scores)]
    overlaps = count_overlaps(gold.sentences)
    if overlaps.untagged:
        shown.append(overlaps.describe_recall())
    origin = {"gold": gold.summary(), "predictions": predictions.summary()}
    if other:
        differences = paired_bootstrap(gold.sentences, predictions.sentences, other.sentences)
        shown.append(bootstrap_table(differences))
        origin["compare_with"] = other.summary()
        scores["bootstrap"] = {task: difference._asdict() for task, difference in differences.items()}
    if FLAGS.json:
        write_atomically(FLAGS.json, json.dumps({**scores, "source": origin}, indent=1, ensure_ascii=False) + "\n")
    print("\n\n".join(shown))  # after the file: a reader such as head ends the program when it has seen enough


COMMAND = Command("score", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
