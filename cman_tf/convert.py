"""Convert annotated data from one format to another.

    cman-tf convert annotations/ train.json --to=spert
    cman-tf convert export.json brat_folder --to=brat
    cman-tf convert mydata/ converted/ --to=conll

The format of the input is recognised from its content. A folder of files is converted file by file, into a new folder.
What the target format cannot hold is left out and counted. No model and no TensorFlow is needed.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator

from absl import flags

from cman_tf.command_line import reading_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.console import count_progress, each_counted
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.output_flags import define_overwrite
from cman_tf.command_line.sample_corpus import find_sample
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.formats.base import Format
from cman_tf.formats.corpus_files import write_corpus
from cman_tf.formats.registry import WRITTEN_FORMATS, detect_format, find_format
from cman_tf.formats.source import read_head
from cman_tf.runs.files import validate_distinct, validate_new

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the flags of this command."""
    with flag_group("Output"):
        flags.DEFINE_enum("to", None, WRITTEN_FORMATS, "The `format` to write.", required=True)
        define_overwrite("Replace the output file if it exists.")
        flags.DEFINE_bool("predictions", False, "The data is a system's predictions, in which duplicates count once.")
        flags.DEFINE_string(
            "tokenizer", "default", "`Name` of the tokenizer that cuts raw text; see docs/tokenizers.md."
        )
    reading_flags.define_flags()


def list_inputs(path: str) -> list[str]:
    """List the files to convert: the path itself, or the data files of a folder that is no corpus of its own.

    Args:
      path: a file or folder.

    Raises:
      DataError: if the folder holds no file of a known format.
    """
    if not pathlib.Path(path).is_dir() or FLAGS.format != "auto":
        return [path]
    head = read_head(path)
    try:
        detect_format(head)
        return [path]
    except DataError:
        pass
    found = []
    for name in head.names:
        inner = str(pathlib.Path(path, name))
        try:
            detect_format(read_head(inner))
        except DataError:
            continue
        found.append(inner)
    if not found:
        raise DataError(f"{path}: no file of a known format in this folder, expected corpus files; or give --format")
    return found


def name_output(source: str, target: Format) -> str:
    """Name the output of one of several files: the same name with the target format's ending."""
    name = pathlib.Path(source).name
    return (
        name
        if target.is_folder and "." not in name
        else pathlib.Path(name).stem + ("" if target.is_folder else target.ending)
    )


def main(arguments: list[str]) -> None:
    """Convert the files."""
    if len(arguments) != 3:
        raise DataError(
            f"{len(arguments) - 1} arguments, expected two: the data to read and the file or folder to write"
        )
    source, output = find_sample(arguments[1]), arguments[2]
    target = find_format(FLAGS.to, written=True)
    inputs = list_inputs(source)
    several = len(inputs) > 1 or inputs[0] != source
    outputs = [str(pathlib.Path(output, name_output(path, target))) for path in inputs] if several else [output]
    if len(set(outputs)) < len(outputs):
        raise DataError(f"{source}: two files would be written to the same place, expected different names")
    for path, place in zip(inputs, outputs):
        validate_distinct(place, path)
        if not pathlib.Path(place).is_dir():
            validate_new(place, FLAGS.overwrite)
    with reading_flags.open_reader(FLAGS.tokenizer) as reader, count_progress("sentences") as count:
        for path, place in zip(inputs, outputs):
            totals = [0, 0, 0]
            sentences = _count(each_counted(reader.stream(path, FLAGS.predictions), count), totals)
            write_corpus(sentences, place, FLAGS.to, reader.problems)
            nouns = zip(totals, (("sentence", "sentences"), ("entity", "entities"), ("relation", "relations")))
            print(f"{place}: {', '.join(f'{n} {one if n == 1 else many}' for n, (one, many) in nouns)}", flush=True)
    reader.report()


def _count(sentences: Iterable[Sentence], totals: list[int]) -> Iterator[Sentence]:
    for sentence in sentences:
        for place, items in enumerate(((1,), sentence.entities, sentence.relations)):
            totals[place] += len(items)
        yield sentence


COMMAND = Command("convert", __doc__, define_flags, main, arguments="IN OUT")

if __name__ == "__main__":
    COMMAND.run()
