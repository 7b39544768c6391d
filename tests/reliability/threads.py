"""Compare the answers of threads that share a model with those of one, and write results/reliability/threads.json.

    python tests/reliability/threads.py --threads=8 --texts=10000

Each thread reads all texts, in the same blocks and in an order of its own. Its answers are compared exactly, scores
included. Exits with 1 if one differs.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from typing import Any

from recording import RESULTS, make_texts, write_record

from cman_tf import Extractor

_BLOCK = 64  # texts in a call
_LENGTHS = range(1, 61)  # words


def compare(threads: int, texts: int, model: str) -> dict[str, Any]:
    """Read the texts with one thread, then with several at the same time.

    Args:
      threads: how many.
      texts: how many each of them reads.
      model: the model's directory or name.

    Returns:
      The numbers of answers and of those that differ, the threads that failed, and the seconds.
    """
    given = make_texts(texts, _LENGTHS)
    blocks = [given[start : start + _BLOCK] for start in range(0, len(given), _BLOCK)]
    extractor = Extractor(model)
    start = time.monotonic()
    expected = [[found.to_dict() for found in extractor.extract(block)] for block in blocks]
    alone = time.monotonic() - start
    differing, failed, lock = [0], [], threading.Lock()

    def read(seed: int) -> None:
        order = list(range(len(blocks)))
        random.Random(seed).shuffle(order)
        try:
            for number in order:
                answers = [found.to_dict() for found in extractor.extract(blocks[number])]
                wrong = sum(one != other for one, other in zip(answers, expected[number]))
                with lock:
                    differing[0] += wrong + abs(len(answers) - len(expected[number]))
        except Exception as error:
            with lock:
                failed.append(f"{type(error).__name__}: {error}"[:200])

    workers = [threading.Thread(target=read, args=(seed,)) for seed in range(threads)]
    start = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {
        "threads": threads,
        "texts": texts,
        "answers": threads * texts,
        "found": sum(len(found["entities"]) + len(found["relations"]) for block in expected for found in block),
        "differing": differing[0],
        "failed": failed,
        "model": model,
        "seconds_alone": round(alone, 1),
        "seconds_together": round(time.monotonic() - start, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--model", default="conll04")
    parser.add_argument("--output", default=str(RESULTS / "threads.json"), help="the result file; empty: none")
    arguments = parser.parse_args()
    found = compare(arguments.threads, arguments.texts, arguments.model)
    write_record(arguments.output, found)
    return int(bool(found["differing"] or found["failed"]))


if __name__ == "__main__":
    sys.exit(main())
