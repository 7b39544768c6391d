"""The runs that an experiment consists of, and making them one after another."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator, Sequence

from cman_tf.data.corpus import find_split
from cman_tf.data.sentence import DataError
from cman_tf.encoders.source import NAMES as ENCODER_FLAGS
from cman_tf.experiments.rows import FOLDS, Experiment, Row
from cman_tf.files import held, write_atomically
from cman_tf.flags import settings_from_flagfile
from cman_tf.settings import Settings
from cman_tf.training.run_directory import MAY_CHANGE, is_complete

_INPUTS = ("data_dir", "word_vectors", *ENCODER_FLAGS)
DREC_FILE = "drec.txt"  # the whole corpus, split by us, where there are no train.txt, dev.txt and test.txt
_CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
# Beside the package in a checkout; installed elsewhere, that of the directory it is called in.
FLAGS_DIRECTORY = _CHECKOUT / "flags" if (_CHECKOUT / "flags").is_dir() else pathlib.Path("flags")


@dataclasses.dataclass(frozen=True)
class Run:
    """One training: a row on inputs with a seed, of a fold where there are folds.

    `result` is the file it writes, `directory` its model_dir.
    """

    row: Row
    seed: int
    fold: int | None
    result: pathlib.Path
    directory: pathlib.Path
    flags: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.result.parent.name}/{self.result.stem}"


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
    runs: pathlib.Path = pathlib.Path("runs")
    extra: tuple[str, ...] = ()


def runs_of(name: str, experiment: Experiment, options: Options) -> list[Run]:
    """All runs, rows of other experiments with them: those are theirs, and are made once."""
    found = []
    for inputs, input_flags in options.inputs.items():
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
                        *options.extra,
                        f"--seed={seed}",
                    )
                    result = options.results / home / f"{stem}.json"
                    found.append(Run(row, seed, fold, result, options.runs / home / stem, flags))
    return found


def _data(folder: str, corpus: str, fold: int | None) -> tuple[str, ...]:
    if corpus == "drec":
        split = (pathlib.Path(folder) / "train.txt").exists()
        return (f"--data_dir={folder}" if split else f"--all_data={folder}/{DREC_FILE}", "--format=multihead_root")
    if fold is None:
        return (f"--data_dir={folder}",)
    files = (f"--{split}_data={folder}/ade_split_{fold}_{split}.json" for split in ("train", "test"))
    return (*files, "--hold_out=0.1")


def make(run: Run) -> None:
    """Train it, go on with it, or leave it if its result is there.

    Raises:
      DataError: if it fails.
    """
    if _is_made(run):
        print(f"{run.name}: done", flush=True)
        return
    with _alone(run.directory) as lock:
        if _is_made(run):  # by another experiment in the meantime
            return
        print(f"{run.name}: training", flush=True)
        if run.row.gold_labels_of:
            _evaluate_with_gold_labels(run, lock)
            return
        _call(
            "cman_tf.train",
            f"--flagfile={flagfile_of(run.row)}",
            *run.flags,
            f"--model_dir={run.directory}",
            f"--results_dir={run.result.parent}",
            f"--result_name={run.result.stem}",
            lock=lock,
        )


def flagfile_of(row: Row) -> pathlib.Path:
    """The flagfile that a row is trained with.

    Raises:
      DataError: if it is not there.
    """
    path = FLAGS_DIRECTORY / f"{row.flagfile}.flags"
    if not path.exists():
        raise DataError(f"{path}: no such file, expected to be called in a checkout, which has flags/")
    return path


def _is_made(run: Run) -> bool:
    """Whether its result is there, of as many epochs as are asked for.

    Raises:
      DataError: if what is there was made with other settings, or stopped earlier and its run is gone.
    """
    result = read_result(run.result)
    if result is None:
        return False
    expected = dataclasses.asdict(settings_from_flagfile(flagfile_of(run.row), run.flags))
    for name, value in expected.items():
        if name not in MAY_CHANGE and result["flags"].get(name, value) != value:
            was = result["flags"][name]
            raise DataError(f"{run.result}: made with --{name}={was}, expected {value}, or another --results_dir")
    for name in _INPUTS:
        was, now = (pathlib.Path(value).name for value in (result["flags"].get(name) or "", _given(run, name)))
        if "model_dir" in result["flags"] and was != now:
            raise DataError(
                f"{run.result}: made with --{name}={was}, expected {now or 'none'}, or another --results_dir"
            )
    if is_complete(result, Settings(**expected)):
        return True
    if not (run.directory / "run.json").exists() and not run.row.gold_labels_of:
        was = " ".join(f"--{name}={result['flags'][name]}" for name in MAY_CHANGE)
        now = " ".join(f"--{name}={expected[name]}" for name in MAY_CHANGE)
        raise DataError(f"{run.result}: made with {was}, expected {now}, or its run in {run.directory} to go on with")
    return False


def _given(run: Run, name: str) -> str:
    """The value of one of a run's flags, or nothing."""
    values = [flag.partition("=")[2] for flag in run.flags if flag.startswith(f"--{name}=")]
    return values[-1] if values else ""


def _evaluate_with_gold_labels(run: Run, lock: int) -> None:
    """Test scores of the same row's model of the experiment conll04, given gold labels."""
    stem = run.result.stem.replace(run.row.key, run.row.gold_labels_of or "", 1)
    model = run.directory.parent.parent / "conll04" / stem
    trained = read_result(run.result.parent.parent / "conll04" / f"{stem}.json")
    if trained is None or not (model / "flags.txt").exists():
        raise DataError(
            f"{model}: no trained model with a result, expected the row {run.row.gold_labels_of} made before"
        )
    folder = next(flag for flag in run.flags if flag.startswith("--data_dir=")).partition("=")[2]
    scores = run.directory.parent / f"{run.directory.name}.json"
    test = find_split(folder, "test")
    _call(
        "cman_tf.evaluate",
        f"--model_dir={model}",
        f"--data={test}",
        "--label_source=gold",
        f"--json={scores}",
        lock=lock,
    )
    result = {**trained, "test": read_result(scores), "label_source": "gold"}
    result.pop("dev", None)
    write_atomically(run.result, json.dumps(result, indent=1, ensure_ascii=False) + "\n")


def _call(module: str, *arguments: str, lock: int) -> None:
    # The lock is the child's, too: should this process be killed, it lasts as long as the training.
    process = subprocess.run([sys.executable, "-m", module, *arguments], pass_fds=(lock,))
    if process.returncode:
        raise DataError(f"{module}: ended with {process.returncode}; run again, the experiment goes on from there")


@contextlib.contextmanager
def _alone(directory: pathlib.Path) -> Iterator[int]:
    """No other process makes this run meanwhile; one that wants to waits."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    path = directory.parent / f"{directory.name}.lock"
    path.touch()
    with held(path, lambda: print(f"{directory}: another experiment is at it, waiting", flush=True)) as lock:
        yield lock


def read_result(path: pathlib.Path) -> dict | None:
    """A result file's content, or None if it is not there."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
