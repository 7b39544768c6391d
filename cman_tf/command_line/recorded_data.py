"""The dev data that a run was trained with, found again by its recorded flags."""

from __future__ import annotations

import os
import pathlib
import re
from typing import Any

from cman_tf.command_line import corpus_flags, reading_flags
from cman_tf.command_line.sample_corpus import find_sample
from cman_tf.config import Config
from cman_tf.data.corpus import Corpus
from cman_tf.data.problems import Problems
from cman_tf.errors import DataError, quote
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.formats.offsets import ENDS, OFFSETS
from cman_tf.formats.registry import AUTO, READ_FORMATS
from cman_tf.formats.source import ReadOptions
from cman_tf.runs.containment import validate_recorded_path
from cman_tf.runs.flagfile import read_flags
from cman_tf.runs.run_directory import read_run

_NUMBERS = ("folds", "fold", "tag_column")
_CHOICES = {"format": READ_FORMATS, "ends": ENDS, "offsets": OFFSETS, "events": ("ignore", "binary")}
_GIVE = "give the file with --data=FILE"


class RecordedReader:
    """Reads data as a run's flags say.

    Args:
      given: the values of the run's flags, by name.
      problems: the collector of what is repaired or left out.
    """

    def __init__(self, given: dict[str, Any], problems: Problems) -> None:
        names = [name for name in reading_flags.NAMES if name != "format" and given.get(name) is not None]
        self._options = ReadOptions(**{name: given[name] for name in names})
        self._format, self._problems = given.get("format") or AUTO, problems

    def read(self, path: str) -> Corpus:
        """Read a file or folder.

        Raises:
          DataError: if it cannot be read, or if it is neither a file nor a folder of files.
        """
        found = find_sample(path)
        validate_recorded_path(found, "data")
        return read_corpus(found, self._format, False, self._problems, self._options)


def read_recorded_dev(directory: str | pathlib.Path, config: Config, problems: Problems) -> Corpus:
    """Read the dev data of a run.

    Args:
      directory: the run's directory.
      config: the run's configuration.
      problems: the collector of what is repaired or left out.

    Raises:
      DataError: if the model was trained on it, if it is not where it was, or if it has changed.
    """
    folder = pathlib.Path(directory)
    if config.protocol != "best_dev":
        raise DataError(f"{folder}: was trained on dev, too (--protocol={config.protocol}); {_GIVE}, of other data")
    given = read_recorded_flags(folder / "flags.txt")
    if not any(given[name] for name in corpus_flags.FILES):
        raise DataError(f"{folder}: does not say which data it was trained with; {_GIVE}")
    try:
        corpus = corpus_flags.read_dev(config, RecordedReader(given, problems), given)
    except DataError as error:
        if os.path.exists(find_sample(str(next((given[n] for n in corpus_flags.FILES if given.get(n)), "")))):
            raise
        raise DataError(f"{error}; the dev data of {folder} is not where it was in training; {_GIVE}") from None
    if corpus.sha256 != read_run(folder)["corpora"].get("dev"):
        raise DataError(f"{corpus.path}: is not the dev data that {folder} was trained with, or was changed; {_GIVE}")
    return corpus


def read_recorded_train(directory: str | pathlib.Path, config: Config) -> list[Corpus]:
    """Read what a run was trained on, found again by its recorded flags.

    Args:
      directory: the run's directory.
      config: the run's configuration.

    Returns:
      The corpora; none if the run does not say which data it was, or if they are not where they were.
    """
    given = read_recorded_flags(pathlib.Path(directory) / "flags.txt")
    if not any(given[name] for name in corpus_flags.FILES):
        return []
    try:
        return corpus_flags.read_train(config, RecordedReader(given, Problems()), given)
    except (DataError, OSError):
        return []


def read_recorded_flags(path: pathlib.Path) -> dict[str, Any]:
    """Return the values of the flags about data in a run's flags.txt, by name.

    Raises:
      DataError: if the file cannot be read.
    """
    given = read_flags(path)
    found: dict[str, Any] = dict.fromkeys(corpus_flags.NAMES)
    for name, value in given.items():
        if name in _CHOICES and value not in _CHOICES[name]:
            raise DataError(f"{path}: --{name} is {quote(value)}, expected one of {', '.join(_CHOICES[name])}")
        if name in _NUMBERS and not re.fullmatch("[0-9]{1,6}", value):
            raise DataError(f"{path}: --{name} is {quote(value)}, expected a whole number")
        if name in found:
            found[name] = int(value) if name in _NUMBERS else value == "true" if name == "join_sentences" else value
    if found["folds"] is not None and not (found["folds"] >= 2 and 1 <= (found["fold"] or 0) <= found["folds"]):
        raise DataError(f"{path}: --fold is {found['fold']} of --folds={found['folds']}, expected one from 1")
    return found
