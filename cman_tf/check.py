"""Check annotated data before training on it.

    cman-tf check mydata
    cman-tf check train.json dev.json --json=check.json --html=check.html

Prints what each file holds, with the first entities and relations as text, so that shifted spans are seen; what cannot
be learned; what the splits share; and every problem, with its place. The exit code is 0 if training would start. No
model and no TensorFlow is needed.
"""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

from absl import flags

from cman_tf.checking.check_corpus import check_sentences, find_obstacles, find_remarks, find_shared
from cman_tf.checking.page import render_page
from cman_tf.checking.tables import format_check
from cman_tf.command_line import reading_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.console import count_progress, each_counted
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.output_flags import define_overwrite, validate_files
from cman_tf.command_line.sample_corpus import find_sample
from cman_tf.data.corpus import SPLITS, split_files
from cman_tf.data.notes import list_notes
from cman_tf.errors import DataError
from cman_tf.runs.files import validate_distinct, write_together

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Define the flags of this command."""
    with flag_group("Output"):
        flags.DEFINE_string("json", None, "Also write the result to this `file`.")
        flags.DEFINE_string("html", None, "Also write the result to this `file`, as a web page.")
        define_overwrite()
        flags.DEFINE_string(
            "tokenizer", None, "`Name` of the tokenizer whose fit is measured; none: the one that fits best."
        )
    reading_flags.define_flags()


def list_corpora(paths: list[str]) -> dict[str, str]:
    """Return the files and folders to check, by a name for each: the split, or the file's name.

    Args:
      paths: the arguments. A directory with splits stands for its splits.

    Raises:
      DataError: if two arguments have the same name.
    """
    found: dict[str, str] = {}
    for path in map(find_sample, paths):
        splits: dict[str, str] = {}
        if os.path.isdir(path):
            splits = {split: str(files[0]) for split in SPLITS if len(files := split_files(path, split)) == 1}
        elif len(paths) > 1:
            word = pathlib.Path(path).name.partition(".")[0].replace("-", "_").rpartition("_")[2]
            splits = {word: path} if word in SPLITS else {}
        for name, file in (splits or {pathlib.Path(path).name or path: path}).items():
            if name in found:
                name = file
            found[name] = file
    return found


def main(arguments: list[str]) -> None:
    """Check the corpora."""
    if len(arguments) < 2:
        raise DataError("no data, expected one or more files or folders: cman-tf check DATA...")
    corpora = list_corpora(arguments[1:])
    validate_files(FLAGS.json, FLAGS.html, inputs=tuple(corpora.values()))
    validate_distinct(FLAGS.problems, *corpora.values())
    with reading_flags.open_reader(FLAGS.tokenizer or "default") as reader, count_progress("sentences") as advance:
        checked = {}
        for name, path in corpora.items():
            sentences = each_counted(reader.stream(path), advance)
            checked[name] = check_sentences(name, path, sentences, FLAGS.tokenizer)
    shared = find_shared(checked)
    is_directory = len(arguments) == 2 and list(corpora.values()) != [find_sample(arguments[1])]
    obstacles = find_obstacles(checked, [split for split in SPLITS if split not in corpora] if is_directory else ())
    result: dict[str, Any] = {
        "corpora": [corpus.summary() for corpus in checked.values()],
        "shared": shared,
        "remarks": find_remarks(checked, shared),
        "problems": [*reader.problems.summarize(), *list_notes(reader.problems)],
        "problem_counts": dict(reader.problems.counts),
        "obstacles": obstacles,
        "ready": not obstacles,
    }
    outputs: dict[str, str] = {}
    if FLAGS.json:
        outputs[FLAGS.json] = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    if FLAGS.html:
        outputs[FLAGS.html] = render_page(result)
    write_together(outputs)
    print(format_check(result), flush=True)
    reader.report()
    if obstacles:
        raise SystemExit(1)


COMMAND = Command("check", __doc__, define_flags, main, arguments="DATA...")

if __name__ == "__main__":
    COMMAND.run()
