"""Show sentences in one web page, with what was found, missed and wrongly found.

    cman-tf visualize --gold=data/conll04_spert/conll04_test.json --predictions=predictions.json --html=errors.html
    cman-tf visualize --predictions=predictions.json --html=predictions.html

The page needs no network. It draws each sentence with its entities in colours and its relations as arcs. It has
filters by type and kind of error, a search, and confusion matrices. Without --gold, or without --predictions, it shows
the other file alone. No model and no TensorFlow is needed.
"""

from __future__ import annotations

import pathlib

from absl import flags

from cman_tf.command_line import reading_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.errors import DataError
from cman_tf.runs.files import validate_distinct, validate_new, validate_outputs, write_atomically
from cman_tf.scoring.conventions import DESCRIPTIONS
from cman_tf.visualizing.page import make_page

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the flags of this command."""
    with flag_group("Data"):
        flags.DEFINE_string("gold", None, "`File` with the gold entities and relations.")
        flags.DEFINE_string("predictions", None, "`File` with the predicted ones, for the same sentences.")
        flags.DEFINE_enum("convention", "strict", tuple(DESCRIPTIONS), "What counts as a hit.")
    reading_flags.define_flags()
    with flag_group("Output"):
        flags.DEFINE_string("html", None, "The web page to write: a `file`.", required=True)
        flags.DEFINE_bool("overwrite", False, "Replace the page if it exists.")


def main(arguments: list[str]) -> None:
    """Write the page."""
    del arguments
    if not FLAGS.gold and not FLAGS.predictions:
        raise DataError("visualize: expected --gold, --predictions, or both")
    validate_outputs(FLAGS.html, FLAGS.problems)
    validate_distinct(FLAGS.html, FLAGS.gold, FLAGS.predictions)
    validate_new(FLAGS.html, FLAGS.overwrite)
    with reading_flags.open_reader() as reader:
        gold = reader.read(FLAGS.gold).sentences if FLAGS.gold else None
        predictions = reader.read(FLAGS.predictions, predictions=True).sentences if FLAGS.predictions else None
    reader.report()
    title = pathlib.Path(FLAGS.predictions or FLAGS.gold).name
    page = make_page(gold, predictions, title, FLAGS.convention)
    write_atomically(FLAGS.html, page.html)
    print(f"{FLAGS.html}: {page.describe()}")


COMMAND = Command("visualize", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
