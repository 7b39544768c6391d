"""The flags by which every command reads annotated data, and the lines about what was repaired or left out."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from typing import Any, TextIO

from absl import flags

from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.sample_corpus import find_sample
from cman_tf.data.corpus import Corpus
from cman_tf.data.notes import list_notes
from cman_tf.data.problems import Problem, Problems
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus, stream_sentences
from cman_tf.formats.offsets import ENDS, OFFSETS
from cman_tf.formats.registry import AUTO, READ_FORMATS
from cman_tf.formats.source import ReadOptions
from cman_tf.runs.durable import name_errors
from cman_tf.runs.files import validate_distinct, write_atomically

FLAGS = flags.FLAGS
_LONGEST_PROBLEM = 1 << 20  # bytes of a line of the file of --problems
NAMES = (
    "format",
    "ends",
    "offsets",
    "events",
    "join_sentences",
    "annotator",
    "tag_column",
)  # what a run's record repeats


def define_flags() -> None:
    """Define the flags."""
    with flag_group("Reading"):
        flags.DEFINE_enum("format", AUTO, READ_FORMATS, "Format of the data; auto: recognised from the content.")
        flags.DEFINE_bool("strict", False, "Refuse data at its first problem, instead of repairing or leaving out.")
        flags.DEFINE_string("problems", None, "Also write every problem to this `file`, one JSON object a line.")
        flags.DEFINE_enum("ends", "exclusive", ENDS, "inclusive: the end of a span is its last token or character.")
        flags.DEFINE_enum(
            "offsets",
            "auto",
            OFFSETS,
            "What a character offset counts: code points or UTF-16 units; auto: found from the mentions' texts.",
        )
        flags.DEFINE_enum(
            "events", "ignore", ("ignore", "binary"), "binary: read triggers as entities and arguments as relations."
        )
        flags.DEFINE_bool("join_sentences", False, "Make one sentence of neighbours that a relation joins.")
        flags.DEFINE_integer(
            "tag_column",
            0,
            "Which of CoNLL's columns holds the tags, from 1; 0: the last one with tags.",
            lower_bound=0,
        )
        flags.DEFINE_string("annotator", "", "Whose annotations to read where there are several; none: the first.")


def read_options(tokenizer: str = "default") -> ReadOptions:
    """Return the options of the flags.

    Args:
      tokenizer: the name of the tokenizer that cuts raw text.
    """
    values: dict[str, Any] = {name: FLAGS[name].value for name in NAMES if name != "format"}
    return ReadOptions(tokenizer=tokenizer, **values)


class Reader:
    """Reads data as the flags say. Use it as `with open_reader() as reader`.

    Attributes:
      problems: the collector of what is repaired or left out in all data that is read.
      options: how annotations are read.
    """

    def __init__(self, problems: Problems, options: ReadOptions) -> None:
        self.problems, self.options = problems, options

    def read(self, path: str, predictions: bool = False) -> Corpus:
        """Read a file or folder; `sample` is the corpus that ships with the package.

        Raises:
          DataError: if it cannot be read, or has a problem under --strict.
        """
        validate_distinct(FLAGS.problems, path)
        return read_corpus(find_sample(path), FLAGS.format, predictions, self.problems, self.options)

    def stream(self, path: str, predictions: bool = False) -> Iterator[Sentence]:
        """Yield the sentences of a file or folder one at a time."""
        validate_distinct(FLAGS.problems, path)
        return stream_sentences(find_sample(path), FLAGS.format, predictions, self.problems, self.options)

    def report(self, stream: TextIO | None = None) -> None:
        """Print one line for each kind of problem, to standard error by default."""
        print_problems(self.problems, stream)


def print_problems(problems: Problems, stream: TextIO | None = None) -> None:
    """Print one line for each kind of problem and for each kind of repair.

    Args:
      problems: the collector.
      stream: where to print; None is standard error.
    """
    for line in [*problems.summarize(), *list_notes(problems)]:
        print(line, file=stream or sys.stderr, flush=True)


@contextlib.contextmanager
def open_reader(tokenizer: str = "default") -> Iterator[Reader]:
    """Open a reader for the data of one command. The file of --problems is complete when the context ends.

    Args:
      tokenizer: the name of the tokenizer that cuts raw text.
    """
    with _problem_file(FLAGS.problems) as sink:
        yield Reader(Problems(FLAGS.strict, sink), read_options(tokenizer))


@contextlib.contextmanager
def _problem_file(path: str | None) -> Iterator[Any]:
    """Yield a function that writes a problem to a temporary file, which becomes the file of --problems in the end."""
    if path is None:
        yield None
        return
    _validate_replaceable(path)
    with tempfile.TemporaryFile() as file:

        def write(problem: Problem) -> None:
            line = json.dumps(problem._asdict(), ensure_ascii=False) + "\n"
            with name_errors(path):  # the temporary file's folder may be full, too
                file.write(line.encode("utf-8", "backslashreplace"))

        yield write
        with name_errors(path):
            file.seek(0)
        write_atomically(path, lambda target: shutil.copyfileobj(file, target))


def _validate_replaceable(path: str) -> None:
    """Raise DataError if the file of --problems exists and was not written by an earlier command."""
    if not os.path.isfile(path) or not os.path.getsize(path):
        return
    with open(path, "rb") as file:
        first = file.readline(_LONGEST_PROBLEM)
    try:
        is_ours = json.loads(first).keys() == {*Problem._fields}
    except (ValueError, AttributeError, RecursionError):
        is_ours = False
    if not is_ours:
        raise DataError(f"{path}: exists and is no file of problems, expected the name of a new file")
