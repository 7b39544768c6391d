"""The runs that an experiment consists of, and their result files."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Sequence
from typing import Any

from cman_tf.command_line import corpus_flags
from cman_tf.encoders.source import NAMES as ENCODER_FLAGS
from cman_tf.errors import DataError
from cman_tf.experiments.rows import FOLDS, Experiment, Row
from cman_tf.runs.files import read_json
from cman_tf.runs.flagfile import config_from_flagfile
from cman_tf.scoring.score import TASKS
from cman_tf.scoring.tables import PAPER_CONLL04

DREC_FILE = "drec.txt"  # the whole corpus, split by us, where there are no train.txt, dev.txt and test.txt
DATA_FLAGS = (*corpus_flags.NAMES, "hold_out")  # of train
PLACE_FLAGS = ("model_dir", "results_dir", "result_name")
_NAMES = ("corpus", "inputs", "protocol", "flags", "seed", "epochs", "best_epoch", "test")  # of what a result holds
_CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
# Beside the package in a checkout; installed elsewhere, that of the directory it is called in.
FLAGS_DIRECTORY = _CHECKOUT / "flags" if (_CHECKOUT / "flags").is_dir() else pathlib.Path("flags")


@dataclasses.dataclass(frozen=True)
class Run:
    """One training: a row on inputs with a seed, of a fold where there are folds.

    `result` is the file it writes, `directory` its model_dir.
    """

    row: Row
    result: pathlib.Path
    directory: pathlib.Path
    flags: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.result.parent.name}/{self.result.stem}"

    @property
    def predicted(self) -> tuple[pathlib.Path, pathlib.Path]:
        """Of a run given gold labels, the trained model's directory and result with predicted ones."""
        stem = self.result.stem.replace(self.row.key, self.row.gold_labels_of or "", 1)
        return (
            self.directory.parent.parent / "conll04" / stem,
            self.result.parent.parent / "conll04" / f"{stem}.json",
        )

    def given(self, flag: str) -> str:
        """The value of one of its flags, or nothing."""
        values = [text.partition("=")[2] for text in self.flags if text.startswith(f"--{flag}=")]
        return values[-1] if values else ""

    def encoder_flags(self) -> dict[str, str]:
        """Those of its flags that name a contextual encoder."""
        return {name: self.given(name) for name in ENCODER_FLAGS if self.given(name)}


@dataclasses.dataclass(frozen=True)
class Options:
    """What an experiment is run on.

    Attributes:
      data_dir: the corpus' directory.
      inputs: name of a kind of inputs ("words", "minilm") to its flags.
      seeds: one training each.
      folds: of cross-validation.
      results: directory of result files.
      runs: directory of the runs.
      extra: flags for every training, such as --epochs.
    """

    data_dir: str
    inputs: dict[str, tuple[str, ...]]
    seeds: Sequence[int] = (1,)
    folds: Sequence[int] = tuple(range(FOLDS))
    results: pathlib.Path = pathlib.Path("results")
    runs: pathlib.Path = pathlib.Path("runs/experiments")
    extra: tuple[str, ...] = ()


def runs_of(name: str, experiment: Experiment, options: Options) -> list[Run]:
    """All runs, rows of other experiments with them: those are theirs, and are made once."""
    found = []
    for inputs, input_flags in options.inputs.items():
        # With words alone there are no features to keep or mix.
        of_encoder = () if inputs != "words" else ("--features=", "--mixed_layers=", "--mix_scale=")
        extra = [flag for flag in options.extra if not flag.startswith(of_encoder)]
        for row in experiment.rows:
            home = row.home or name
            for fold in options.folds if experiment.corpus == "ade" else (None,):
                for seed in options.seeds:
                    part = "" if fold is None else f"-fold{fold}"
                    stem = f"{row.key}-{inputs}{part}-seed{seed}"
                    flags = (
                        *row.flags,
                        *_data(options.data_dir, experiment.corpus, fold),
                        *input_flags,
                        *extra,
                        f"--seed={seed}",
                    )
                    result = options.results / home / f"{stem}.json"
                    found.append(Run(row, result, options.runs / home / stem, flags))
    return found


def _data(folder: str, corpus: str, fold: int | None) -> tuple[str, ...]:
    if corpus == "drec":
        split = (pathlib.Path(folder) / "train.txt").exists()
        return (f"--data_dir={folder}" if split else f"--all_data={folder}/{DREC_FILE}", "--format=multihead_root")
    if fold is None:
        return (f"--data_dir={folder}",)
    files = (f"--{split}_data={folder}/ade_split_{fold}_{split}.json" for split in ("train", "test"))
    return (*files, "--hold_out=0.1")


def training_of(result: dict[str, Any]) -> tuple[Any, ...]:
    """Which training, as far as it went, a result is of."""
    return result.get("run"), result["epochs"], result["best_epoch"]


def fold_of(file: str) -> int | None:
    """The fold that a result file is of, by its name; None for none."""
    found = re.search(r"-fold(\d+)-", file)
    return int(found[1]) if found else None


def flagfile_of(name: str) -> pathlib.Path:
    """The flagfile of this name, as a row gives it.

    Raises:
      DataError: if it is not there.
    """
    path = FLAGS_DIRECTORY / f"{name}.flags"
    if not path.exists():
        raise DataError(f"{path}: no such file, expected to be called in a checkout, which has flags/")
    return path


def row_config(row: Row) -> dict[str, Any]:
    """The settings that a row's flags change, and its model."""
    path = flagfile_of(row.flagfile)
    plain, changed = (dataclasses.asdict(config_from_flagfile(path, more)) for more in ((), row.flags))
    return {name: changed[name] for name in plain if name == "model" or plain[name] != changed[name]}


def read_result(path: pathlib.Path) -> dict[str, Any]:
    """A result file's content.

    Raises:
      DataError: if it is something else.
    """
    result = read_json(path, "a result file of cman_tf.train", *_NAMES)
    try:
        scores = [float(result["test"]["strict"]["micro"][task]["f1"]) for task in TASKS]
        sound = result["flags"]["model"] in PAPER_CONLL04 and result["corpus"]["name"] and all(f1 >= 0 for f1 in scores)
    except (KeyError, TypeError, ValueError):
        sound = False
    if not sound:
        raise DataError(
            f"{path}: no model of ours, no corpus or no strict micro F1, expected a result file of cman_tf.train"
        )
    return result
