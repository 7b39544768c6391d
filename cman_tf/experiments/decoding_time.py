"""Relative decoding time, TNNLS table V: the trained models of other experiments, side by side."""

from __future__ import annotations

import collections
import datetime
import json
import pathlib
import statistics
import time
from typing import Any

from cman_tf import results
from cman_tf.data.corpus import find_split, read_corpus
from cman_tf.data.order import BATCH_TOKENS, sorted_order
from cman_tf.data.sentence import DataError
from cman_tf.experiments.runs import Options, read_result
from cman_tf.files import read_json, write_atomically

NAME = "decoding_time"
TITLE = "Relative decoding time (TNNLS table V)"
NOTE = (
    "Time of the test sentences in batches of 2048 tokens, the inputs made beforehand (an encoder that was tuned runs "
    "within that time), the models in turns, median; over the baseline's. The weights of the losses play no part in "
    'decoding: the paper\'s "12" for CMAN without homoscedastic uncertainty has no counterpart here. Overall F1 is the '
    "mean of entities' and relations'. Timed on CoNLL04 only. Where ours is above the paper's 1.62: CMAN's matrix "
    "products alone are a larger multiple of the baseline's (docs/performance.md)."
)
# Row and the experiment whose run it is.
ROWS = {
    ("conll04", "multihead"): "Multi-head + AT",
    ("ablations", "dynamic_cman_no_uncertainty"): "dynamic CMAN - homoscedastic uncertainty",
    ("conll04", "cman"): "CMAN",
    ("conll04", "dynamic_cman"): "dynamic CMAN",
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


def measure(options: Options, repeats: int = 5) -> list[pathlib.Path]:
    """Time the runs that are there, one file for each kind of inputs and seed; returns those.

    Raises:
      DataError: if the baseline or everything else was not trained.
    """
    test = read_corpus(find_split(options.data_dir, "test"))
    written = []
    for inputs in options.inputs:
        for seed in options.seeds:
            stem = f"{inputs}-seed{seed}"
            runs = {key: options.runs / home / f"{key}-{stem}" for home, key in ROWS}
            runs = {key: run for key, run in runs.items() if (run / "result.json").exists()}
            if "multihead" not in runs or len(runs) < 2:
                raise DataError(
                    f"{options.runs}: {', '.join(runs) or 'none'} of the models of table V with {stem}, expected the "
                    "experiment conll04 to be run before, with this seed and these inputs"
                )
            path = options.results / NAME / f"{stem}.json"
            lost = (_read(path)["seconds"] if path.exists() else {}).keys() - runs.keys()
            if lost:
                raise DataError(
                    f"{path}: has {', '.join(sorted(lost))} too, expected their runs in {options.runs}, to be timed "
                    "side by side, or another --results_dir"
                )
            passes = {key: _one_pass(run, test.sentences) for key, run in runs.items()}
            seconds = _in_turns(passes, repeats)
            content = {
                "corpus": test.summary(),
                "seconds": {key: statistics.median(times) for key, times in seconds.items()},
                "all_seconds": seconds,
                "overall_f1": {key: _overall(read_result(run / "result.json")) for key, run in runs.items()},
                "seed": seed,
                "inputs": inputs,
                "commit": results.commit(),
                "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
                "environment": results.environment(),
            }
            write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
            written.append(path)
    return written


def _one_pass(directory: pathlib.Path, sentences: list) -> Any:
    """A function that decodes all the sentences once."""
    from cman_tf.data.batches import dataset, encode
    from cman_tf.inference import decode_batches, make_decoder
    from cman_tf.trained import load_trained

    model, vocabulary, features = load_trained(directory)
    examples = [encode(sentence, vocabulary) for sentence in sentences]
    order = sorted_order([len(example.words) for example in examples], BATCH_TOKENS)
    batches = list(dataset(examples, order, vocabulary, step=1, features=features))
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
    return statistics.mean(row["f1"] for row in result["test"]["strict"]["micro"].values())


def table(folder: pathlib.Path) -> list[list[str]]:
    """The table, header first, of all files there; a row that was not run is a visible gap."""
    found = [_read(path) for path in sorted((folder / NAME).glob("*-seed*.json"))]
    rows = [list(HEADER)]
    for file in found or [{"inputs": "", "seed": "", "seconds": {}, "overall_f1": {}}]:
        for (_, key), label in ROWS.items():
            own = file["seconds"].get(key)
            ours = ["not run"] * 3
            if own is not None:
                times = f"{own / file['seconds']['multihead']:.2f}", f"{own:.3f}"
                ours = [*times, f"{file['overall_f1'][key]:.2f}"]
            rows.append(_row(label, "CoNLL04", file["inputs"], PAPER.get(("CoNLL04", key)), ours, str(file["seed"])))
    labels = {key: label for (_, key), label in ROWS.items()}
    for (corpus, key), papers in PAPER.items():
        if corpus != "CoNLL04":
            rows.append(_row(labels[key], corpus, "", papers, ["not run"] * 3, ""))
    return rows


def _row(
    label: str, corpus: str, inputs: str, papers: tuple[float, float] | None, ours: list[str], seed: str
) -> list[str]:
    time_paper, f1_paper = ["" if papers is None else f"{number:.2f}" for number in papers or (0, 0)]
    return [label, corpus, inputs, time_paper, *ours[:2], f1_paper, ours[2], seed]
