"""The corpora that a training's flags name: three files, or parts of fewer."""

from __future__ import annotations

from absl import flags

from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.sample_corpus import find_sample
from cman_tf.config import Config
from cman_tf.data.corpus import SPLITS, Corpus, find_split, split_files
from cman_tf.data.splits import THREE_PARTS, hold_out_sentences, sample_fraction, split_in_three
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.formats.registry import FORMATS

FLAGS = flags.FLAGS
NAMES = ("data_dir", *(f"{part}_data" for part in SPLITS), "all_data", "format")  # the flags


def define_flags() -> None:
    """The flags of `NAMES`."""
    with flag_group("Data"):
        flags.DEFINE_string(
            "data_dir",
            None,
            "`Directory` with train, dev and test files; sample: the corpus that ships with the package.",
        )
        for part in SPLITS:
            flags.DEFINE_string(f"{part}_data", None, f"The {part} `file` itself, instead of the one in --data_dir.")
        flags.DEFINE_string(
            "all_data", None, "One `file`, split at random by a fixed seed: 70 % train, 15 % dev, 15 % test."
        )
        flags.DEFINE_enum("format", "auto", FORMATS, "Format of the files; auto: by content.")


def read_corpora(config: Config) -> dict[str, Corpus]:
    """The three corpora.

    Raises:
      DataError: for flags that do not go together, and for files that cannot be read.
    """
    corpora = _read_all(config) if FLAGS.all_data else _read_splits(config)
    if config.train_fraction < 1:
        corpora["train"] = sample_fraction(corpora["train"], config.train_fraction)
    return corpora


def _read_all(config: Config) -> dict[str, Corpus]:
    """The three parts of one file."""
    for other in (name for name in NAMES if name not in ("all_data", "format")):
        if FLAGS[other].value is not None:
            raise DataError(f"--all_data and --{other}, expected one of them")
    if config.hold_out:
        raise DataError("--all_data and --hold_out, expected one of them: a dev part is split off anyway")
    return dict(zip(SPLITS, split_in_three(read_corpus(find_sample(FLAGS.all_data), FLAGS.format), THREE_PARTS)))


def _read_splits(config: Config) -> dict[str, Corpus]:
    """A file for each, or dev held out from train."""
    paths = {}
    for part in SPLITS:
        path = FLAGS[f"{part}_data"].value
        if part == "dev" and config.hold_out:
            _validate_no_dev_file()
            continue
        if path is None and FLAGS.data_dir is None:
            also = " or --hold_out" if part == "dev" else ""
            raise DataError(f"no {part} data, expected --data_dir or --{part}_data{also}")
        paths[part] = find_sample(path) if path else find_split(find_sample(FLAGS.data_dir), part)
    corpora = {part: read_corpus(path, FLAGS.format) for part, path in paths.items()}
    if "dev" not in corpora:
        corpora["train"], corpora["dev"] = hold_out_sentences(corpora["train"], config.hold_out)
    return {part: corpora[part] for part in SPLITS}


def _validate_no_dev_file() -> None:
    """Where dev is held out, a dev file would be ignored."""
    files = [FLAGS.dev_data] if FLAGS.dev_data else []
    if FLAGS.data_dir:
        files = files or split_files(find_sample(FLAGS.data_dir), "dev")
    if files:
        raise DataError(f"--hold_out and {files[0]}, expected one of them for dev")
