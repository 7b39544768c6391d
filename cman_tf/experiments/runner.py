"""Running an experiment: each run in a process of its own, resumed where it stopped."""

from __future__ import annotations

import contextlib
import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator, Sequence

from cman_tf.data.corpus import find_split
from cman_tf.errors import DataError
from cman_tf.experiments.finished import has_finished
from cman_tf.experiments.planning import Run, find_flagfile
from cman_tf.experiments.result_files import identify_training, read_result
from cman_tf.runs.durable import name_errors
from cman_tf.runs.files import file_lock, read_json, write_atomically
from cman_tf.scoring.result_schema import SCORES


def run_training(run: Run) -> None:
    """Train a run, or resume it, or do nothing if its result exists.

    A row with gold labels is evaluated instead. Two experiments that need the same run wait for each other.

    Raises:
      DataError: If the training fails, or the existing result was made with other settings or data.
    """
    if has_finished(run):
        print(f"{run.name}: done", flush=True)
        return
    with _lock_run(run.directory) as lock:
        if has_finished(run):  # another experiment has finished it in the meantime
            return
        print(f"{run.name}: training", flush=True)
        if run.row.gold_labels_of:
            _evaluate_with_gold_labels(run, lock)
            return
        _call(
            "cman_tf.train",
            f"--flagfile={find_flagfile(run.row.flagfile)}",
            *run.flags,
            f"--model_dir={run.directory}",
            f"--results_dir={run.result.parent}",
            f"--result_name={run.result.stem}",
            locks=(lock,),
        )


def _evaluate_with_gold_labels(run: Run, lock: int) -> None:
    """Score the row's model of the experiment conll04 with gold labels; nothing trains it meanwhile."""
    model, result = run.predicted
    with _lock_run(model) as model_lock:
        _evaluate(run, model, result, (lock, model_lock))


def _evaluate(run: Run, model: pathlib.Path, result: pathlib.Path, locks: Sequence[int]) -> None:
    if not result.exists() or not (model / "flags.txt").exists() or not (model / "result.json").exists():
        raise DataError(f"{model}: no trained model with a result; run the row {run.row.gold_labels_of} first")
    trained = read_result(result)
    if identify_training(trained) != identify_training(read_result(model / "result.json")):
        raise DataError(f"{result}: of another training than {model}; choose another --results_dir")
    scores = run.directory.parent / f"{run.directory.name}.json"
    test = find_split(run.flag_value("data_dir"), "test")
    _call(
        "cman_tf.evaluate",
        f"--model_dir={model}",
        f"--data={test}",
        "--label_source=gold",
        *(f"--{name}={value}" for name, value in run.encoder_flags().items()),
        f"--json={scores}",
        "--overwrite",
        locks=locks,
    )
    gold = {**trained, "test": read_json(scores, "scores of cman_tf.evaluate", schema=SCORES), "label_source": "gold"}
    for name in ("dev", "file"):  # dev was scored with predicted labels
        gold.pop(name, None)
    write_atomically(run.result, json.dumps(gold, indent=1, ensure_ascii=False) + "\n")


def _call(module: str, *arguments: str, locks: Sequence[int]) -> None:
    # The child holds the locks too: if this process is killed, they last as long as the training.
    process = subprocess.Popen([sys.executable, "-m", module, *arguments], pass_fds=locks)
    try:
        process.wait()
    except KeyboardInterrupt as stop:  # the child says where it stopped
        process.terminate()
        process.wait()
        stop.args = ()
        raise
    if process.returncode:
        raise DataError(f"{module}: ended with {process.returncode}; run the experiment again to resume there")


@contextlib.contextmanager
def _lock_run(directory: pathlib.Path) -> Iterator[int]:
    """Let no other process make this run meanwhile; one that wants to waits."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    path = directory.parent / f"{directory.name}.lock"
    with name_errors(directory):
        path.touch()
    with file_lock(path, lambda: print(f"{directory}: waiting for another experiment", flush=True)) as lock:
        yield lock
