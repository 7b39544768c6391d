"""Making an experiment's runs, each in a process of its own, resumed where it was."""

from __future__ import annotations

import contextlib
import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator, Sequence

from cman_tf.data.corpus import find_split
from cman_tf.errors import DataError
from cman_tf.experiments.finished import is_made
from cman_tf.experiments.runs import Run, flagfile_of, read_result, training_of
from cman_tf.runs.files import file_lock, read_json, write_atomically


def make(run: Run) -> None:
    """Train it, go on with it, or leave it if its result is there.

    Raises:
      DataError: if it fails.
    """
    if is_made(run):
        print(f"{run.name}: done", flush=True)
        return
    with _alone(run.directory) as lock:
        if is_made(run):  # by another experiment in the meantime
            return
        print(f"{run.name}: training", flush=True)
        if run.row.gold_labels_of:
            _evaluate_with_gold_labels(run, lock)
            return
        _call(
            "cman_tf.train",
            f"--flagfile={flagfile_of(run.row.flagfile)}",
            *run.flags,
            f"--model_dir={run.directory}",
            f"--results_dir={run.result.parent}",
            f"--result_name={run.result.stem}",
            locks=(lock,),
        )


def _evaluate_with_gold_labels(run: Run, lock: int) -> None:
    """Test scores of the same row's model of the experiment conll04, given gold labels; nobody
    trains it on meanwhile."""
    model, result = run.predicted
    with _alone(model) as models_lock:
        _evaluate(run, model, result, (lock, models_lock))


def _evaluate(run: Run, model: pathlib.Path, result: pathlib.Path, locks: Sequence[int]) -> None:
    if not result.exists() or not (model / "flags.txt").exists() or not (model / "result.json").exists():
        raise DataError(
            f"{model}: no trained model with a result, expected the row {run.row.gold_labels_of} made before"
        )
    trained = read_result(result)
    if training_of(trained) != training_of(read_result(model / "result.json")):
        raise DataError(f"{result}: of another training than {model} is, expected its own, or another --results_dir")
    scores = run.directory.parent / f"{run.directory.name}.json"
    test = find_split(run.given("data_dir"), "test")
    _call(
        "cman_tf.evaluate",
        f"--model_dir={model}",
        f"--data={test}",
        "--label_source=gold",
        *(f"--{name}={value}" for name, value in run.encoder_flags().items()),
        f"--json={scores}",
        locks=locks,
    )
    gold = {**trained, "test": read_json(scores, "scores of cman_tf.evaluate"), "label_source": "gold"}
    gold.pop("dev", None)
    write_atomically(run.result, json.dumps(gold, indent=1, ensure_ascii=False) + "\n")


def _call(module: str, *arguments: str, locks: Sequence[int]) -> None:
    # The locks are the child's, too: should this process be killed, they last as long as the training.
    process = subprocess.run([sys.executable, "-m", module, *arguments], pass_fds=locks)
    if process.returncode:
        raise DataError(f"{module}: ended with {process.returncode}; run again, the experiment goes on from there")


@contextlib.contextmanager
def _alone(directory: pathlib.Path) -> Iterator[int]:
    """No other process makes this run meanwhile; one that wants to waits."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    path = directory.parent / f"{directory.name}.lock"
    path.touch()
    with file_lock(path, lambda: print(f"{directory}: another experiment is at it, waiting", flush=True)) as lock:
        yield lock
