"""The corpora that a training's flags name: three files, or parts of fewer."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from absl import flags

from cman_tf.command_line import reading_flags
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.sample_corpus import find_sample
from cman_tf.config import Config
from cman_tf.data.corpus import SPLITS, Corpus, find_split, split_files
from cman_tf.data.overlaps import count_overlaps
from cman_tf.data.splits import THREE_PARTS, hold_out_sentences, sample_fraction, split_in_folds, split_in_three
from cman_tf.errors import DataError

FLAGS = flags.FLAGS
FILES = ("data", "data_dir", *(f"{part}_data" for part in SPLITS), "all_data")
NAMES = (*FILES, "folds", "fold", *reading_flags.NAMES)  # what a run's record repeats
_HELD_OUT = 0.1  # share of a fold's training data that becomes dev unless --hold_out gives another
Given = Mapping[str, Any]  # the values of the flags of `NAMES`, by name


class Reader(Protocol):
    """What reads one file or folder, such as `cman_tf.command_line.reading_flags.Reader`."""

    def read(self, path: str) -> Corpus: ...


def define_flags() -> None:
    """Define the flags."""
    with flag_group("Data"):
        flags.DEFINE_string(
            "data",
            None,
            "`Data` in any format: a directory with train, dev and test, or one file or folder, which is split by "
            "document: 70 % train, 15 % dev, 15 % test. Without a flagfile it takes the tuned recipe; see --recipe.",
        )
        flags.DEFINE_string(
            "data_dir",
            None,
            "`Directory` with train, dev and test files; sample: the corpus that ships with the package.",
        )
        for part in SPLITS:
            flags.DEFINE_string(f"{part}_data", None, f"The {part} `file` itself, instead of the one in --data_dir.")
        flags.DEFINE_string("all_data", None, "One `file`, split in the same way as that of --data.")
        flags.DEFINE_integer(
            "folds",
            None,
            "Cross-validate: split the one file or folder of --data into so many folds, each of which is the test data "
            "of one training. Dev is held out from the rest, a tenth or --hold_out.",
            lower_bound=2,
        )
        flags.DEFINE_integer("fold", None, "With --folds: train this one alone, counted from 1.", lower_bound=1)
        flags.DEFINE_bool("strict_labels", False, "Refuse types in dev or test that the training data does not have.")
    reading_flags.define_flags()


def read_corpora(config: Config, reader: Reader) -> dict[str, Corpus]:
    """Read the three corpora.

    Args:
      config: the resolved configuration.
      reader: reads one file or folder.

    Raises:
      DataError: for flags that do not go together, and for files that cannot be read.
    """
    given = _given()
    whole = _find_whole(given)
    corpora = _split_whole(config, reader, whole) if whole else _read_splits(config, reader, given)
    if config.train_fraction < 1:
        corpora["train"] = sample_fraction(corpora["train"], config.train_fraction)
    return corpora


def read_dev(config: Config, reader: Reader, given: Given) -> Corpus:
    """Read the dev data that some flags name, and no more than is needed for it.

    Args:
      config: the resolved configuration.
      reader: reads one file or folder.
      given: the values of the flags, those of a run for example.

    Raises:
      DataError: if the files cannot be read.
    """
    if given.get("folds"):
        return read_folds(config, reader, given)[given["fold"]]["dev"]
    whole = _find_whole(given)
    if whole:
        return _split_whole(config, reader, whole)["dev"]
    return _read_splits(config, reader, given, ["train" if config.hold_out else "dev"])["dev"]


def read_train(config: Config, reader: Reader, given: Given) -> list[Corpus]:
    """Read the data that some flags name for training: train and, where the protocol trains on it, dev.

    The arguments and errors are those of `read_dev`.
    """
    names = ["train"] if config.protocol == "best_dev" else ["train", "dev"]
    if given.get("folds"):
        found = read_folds(config, reader, given)[given["fold"]]
    elif whole := _find_whole(given):
        found = _split_whole(config, reader, whole)
    else:
        found = _read_splits(config, reader, given, names)
    return [found[name] for name in names]


def _given() -> dict[str, Any]:
    """Return the values of the flags of this process."""
    return {name: FLAGS[name].value for name in NAMES}


def read_folds(config: Config, reader: Reader, given: Given | None = None) -> dict[int, dict[str, Corpus]]:
    """Read the corpora of a cross-validation.

    Args:
      config: the resolved configuration.
      reader: reads one file or folder.
      given: the values of the flags; None: those of this process.

    Returns:
      The three corpora of each fold, by its number from 1; only that of --fold if it is given.

    Raises:
      DataError: for flags that do not go together, and for files that cannot be read.
    """
    given = _given() if given is None else given
    whole, folds, fold = _find_whole(given), given["folds"], given["fold"]
    if whole is None:
        raise DataError("--folds without one file or folder for all data, expected --data=FILE")
    if fold is not None and fold > folds:
        raise DataError(f"--fold={fold}, expected at most --folds={folds}")
    found = {}
    for number, (rest, test) in enumerate(split_in_folds(reader.read(whole), folds), start=1):
        if fold in (None, number):
            train, dev = hold_out_sentences(rest, config.hold_out or _HELD_OUT)
            found[number] = {"train": train, "dev": dev, "test": test}
    return found


def _find_whole(given: Given) -> str | None:
    """Return the file or folder that holds all three splits, if the flags name one.

    Raises:
      DataError: for flags that do not go together.
    """
    named = [name for name in ("data", "all_data") if given.get(name) is not None]
    if not named:
        return None
    for other in FILES:
        if other != named[0] and given.get(other) is not None:
            raise DataError(f"--{named[0]} and --{other}, expected one of them")
    path = find_sample(str(given[named[0]]))
    if named[0] == "data" and os.path.isdir(path) and any(split_files(path, split) for split in SPLITS):
        return None
    return path


def _split_whole(config: Config, reader: Reader, path: str) -> dict[str, Corpus]:
    """Read one file or folder and split it in three."""
    if config.hold_out:
        raise DataError("--hold_out and one file for all splits, expected one of them: a dev part is split off anyway")
    return dict(zip(SPLITS, split_in_three(reader.read(path), THREE_PARTS)))


def _read_splits(config: Config, reader: Reader, given: Given, parts: Sequence[str] = SPLITS) -> dict[str, Corpus]:
    """Read a file for each of some splits. With --hold_out dev is held out from train."""
    folder = given.get("data_dir") or given.get("data")
    paths = {}
    for part in parts:
        path = given.get(f"{part}_data")
        if part == "dev" and config.hold_out:
            _validate_no_dev_file(folder, given)
            continue
        if path is None and folder is None:
            also = " or --hold_out" if part == "dev" else ""
            raise DataError(f"no {part} data, expected --data, --data_dir or --{part}_data{also}")
        paths[part] = find_sample(path) if path else find_split(find_sample(str(folder)), part)
    corpora = {part: reader.read(path) for part, path in paths.items()}
    if config.hold_out:
        corpora["train"], corpora["dev"] = hold_out_sentences(corpora["train"], config.hold_out)
    return {part: corpora[part] for part in SPLITS if part in corpora}


def _validate_no_dev_file(folder: str | None, given: Given) -> None:
    """Where dev is held out, a dev file would be ignored."""
    files = [given["dev_data"]] if given.get("dev_data") else []
    if folder:
        files = files or split_files(find_sample(folder), "dev")
    if files:
        raise DataError(f"--hold_out and {files[0]}, expected one of them for dev")


def warn_about_splits(corpora: dict[str, Corpus]) -> None:
    """Print one line for each thing about the splits that is probably a mistake, or that cannot be learned."""
    texts = {split: {sentence.tokens for sentence in corpus.sentences} for split, corpus in corpora.items()}
    for split, corpus in corpora.items():
        if len(corpus.sentences) == 1:
            print(f"{split}: only one sentence, expected more for scores that mean something", file=sys.stderr)
        overlaps = count_overlaps(corpus.sentences)
        if overlaps.untagged:
            print(f"{split}: {overlaps.describe()}", file=sys.stderr)
    for one, other in (("train", "dev"), ("train", "test"), ("dev", "test")):
        shared = len(texts[one] & texts[other])
        if texts[one] == texts[other]:
            print(f"{one} and {other}: the same sentences, expected different ones", file=sys.stderr)
        elif shared:
            count = f"{shared} sentence{'s' if shared > 1 else ''}"
            print(f"{one} and {other}: {count} in both; scores may be too high", file=sys.stderr)
