"""Score a prediction file against a gold file.

    cman-tf score --gold=data/conll04_spert/conll04_test.json --predictions=predictions.json

The predictions may be those of any system, in any format that cman-tf reads. No model and no TensorFlow is needed.
"""

from __future__ import annotations

import json

from absl import flags

from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.sample_corpus import find_sample
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.formats.registry import FORMATS
from cman_tf.runs.files import validate_distinct, write_atomically
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
        flags.DEFINE_enum("format", "auto", FORMATS, "Format of the files; auto: by content.")
        flags.DEFINE_list(
            "labels_of",
            [],
            "Files, such as the training data's, whose types with the gold file's make up the label set that macro "
            "averages are over; none: the types seen in the gold file and the predictions.",
        )
    with flag_group("Output"):
        flags.DEFINE_string("json", None, "Also write the scores to this `file`.")


def main(arguments: list[str]) -> None:
    del arguments
    validate_distinct(FLAGS.json, FLAGS.gold, FLAGS.predictions, FLAGS.compare_with)
    gold = read_corpus(find_sample(FLAGS.gold), FLAGS.format)
    predictions = read_corpus(find_sample(FLAGS.predictions), FLAGS.format, predictions=True)
    labels = None
    if FLAGS.labels_of:
        others = [read_corpus(find_sample(path), FLAGS.format) for path in FLAGS.labels_of]
        labels = label_set([sentence for corpus in (gold, *others) for sentence in corpus.sentences])
    scores = score_sentences(gold.sentences, predictions.sentences, labels)
    shown = [score_table(scores)]
    origin = {"gold": gold.summary(), "predictions": predictions.summary()}
    if FLAGS.compare_with:
        other = read_corpus(find_sample(FLAGS.compare_with), FLAGS.format, predictions=True)
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
