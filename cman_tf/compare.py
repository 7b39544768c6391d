"""Compare two prediction files: what A finds and B misses, and the reverse.

    cman-tf compare a.json b.json --gold=data/conll04_spert/conll04_test.json
    cman-tf compare a.json b.json --gold=data/conll04_spert/conll04_test.json --html=differences.html

Prints F1 of both, their difference with its 95 % interval by a paired bootstrap, and for each type how many gold items
both find, only A, only B and neither. The predictions may be those of any systems, in any format that cman-tf reads. No
model and no TensorFlow is needed.
"""

from __future__ import annotations

import json
import pathlib

from absl import flags

from cman_tf.command_line import reading_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.output_flags import define_overwrite, validate_files
from cman_tf.comparing.comparison import compare_predictions
from cman_tf.comparing.page import render_comparison
from cman_tf.comparing.tables import format_comparison
from cman_tf.errors import DataError
from cman_tf.runs.files import write_together
from cman_tf.scoring.conventions import DESCRIPTIONS

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the flags of this command."""
    with flag_group("Data"):
        flags.DEFINE_string("gold", None, "`File` with the gold entities and relations.", required=True)
        flags.DEFINE_enum("convention", "strict", tuple(DESCRIPTIONS), "What counts as a hit.")
    reading_flags.define_flags()
    with flag_group("Output"):
        flags.DEFINE_string("json", None, "Also write the comparison to this `file`.")
        flags.DEFINE_string("html", None, "Also write it to this `file`, as a web page with the sentences that differ.")
        define_overwrite()


def main(arguments: list[str]) -> None:
    """Compare the files."""
    if len(arguments) != 3:
        raise DataError(f"{len(arguments) - 1} arguments, expected two: cman-tf compare A B --gold=GOLD")
    validate_files(FLAGS.html, FLAGS.json, inputs=(FLAGS.gold, *arguments[1:]))
    with reading_flags.open_reader() as reader:
        gold = reader.read(FLAGS.gold)
        a, b = (reader.read(path, predictions=True) for path in arguments[1:])
    reader.report()
    comparison = compare_predictions(gold.sentences, a.sentences, b.sentences, FLAGS.convention)
    outputs: dict[str, str] = {}
    if FLAGS.json:
        origin = {"gold": gold.summary(), "a": a.summary(), "b": b.summary()}
        content = {**comparison.summary(), "source": origin}
        outputs[FLAGS.json] = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    names = [pathlib.Path(path).name for path in arguments[1:]]
    if names[0] == names[1]:
        names = arguments[1:]
    if FLAGS.html:
        outputs[FLAGS.html] = render_comparison(comparison, names)
    write_together(outputs)
    print(f"A: {names[0]}\nB: {names[1]}\n{format_comparison(comparison)}")


COMMAND = Command("compare", __doc__, define_flags, main, arguments="A B")

if __name__ == "__main__":
    COMMAND.run()
