"""How many requests a service answers, how long they take, and whether its memory grows. The service is a process."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from cman_tf.benchmark.load import Load, apply_load
from cman_tf.errors import DataError
from cman_tf.serving.metrics import resident_bytes

_CLIENTS_OF_MEMORY = 8
_WARM_UP = 3.0  # seconds before the clock starts
_MINUTE = 60.0
_HOST = "127.0.0.1"


def measure(
    model_dir: str, texts: Sequence[str], clients: Sequence[int], seconds: float, minutes: int
) -> dict[str, Any]:
    """Measure requests of one text.

    Args:
      model_dir: the directory of a run of `cman-tf train`.
      texts: the texts, which are sent in turn.
      clients: the numbers of clients that ask at the same time.
      seconds: how long each number of clients is measured.
      minutes: how long memory is measured under a load of 8 clients; 0 leaves it out.

    Returns:
      By number of clients, with and without batches: the requests per second and latencies in milliseconds; and the
      memory in MiB at the end of each minute.

    Raises:
      DataError: if the service does not start, or does not answer.
    """
    characters = sum(map(len, texts)) / len(texts)
    result: dict[str, Any] = {"texts": len(texts), "mean_characters": characters, "clients": [], "without_batches": []}
    with start_service(model_dir) as (_, usual), start_service(model_dir, "--batch_texts=1") as (_, single):
        ports = {"clients": usual, "without_batches": single}
        for port in ports.values():
            apply_load(_HOST, port, texts, max(clients), _WARM_UP)
        for count in clients:  # one service after the other, so that other programs disturb both alike
            for name, port in ports.items():
                result[name].append({"clients": count, **summarize(apply_load(_HOST, port, texts, count, seconds))})
    if minutes:
        result["memory"] = measure_memory(model_dir, texts, minutes)
    return result


def summarize(load: Load) -> dict[str, float]:
    """Return the requests per second and the latencies in milliseconds.

    Args:
      load: what clients met.
    """
    latencies = {f"p{share}_milliseconds": 1e3 * load.at(share / 100) for share in (50, 99)}
    return {"requests": len(load.latencies), "requests_per_second": load.requests_per_second, **latencies}


def measure_memory(model_dir: str, texts: Sequence[str], minutes: int) -> dict[str, Any]:
    """Measure the resident memory of a service under load.

    Args:
      model_dir: the directory of a run of `cman-tf train`.
      texts: the texts, which are sent in turn.
      minutes: how long it is measured.

    Returns:
      The memory in MiB when the service was ready (`start_mib`) and at the end of each minute, and how much more in
      percent the last minute's is than the first one's.

    Raises:
      DataError: if the service does not start, or does not answer.
    """
    with start_service(model_dir) as (process, port):
        start, requests, sizes = _mebibytes(process), 0, []
        for _ in range(minutes):
            requests += len(apply_load(_HOST, port, texts, _CLIENTS_OF_MEMORY, _MINUTE).latencies)
            sizes.append(_mebibytes(process))
    growth = 100 * (sizes[-1] / sizes[0] - 1)
    return {
        "clients": _CLIENTS_OF_MEMORY,
        "requests": requests,
        "start_mib": start,
        "mib_by_minute": sizes,
        "growth_percent": growth,
    }


def _mebibytes(process: subprocess.Popen[str]) -> float:
    return round(resident_bytes(str(process.pid)) / 2**20, 1)


@contextlib.contextmanager
def start_service(model_dir: str, *flags: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start a service at a free port, and end it afterwards.

    Args:
      model_dir: the directory of a run of `cman-tf train`.
      *flags: more flags of `cman-tf serve`.

    Yields:
      The process and the port.

    Raises:
      DataError: if it does not start, or does not end as it should.
    """
    command = [sys.executable, "-m", "cman_tf.serve", f"--model_dir={model_dir}", "--port=0", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
    assert process.stdout is not None
    try:
        found = re.match(r"http://[\d.]+:(\d+) ", process.stdout.readline())
        if not found:
            raise DataError(f"serve: ended with exit code {process.wait()}, expected its address")
        yield process, int(found[1])
        process.send_signal(signal.SIGTERM)
        if process.wait(60):
            raise DataError(f"serve: ended with exit code {process.returncode}, expected 0")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
