"""Score a prediction file against a gold file; needs no model and no TensorFlow.

python -m cman_tf.score --gold=FILE --predictions=FILE --json=OUT
"""

from __future__ import annotations

import json

from absl import flags

from cman_tf.command_line.config_flags import run
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.formats.registry import FORMATS
from cman_tf.runs.files import validate_distinct, write_atomically
from cman_tf.scoring.score import label_set, score_sentences
from cman_tf.scoring.tables import score_table

FLAGS = flags.FLAGS


def main(arguments: list[str]) -> None:
    del arguments
    validate_distinct(FLAGS.json, FLAGS.gold, FLAGS.predictions)
    gold = read_corpus(FLAGS.gold, FLAGS.format)
    predictions = read_corpus(FLAGS.predictions, FLAGS.format, predictions=True)
    labels = None
    if FLAGS.labels_of:
        others = [read_corpus(path, FLAGS.format) for path in FLAGS.labels_of]
        labels = label_set([sentence for corpus in (gold, *others) for sentence in corpus.sentences])
    scores = score_sentences(gold.sentences, predictions.sentences, labels)
    print(score_table(scores))
    if FLAGS.json:
        origin = {"gold": gold.summary(), "predictions": predictions.summary()}
        write_atomically(FLAGS.json, json.dumps({**scores, "source": origin}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    flags.DEFINE_string("gold", None, "File with the gold entities and relations.", required=True)
    flags.DEFINE_string("predictions", None, "File with the predicted ones, for the same sentences.", required=True)
    flags.DEFINE_enum("format", "auto", FORMATS, "Format of both files; auto: by content.")
    flags.DEFINE_list(
        "labels_of",
        [],
        "Files, such as the training data's, whose types with the gold file's make up the label set that macro "
        "averages are over; none: the types seen in the gold file and the predictions.",
    )
    flags.DEFINE_string("json", None, "Also write the scores to this file.")
    run(main)
