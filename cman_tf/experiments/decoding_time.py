"""Measuring relative decoding time, TNNLS table V: the trained models of other experiments, side by side."""

from __future__ import annotations

import collections
import datetime
import json
import pathlib
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from cman_tf.data.bucketing import BATCH_TOKENS, order_by_length
from cman_tf.data.corpus import Corpus, find_split
from cman_tf.data.splits import THREE_PARTS, split_in_three
from cman_tf.data.types import Sentence
from cman_tf.errors import DataError
from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.decoding_table import CORPORA, NAME, ROWS, UNWEIGHTED, read_times
from cman_tf.experiments.planning import Options, Run, list_runs
from cman_tf.experiments.result_files import Result, identify_training, parse_fold, read_result
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.runs import provenance
from cman_tf.runs.files import write_atomically


def measure_decoding_time(options: Options, corpus: str = "conll04", repeats: int = 5) -> list[pathlib.Path]:
    """Time the trained models of an experiment. Models that were timed already are not timed again.

    Args:
      options: Where the data, runs and results are, and which inputs, seeds and folds.
      corpus: The experiment: conll04, ade or drec.
      repeats: How often each model decodes the test sentences.

    Returns:
      The files with the times, one for each kind of inputs, seed and fold.

    Raises:
      DataError: If the baseline is missing or stands alone, or a model was scored on other test data.
    """
    written = []
    for stem, runs in _find_trained(options, corpus).items():
        if "multihead" not in runs or len(runs) < 2:
            raise DataError(
                f"{options.runs}: {', '.join(runs) or 'none'} of the models of table V with {stem}, expected the "
                f"baseline and another; run the experiment {corpus} with this seed and these inputs first"
            )
        path = options.results / NAME / (f"{stem}.json" if corpus == "conll04" else f"{corpus}-{stem}.json")
        before = read_times(path) if path.exists() else {}
        lost = before.get("seconds", {}).keys() - runs.keys()
        if lost:
            raise DataError(
                f"{path}: has {', '.join(sorted(lost))} too, but {options.runs} has no such runs to time side by side; "
                "choose another --results_dir"
            )
        trained = {key: read_result(run.directory / "result.json") for key, run in runs.items()}
        trainings = {key: list(identify_training(result)) for key, result in trained.items()}
        if before.get("trainings") == trainings:
            print(f"{path}: done", flush=True)
        else:
            content = {"of": CORPORA[corpus], "inputs": stem.partition("-")[0], "trainings": trainings}
            content["fold"] = parse_fold(path.name)
            content.update(_time_models(runs, trained, repeats))
            write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        written.append(path)
    return written


def _time_models(runs: dict[str, Run], trained: dict[str, Result], repeats: int) -> dict[str, Any]:
    """What a file holds about these runs, whose results are `trained`."""
    test = _read_test_data(runs["multihead"], trained)
    seconds = _time_in_turns({key: _prepare_pass(run, test.sentences) for key, run in runs.items()}, repeats)
    return {
        "corpus": test.summary(),
        "seconds": {key: statistics.median(times) for key, times in seconds.items()},
        "all_seconds": seconds,
        "overall_f1": {key: _compute_overall(result) for key, result in trained.items()},
        "seed": trained["multihead"]["seed"],
        "commit": provenance.commit(),
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "environment": provenance.environment(),
    }


def _find_trained(options: Options, corpus: str) -> dict[str, dict[str, Run]]:
    """Map inputs, fold and seed to the trained models, by row; folds without any are left out."""
    every = list_runs(corpus, EXPERIMENTS[corpus], options)
    if corpus == "conll04":
        ablations = list_runs("ablations", EXPERIMENTS["ablations"], options)
        every += [run for run in ablations if run.row.key == UNWEIGHTED]
    found: dict[str, dict[str, Run]] = {}
    for run in every:
        stem = run.result.stem[len(run.row.key) + 1 :]
        there = found.setdefault(stem, {})
        if run.row.key in ROWS and (run.directory / "result.json").exists():
            there[run.row.key] = run
    trained = {stem: runs for stem, runs in found.items() if runs or corpus != "ade"}
    return trained or found


def _read_test_data(run: Run, trained: dict[str, Result]) -> Corpus:
    """Read the test sentences that a run's flags name.

    Raises:
      DataError: If one of the models was scored on others.
    """
    whole, file = run.flag_value("all_data"), run.flag_value("test_data")
    path = whole or file or find_split(run.flag_value("data_dir"), "test")
    test = read_corpus(path, run.flag_value("format") or "auto")
    for key, result in trained.items():
        if result["corpus"]["test"]["sha256"] != test.sha256:
            raise DataError(f"{path}: other sentences than those {key} was scored on, expected its test data")
    return split_in_three(test, THREE_PARTS)[2] if whole else test


def _prepare_pass(run: Run, sentences: Sequence[Sentence]) -> Callable[[], Any]:
    """Prepare a function that decodes all the sentences once."""
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


def _time_in_turns(passes: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """Time each model in turns, so that all meet the machine alike. The first turn warms up and is not counted."""
    seconds: dict[str, list[float]] = {key: [] for key in passes}
    for number in range(repeats + 1):
        for key, one_pass in passes.items():
            start = time.perf_counter()
            one_pass()
            if number:
                seconds[key].append(time.perf_counter() - start)
    return seconds


def _compute_overall(result: Result) -> float:
    """Mean strict F1 of entities and relations in percent: macro on ADE, else micro."""
    average = "macro" if result["corpus"]["test"]["file"].startswith("ade_split_") else "micro"
    return statistics.mean(row["f1"] for row in result["test"]["strict"][average].values())
