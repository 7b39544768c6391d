"""Relative decoding time, TNNLS table V: the trained models of other experiments, side by side."""

from __future__ import annotations

import collections
import datetime
import json
import pathlib
import statistics
import time
from typing import Any

from cman_tf.data.bucketing import BATCH_TOKENS, order_by_length
from cman_tf.data.corpus import Corpus, find_split
from cman_tf.data.splits import THREE_PARTS, split
from cman_tf.errors import DataError
from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.runs import Options, Run, fold_of, read_result, runs_of, training_of
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.runs import provenance
from cman_tf.runs.files import read_json, write_atomically

NAME = "decoding_time"
TITLE = "Relative decoding time (TNNLS table V)"
NOTE = (
    "Time of the test sentences in batches of 2048 tokens, the inputs made beforehand (an encoder that was tuned runs "
    "within that time), the models in turns, median; over the baseline's. The weights of the losses play no part in "
    'decoding: the paper\'s "12" for CMAN without homoscedastic uncertainty has no counterpart here. Overall F1 is the '
    "mean of entities' and relations', strict micro, of ADE macro. Where ours is above the paper's 1.62: "
    "CMAN's matrix products alone are a larger multiple of the baseline's (docs/performance.md)."
)
CORPORA = {"conll04": "CoNLL04", "ade": "ADE", "drec": "DREC"}  # experiments whose models are timed
_NO_UNCERTAINTY = "dynamic_cman_no_uncertainty"  # a row of the experiment ablations
ROWS = {
    "multihead": "Multi-head + AT",
    _NO_UNCERTAINTY: "dynamic CMAN - homoscedastic uncertainty",
    "cman": "CMAN",
    "dynamic_cman": "dynamic CMAN",
}
# Corpus and row to the paper's time and overall F1.
PAPER = {
    ("CoNLL04", "multihead"): (1.0, 72.78),
    ("CoNLL04", "dynamic_cman_no_uncertainty"): (12.0, 81.89),
    ("CoNLL04", "dynamic_cman"): (1.62, 82.59),
    ("ADE", "multihead"): (1.0, 81.13),
    ("ADE", "dynamic_cman_no_uncertainty"): (8.0, 84.69),
    ("ADE", "dynamic_cman"): (1.75, 85.73),
    ("DREC", "multihead"): (1.0, 67.58),
    ("DREC", "dynamic_cman_no_uncertainty"): (10.0, 68.64),
    ("DREC", "dynamic_cman"): (1.82, 69.31),
}
HEADER = ("row", "corpus", "inputs", "time: paper", "ours", "seconds", "overall F1: paper", "ours", "seed")


def measure(options: Options, corpus: str = "conll04", repeats: int = 5) -> list[pathlib.Path]:
    """Time the runs of an experiment that are there, one file for each kind of inputs, seed and fold;
    what was timed already is left. Returns those files.

    Raises:
      DataError: if the baseline or everything else was not trained, or not on this test data.
    """
    written = []
    for stem, runs in _trained(options, corpus).items():
        if "multihead" not in runs or len(runs) < 2:
            raise DataError(
                f"{options.runs}: {', '.join(runs) or 'none'} of the models of table V with {stem}, expected the "
                f"experiment {corpus} to be run before, with this seed and these inputs"
            )
        path = options.results / NAME / (f"{stem}.json" if corpus == "conll04" else f"{corpus}-{stem}.json")
        before = _read(path) if path.exists() else {}
        lost = before.get("seconds", {}).keys() - runs.keys()
        if lost:
            raise DataError(
                f"{path}: has {', '.join(sorted(lost))} too, expected their runs in {options.runs}, to be timed "
                "side by side, or another --results_dir"
            )
        trained = {key: read_result(run.directory / "result.json") for key, run in runs.items()}
        trainings = {key: list(training_of(result)) for key, result in trained.items()}
        if before.get("trainings") == trainings:
            print(f"{path}: done", flush=True)
        else:
            content = {"of": CORPORA[corpus], "inputs": stem.partition("-")[0], "trainings": trainings}
            content["fold"] = fold_of(path.name)
            content.update(_timed(runs, trained, repeats))
            write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        written.append(path)
    return written


def _timed(runs: dict[str, Run], trained: dict[str, dict[str, Any]], repeats: int) -> dict[str, Any]:
    """What a file holds of these runs, whose results are `trained`."""
    test = _test_data(runs["multihead"], trained)
    seconds = _in_turns({key: _one_pass(run, test.sentences) for key, run in runs.items()}, repeats)
    return {
        "corpus": test.summary(),
        "seconds": {key: statistics.median(times) for key, times in seconds.items()},
        "all_seconds": seconds,
        "overall_f1": {key: _overall(result) for key, result in trained.items()},
        "seed": trained["multihead"]["seed"],
        "commit": provenance.commit(),
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "environment": provenance.environment(),
    }


def _trained(options: Options, corpus: str) -> dict[str, dict[str, Run]]:
    """Inputs, fold and seed to the models that are trained, by row; of folds those with any."""
    every = runs_of(corpus, EXPERIMENTS[corpus], options)
    if corpus == "conll04":
        ablations = runs_of("ablations", EXPERIMENTS["ablations"], options)
        every += [run for run in ablations if run.row.key == _NO_UNCERTAINTY]
    found: dict[str, dict[str, Run]] = {}
    for run in every:
        stem = run.result.stem[len(run.row.key) + 1 :]
        there = found.setdefault(stem, {})
        if run.row.key in ROWS and (run.directory / "result.json").exists():
            there[run.row.key] = run
    trained = {stem: runs for stem, runs in found.items() if runs or corpus != "ade"}
    return trained or found


def _test_data(run: Run, trained: dict[str, dict[str, Any]]) -> Corpus:
    """The test sentences that a run's flags name.

    Raises:
      DataError: if one of the models was scored on others.
    """
    whole, file = run.given("all_data"), run.given("test_data")
    path = whole or file or find_split(run.given("data_dir"), "test")
    test = read_corpus(path, run.given("format") or "auto")
    for key, result in trained.items():
        if result["corpus"]["test"]["sha256"] != test.sha256:
            raise DataError(f"{path}: other sentences than {key} was scored on, expected its test data")
    return split(test, THREE_PARTS)[2] if whole else test


def _one_pass(run: Run, sentences: list) -> Any:
    """A function that decodes all the sentences once."""
    from cman_tf.data.batches import make_example
    from cman_tf.inference.loading import load_trained
    from cman_tf.inference.predictor import decode_batches, make_decoder
    from cman_tf.models.input_pipeline import make_dataset

    model, vocabulary = load_trained(run.directory, encoder_flags=run.encoder_flags())
    examples = [make_example(sentence, vocabulary) for sentence in sentences]
    order = order_by_length([len(example.words) for example in examples], BATCH_TOKENS)
    batches = list(make_dataset(examples, order, model.layout, step=1))
    decoder = make_decoder(model)
    return lambda: collections.deque(decode_batches(decoder, batches), maxlen=0)


def _in_turns(passes: dict[str, Any], repeats: int) -> dict[str, list[float]]:
    """Seconds of each, one after another, so that all meet the machine alike; the first is not counted."""
    seconds: dict[str, list[float]] = {key: [] for key in passes}
    for number in range(repeats + 1):
        for key, one_pass in passes.items():
            start = time.perf_counter()
            one_pass()
            if number:
                seconds[key].append(time.perf_counter() - start)
    return seconds


def _read(path: pathlib.Path) -> dict[str, Any]:
    return read_json(path, f"a file of the experiment {NAME}", "seconds", "overall_f1", "inputs", "seed")


def _overall(result: dict[str, Any]) -> float:
    average = "macro" if result["corpus"]["test"]["file"].startswith("ade_split_") else "micro"
    return statistics.mean(row["f1"] for row in result["test"]["strict"][average].values())


def table(folder: pathlib.Path) -> list[list[str]]:
    """The table, header first, of all files there; a row that was not run is a visible gap."""
    found = [_read(path) for path in sorted((folder / NAME).glob("*-seed*.json"))]
    rows = [list(HEADER)]
    for corpus in CORPORA.values():
        files = [file for file in found if file.get("of", "CoNLL04") == corpus]  # the first files name none
        for file in files or [{"inputs": "", "seed": "", "seconds": {}, "overall_f1": {}}]:
            for key, label in ROWS.items():
                own, paper = file["seconds"].get(key), PAPER.get((corpus, key))
                if key == "multihead" and file["inputs"] not in ("", "words"):
                    paper = None  # the paper's baseline has no contextual vectors
                ours = ["not run"] * 3
                if own is not None:
                    times = f"{own / file['seconds']['multihead']:.2f}", f"{own:.3f}"
                    ours = [*times, f"{file['overall_f1'][key]:.2f}"]
                if paper or own or corpus == "CoNLL04":
                    fold = "" if file.get("fold") is None else f", fold {file['fold']}"
                    rows.append(_row(label, corpus, file["inputs"], paper, ours, f"{file['seed']}{fold}"))
    return rows


def _row(
    label: str, corpus: str, inputs: str, papers: tuple[float, float] | None, ours: list[str], seed: str
) -> list[str]:
    time_paper, f1_paper = ["" if papers is None else f"{number:.2f}" for number in papers or (0, 0)]
    return [label, corpus, inputs, time_paper, *ours[:2], f1_paper, ours[2], seed]
