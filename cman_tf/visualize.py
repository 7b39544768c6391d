"""Show sentences in one web page, with what was found, missed and wrongly found.

    cman-tf visualize --gold=data/conll04_spert/conll04_test.json --predictions=predictions.json --html=errors.html
    cman-tf visualize --predictions=predictions.json --html=predictions.html
    cman-tf visualize --attention --sentences=1,3-5 text.txt --html=attention.html

The page needs no network. It draws each sentence with its entities in colours and its relations as arcs. It has
filters by type and kind of error, a search, and confusion matrices. Without --gold, or without --predictions, it shows
the other file alone. No model and no TensorFlow is needed.

With --attention the page shows what a model attends to in sentences of the input, which predict could read, too: heat
maps of self-attention and label attention, the label gates, and the scores of all pairs of tokens.
"""

from __future__ import annotations

import pathlib

from absl import flags

from cman_tf.attention_view.page import write_attention_page
from cman_tf.attention_view.selection import choose_sentences, parse_numbers
from cman_tf.command_line import model_place_flags, reading_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.output_flags import define_overwrite, validate_files
from cman_tf.command_line.quiet import import_tensorflow
from cman_tf.command_line.sample_corpus import find_sample
from cman_tf.errors import DataError, count_things
from cman_tf.inference.attended import validate_attention
from cman_tf.inference.description import read_description
from cman_tf.inference.reading import AUTO, INPUT_FORMATS
from cman_tf.pretrained import DEFAULT_MODEL
from cman_tf.runs.files import write_atomically
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
    with flag_group("Attention"):
        flags.DEFINE_bool("attention", False, "Show what a model attends to in sentences of INPUT.")
        flags.DEFINE_string("model_dir", None, f"With --attention: `directory` of a run; none: {DEFAULT_MODEL}.")
        flags.DEFINE_enum("checkpoint", "best", ("best", "last"), "Weights of the best dev epoch or of the last.")
        flags.DEFINE_string("sentences", "1", "`Numbers` of the sentences to show, from 1, as in 1,3-5.")
        flags.DEFINE_enum("input_format", AUTO, INPUT_FORMATS, "How INPUT is read; see cman-tf predict.")
    model_place_flags.define_flags()
    with flag_group("Output"):
        flags.DEFINE_string("html", None, "The web page to write: a `file`.", required=True)
        define_overwrite("Replace the page if it exists.")


def main(arguments: list[str]) -> None:
    """Write the page."""
    if FLAGS.attention:
        _show_attention(arguments[1:])
        return
    if len(arguments) > 1:
        raise DataError(f"{arguments[1]}: an input, expected --attention with it, or --gold and --predictions")
    if not FLAGS.gold and not FLAGS.predictions:
        raise DataError("visualize: expected --gold, --predictions, or both")
    validate_files(FLAGS.html, inputs=(FLAGS.gold, FLAGS.predictions))
    with reading_flags.open_reader() as reader:
        gold = reader.read(FLAGS.gold).sentences if FLAGS.gold else None
        predictions = reader.read(FLAGS.predictions, predictions=True).sentences if FLAGS.predictions else None
    reader.report()
    title = pathlib.Path(FLAGS.predictions or FLAGS.gold).name
    page = make_page(gold, predictions, title, FLAGS.convention)
    write_atomically(FLAGS.html, page.html)
    print(f"{FLAGS.html}: {page.describe()}")


def _show_attention(inputs: list[str]) -> None:
    """Write the page about attention.

    Raises:
      DataError: for flags that do not go together, for a model without attention, and for sentences that are not there.
    """
    if not inputs:
        raise DataError("visualize --attention: expected one or more files with sentences")
    model = FLAGS.model_dir or DEFAULT_MODEL
    for name in ("gold", "predictions"):
        if FLAGS[name].value:
            raise DataError(f"--attention and --{name}, expected one of them")
    numbers = parse_numbers(FLAGS.sentences)
    inputs = [find_sample(path) for path in inputs]
    validate_files(FLAGS.html, inputs=tuple(inputs))
    description = read_description(model, FLAGS.checkpoint, model_place_flags.given())
    description.validate_new_text()
    validate_attention(description.config, model)
    chosen = choose_sentences(inputs, numbers, FLAGS.input_format, description.tokenizer)

    import_tensorflow()
    from cman_tf.inference.attention import compute_attention
    from cman_tf.inference.loading import load_described

    found = compute_attention(*load_described(description), [sentence for _, sentence in chosen])
    write_attention_page(FLAGS.html, [(number, one) for (number, _), one in zip(chosen, found)], model)
    print(f"{FLAGS.html}: attention in {count_things(len(found), 'sentence')}")


COMMAND = Command("visualize", __doc__, define_flags, main, arguments="[INPUT...]")

if __name__ == "__main__":
    COMMAND.run()
