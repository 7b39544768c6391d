"""Make an index of passages, from which related text is retrieved.

    cman-tf index articles.txt indexes/articles
    cman-tf index passages.jsonl indexes/passages
    cman-tf index data/conll04_spert/conll04_train.json indexes/conll04

The corpus is text (paragraphs between blank lines, or a paragraph a line), a folder of .txt files, JSON lines with
"text" or "tokens", or annotated data of any format. Calling the command again makes the index again if the corpus
changed, and leaves it as it is otherwise. An index of another corpus is replaced only with --overwrite. Needs
pip install 'cman-tf[retrieval]'.
"""

from __future__ import annotations

import sys

from absl import flags

from cman_tf.command_line.command import Command
from cman_tf.command_line.console import count_progress
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.output_flags import define_overwrite
from cman_tf.command_line.reading_flags import print_problems
from cman_tf.command_line.sample_corpus import find_sample
from cman_tf.data.problems import Problems
from cman_tf.errors import DataError, count_things
from cman_tf.retrieving.corpus_reading import FORMATS
from cman_tf.retrieving.making import KEPT, make_index

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the flags of this command."""
    with flag_group("Reading"):
        flags.DEFINE_enum("format", "auto", FORMATS, "Format of the corpus; auto: recognised from the content.")
    with flag_group("Output"):
        define_overwrite("Replace the index of another corpus.")


def main(arguments: list[str]) -> None:
    """Make the index."""
    if len(arguments) != 3 or not all(arguments):
        raise DataError("expected a corpus and a directory: cman-tf index CORPUS INDEX")
    corpus, index = find_sample(arguments[1]), arguments[2]
    problems = Problems()
    with count_progress("passages") as advance:
        manifest, outcome = make_index(
            corpus,
            index,
            FLAGS.format,
            problems,
            advance,
            lambda: print(f"{index}: another process makes it, waiting", file=sys.stderr, flush=True),
            FLAGS.overwrite,
        )
    print_problems(problems)
    if outcome == KEPT:
        outcome = "left as it is, the corpus has not changed"
    counts = ", ".join(count_things(getattr(manifest, f"{name}s"), name) for name in ("passage", "sentence", "word"))
    print(f"{index}: {counts}; {outcome}")


COMMAND = Command("index", __doc__, define_flags, main, arguments="CORPUS INDEX")

if __name__ == "__main__":
    COMMAND.run()
