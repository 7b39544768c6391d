"""Making a large index and asking it, on generated text with a Zipf vocabulary, each in a process of its own."""

from __future__ import annotations

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cman_tf.benchmark.memory import peak
from cman_tf.errors import DataError

TOKENS, SENTENCES = 30, 2  # of a passage
QUERY, K = 25, 10  # tokens of a query, and passages that it asks for
VOCABULARY, EXPONENT = 200_000, 1.0
LIMITS = {"seconds": 600.0, "peak_mib": 2048.0, "queries_per_second": 20.0}
_BLOCK = 10_000  # passages that are drawn together
_STEP = "import sys; from cman_tf.benchmark import retrieval; retrieval.run_step(*sys.argv[1:])"


def measure(passages: int, queries: int) -> dict[str, Any]:
    """Make an index of generated passages, and ask it.

    Args:
      passages: the number of passages.
      queries: the number of queries, which are asked one after another.

    Returns:
      What was generated; the seconds, the peak memory and the size of the index; the queries in a second, without and
      with the guard against leakage; the limits, and whether they are met.

    Raises:
      DataError: if a process fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        corpus, index = str(pathlib.Path(folder, "corpus.txt")), str(pathlib.Path(folder, "index"))
        _run("write", corpus, str(passages))
        made = _run("index", corpus, index)
        asked = _run("ask", index, str(queries))
    result = {
        "passages": passages,
        "tokens_of_a_passage": TOKENS,
        "sentences_of_a_passage": SENTENCES,
        "vocabulary": VOCABULARY,
        "zipf_exponent": EXPONENT,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "index": made,
        "queries": {"number": queries, "tokens": QUERY, "k": K, **asked},
        "limits": LIMITS,
    }
    fits = made["seconds"] <= LIMITS["seconds"] and made["peak_mib"] <= LIMITS["peak_mib"]
    result["limits_are_met"] = fits and asked["per_second"] >= LIMITS["queries_per_second"]
    return result


def draw_texts(count: int, tokens: int, sentences: int, seed: int) -> Iterator[str]:
    """Yield texts of words whose frequency falls with their rank, as Zipf's law says.

    Args:
      count: the number of texts.
      tokens: the words of a text.
      sentences: the sentences of a text, which are of equal length.
      seed: of the random numbers.

    >>> [len(text.split()) for text in draw_texts(2, 30, 2, seed=0)]
    [30, 30]
    """
    cumulated: NDArray[np.float64] = np.cumsum(np.arange(1, VOCABULARY + 1) ** -EXPONENT)
    cumulated /= cumulated[-1]
    draw = np.random.default_rng(seed)
    length = tokens // sentences
    for first in range(0, count, _BLOCK):
        rows = min(_BLOCK, count - first)
        ranks = np.searchsorted(cumulated, draw.random((rows * sentences, length)))
        lines = [f"W{' w'.join(map(str, row))}." for row in ranks.tolist()]
        for start in range(0, len(lines), sentences):
            yield " ".join(lines[start : start + sentences])


def run_step(step: str, *arguments: str) -> None:
    """Do a part of the measurement in this process, and print what was measured as JSON."""
    print(json.dumps({"write": _write, "index": _index, "ask": _ask}[step](*arguments)))


def _write(path: str, count: str) -> dict[str, Any]:
    with open(path, "w", encoding="utf-8") as file:
        for text in draw_texts(int(count), TOKENS, SENTENCES, seed=0):
            file.write(text + "\n")
    return {}


def _index(corpus: str, index: str) -> dict[str, Any]:
    from cman_tf.retrieving.making import make_index

    start = time.perf_counter()
    manifest, _ = make_index(corpus, index)
    size = sum(file["bytes"] for file in manifest.files.values())
    return {"seconds": time.perf_counter() - start, "peak_mib": peak(), "size_mib": size / 2**20}


def _ask(index: str, count: str) -> dict[str, Any]:
    from cman_tf.retrieving.leakage import find_unleaked
    from cman_tf.retrieving.retriever import open_index

    texts = [text.split() for text in draw_texts(int(count) + 1, QUERY, 1, seed=1)]
    start = time.perf_counter()
    retriever = open_index(index)
    opened = time.perf_counter() - start
    rates: list[float] = []
    for ask in (retriever.find, lambda sentences, k: find_unleaked(retriever, sentences, k)):
        ask(texts[:1], K)  # what the first one alone has to load
        seconds: list[float] = []
        for tokens in texts[1:]:
            start = time.perf_counter()
            ask([tokens], K)
            seconds.append(time.perf_counter() - start)
        rates.append(1 / statistics.mean(seconds))
    return {"seconds_to_open": opened, "per_second": rates[0], "per_second_with_guard": rates[1], "peak_mib": peak()}


def _run(*arguments: str) -> dict[str, Any]:
    """Run a step in a process of its own, as a peak of memory never goes down."""
    done = subprocess.run([sys.executable, "-c", _STEP, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise DataError(f"{arguments[0]}: the process ended with exit code {done.returncode}, expected 0")
    return json.loads(done.stdout.strip().splitlines()[-1])
