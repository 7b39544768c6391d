"""Score a prediction file against a gold file; needs no model and no TensorFlow.

python -m cman_tf.score --gold=FILE --predictions=FILE --json=OUT
"""

from __future__ import annotations

import json

from absl import flags

from cman_tf.data.corpus import FORMATS, read_corpus
from cman_tf.files import write_atomically
from cman_tf.flags import run
from cman_tf.scoring.strict import score
from cman_tf.scoring.tables import score_table

FLAGS = flags.FLAGS


def main(arguments: list[str]) -> None:
    del arguments
    gold = read_corpus(FLAGS.gold, FLAGS.format)
    predictions = read_corpus(FLAGS.predictions, FLAGS.format)
    scores = score(gold.sentences, predictions.sentences)
    print(score_table(scores))
    if FLAGS.json:
        write_atomically(FLAGS.json, json.dumps(scores, indent=1) + "\n")


if __name__ == "__main__":
    flags.DEFINE_string("gold", None, "File with the gold entities and relations.", required=True)
    flags.DEFINE_string("predictions", None, "File with the predicted ones, for the same sentences.", required=True)
    flags.DEFINE_enum("format", "auto", FORMATS, "Format of both files; auto: by content.")
    flags.DEFINE_string("json", None, "Also write the scores to this file.")
    run(main)
