"""The runs that an experiment consists of: their flags, directories and result files."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

from cman_tf import flagfiles
from cman_tf.command_line import corpus_flags
from cman_tf.encoders.names import ENCODER_FLAGS
from cman_tf.errors import DataError
from cman_tf.experiments.catalogue import FOLDS, Experiment, Row
from cman_tf.runs.flagfile import config_from_flagfile

DREC_FILE = "drec.txt"  # the whole corpus, which we split unless there are train.txt, dev.txt and test.txt
DATA_FLAGS = (*corpus_flags.NAMES, "hold_out")  # flags of cman_tf.train that say what data it reads
PLACE_FLAGS = ("model_dir", "results_dir", "result_name")  # and where it writes


@dataclasses.dataclass(frozen=True)
class Run:
    """One training, or one evaluation with gold labels: a row with its inputs, seed and fold.

    Attributes:
      row: The row of the catalogue.
      result: The result file that it writes.
      directory: Its --model_dir.
      flags: All flags of `cman_tf.train` besides the flagfile's and the paths above.
    """

    row: Row
    result: pathlib.Path
    directory: pathlib.Path
    flags: tuple[str, ...]

    @property
    def name(self) -> str:
        """EXPERIMENT/RESULT, for messages."""
        return f"{self.result.parent.name}/{self.result.stem}"

    @property
    def predicted(self) -> tuple[pathlib.Path, pathlib.Path]:
        """For an evaluation with gold labels: the trained model's directory, and its result with predicted labels."""
        stem = self.result.stem.replace(self.row.key, self.row.gold_labels_of or "", 1)
        return (
            self.directory.parent.parent / "conll04" / stem,
            self.result.parent.parent / "conll04" / f"{stem}.json",
        )

    def flag_value(self, flag: str) -> str:
        """The value of one of its flags, "" if the flag is not set."""
        values = [text.partition("=")[2] for text in self.flags if text.startswith(f"--{flag}=")]
        return values[-1] if values else ""

    def encoder_flags(self) -> dict[str, str]:
        """The flags that name a contextual encoder, with their values."""
        return {name: self.flag_value(name) for name in ENCODER_FLAGS if self.flag_value(name)}


@dataclasses.dataclass(frozen=True)
class Options:
    """What an experiment is run on.

    Attributes:
      data_dir: Directory of the corpus.
      inputs: Name of a kind of inputs ("words", "minilm") to its flags.
      seeds: One training of each row for each.
      folds: Folds of the cross-validation.
      results: Directory of the result files.
      runs: Directory of the run directories.
      extra: Flags for every training, such as --epochs.
    """

    data_dir: str
    inputs: dict[str, tuple[str, ...]]
    seeds: Sequence[int] = (1,)
    folds: Sequence[int] = tuple(range(FOLDS))
    results: pathlib.Path = pathlib.Path("results")
    runs: pathlib.Path = pathlib.Path("runs/experiments")
    extra: tuple[str, ...] = ()


def list_runs(name: str, experiment: Experiment, options: Options) -> list[Run]:
    """List all runs of an experiment.

    Rows that belong to another experiment keep that experiment's paths, so they are trained once.

    Args:
      name: The experiment's key in the catalogue.
      experiment: The experiment.
      options: Data, inputs, seeds, folds and paths.
    """
    found = []
    for inputs, input_flags in options.inputs.items():
        # Without an encoder there are no features to store or to mix.
        for_encoder = () if inputs != "words" else ("--features=", "--mixed_layers=", "--mix_scale=")
        extra = [flag for flag in options.extra if not flag.startswith(for_encoder)]
        for row in experiment.rows:
            home = row.home or name
            for fold in options.folds if experiment.corpus == "ade" else (None,):
                for seed in options.seeds:
                    part = "" if fold is None else f"-fold{fold}"
                    stem = f"{row.key}-{inputs}{part}-seed{seed}"
                    flags = (
                        *row.flags,
                        *_data_flags(options.data_dir, experiment.corpus, fold),
                        *input_flags,
                        *extra,
                        f"--seed={seed}",
                    )
                    result = options.results / home / f"{stem}.json"
                    found.append(Run(row, result, options.runs / home / stem, flags))
    return found


def _data_flags(folder: str, corpus: str, fold: int | None) -> tuple[str, ...]:
    if corpus == "drec":
        is_split = (pathlib.Path(folder) / "train.txt").exists()
        return (f"--data_dir={folder}" if is_split else f"--all_data={folder}/{DREC_FILE}", "--format=multihead_root")
    if fold is None:
        return (f"--data_dir={folder}",)
    files = (f"--{split}_data={folder}/ade_split_{fold}_{split}.json" for split in ("train", "test"))
    return (*files, "--hold_out=0.1")


def find_flagfile(name: str) -> pathlib.Path:
    """Find the shipped flagfile that a row names.

    Raises:
      DataError: If it does not exist.
    """
    path = flagfiles.DIRECTORY / f"{name}.flags"
    if not path.exists():
        raise DataError(f"{path}: no such file, expected one of {', '.join(flagfiles.names())}")
    return path


def changed_settings(row: Row) -> dict[str, Any]:
    """The settings that a row's flags change, and its model."""
    path = find_flagfile(row.flagfile)
    plain, changed = (dataclasses.asdict(config_from_flagfile(path, more)) for more in ((), row.flags))
    return {name: changed[name] for name in plain if name == "model" or plain[name] != changed[name]}
